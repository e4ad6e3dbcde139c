internal import DumpArchives
internal import Synchronization

/// The rows of one table in a dump, decompressed once and distributed to several workers in whole rows.
///
/// One worker decompresses its part while the others send theirs to the server, which takes longer.
final class SharedRows: Sendable {
    struct Slab: Sendable {
        var rows: Int
        /// The stored bytes of this slab, for the progress.
        var stored: Int
    }

    private struct State: ~Copyable {
        var rows: DumpRows?
        var isAtEnd = false
        var working: Int
        /// The number of rows that workers have received.
        var given = 0
    }

    private let archive: DumpArchive
    private let entry: DumpTOC.Entry
    private let state: Mutex<State>

    init(_ archive: DumpArchive, _ entry: DumpTOC.Entry, workers: Int) {
        self.archive = archive
        self.entry = entry
        state = Mutex(State(rows: nil, working: workers))
    }

    /// Replaces `bytes` by the next rows.
    ///
    /// - Parameter bytes: The worker's own array, which it passes each time.
    /// - Returns: nil at the end.
    /// - Throws: `ArchiveError`, `StorageError`.
    func next(into bytes: inout [UInt8]) throws -> Slab? {
        try state.withLock { state in
            guard !state.isAtEnd else { return nil }
            if state.rows == nil { state.rows = try archive.rows(of: entry) }
            guard let rows = try state.rows?.nextRows(into: &bytes), !bytes.isEmpty else {
                state.isAtEnd = true
                return nil
            }
            let stored = state.rows?.takeStoredBytes() ?? 0
            state.given += rows
            return Slab(rows: rows, stored: stored)
        }
    }

    /// Records that the server has taken all rows of one worker.
    ///
    /// - Returns: The sum for all workers, if this was the last one; otherwise nil.
    func leave() -> Int? {
        state.withLock { state in
            state.working -= 1
            return state.working == 0 ? state.given : nil
        }
    }
}
