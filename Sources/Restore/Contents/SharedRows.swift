internal import DumpArchives
internal import Synchronization

/// The rows of one table of a dump, which are unpacked once and taken by several workers, whole rows at a time.
///
/// A worker unpacks what it takes while the others send to the server what they took, which takes the server longer.
final class SharedRows: Sendable {
    struct Slab: Sendable {
        var bytes: [UInt8]
        var rows: Int
        /// The slab's share of the stored bytes, for the progress.
        var stored: Int
    }

    private struct State: ~Copyable {
        var rows: DumpRows?
        var isAtEnd = false
        var working: Int
        /// Rows that were given to a worker.
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

    /// The next rows; nil at the end.
    ///
    /// - Throws: `ArchiveError`, `StorageError`.
    func next() throws -> Slab? {
        try state.withLock { state in
            guard !state.isAtEnd else { return nil }
            if state.rows == nil { state.rows = try archive.rows(of: entry) }
            let slab = try state.rows?.nextRows()
            guard let slab, !slab.bytes.isEmpty else {
                state.isAtEnd = true
                return nil
            }
            let stored = state.rows?.takeStoredBytes() ?? 0
            state.given += slab.rows
            return Slab(bytes: slab.bytes, rows: slab.rows, stored: stored)
        }
    }

    /// Notes that the server has taken all that a worker was given.
    ///
    /// - Returns: For the last worker, how many rows all of them were given; nil for the others.
    func leave() -> Int? {
        state.withLock { state in
            state.working -= 1
            return state.working == 0 ? state.given : nil
        }
    }
}
