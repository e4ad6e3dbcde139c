internal import Cryptography
package import Storage
internal import Synchronization

/// Appends members to a ZIP file. Workers compress on their own threads; a lock orders the appends.
///
/// A class, because all workers share it.
package final class ArchiveWriter: Sendable {
    private struct State {
        var offset = 0
        var entries: [ZipEntry] = []
        var names: Set<String> = []
        /// The number of the last chunk of each folder.
        var numbers: [String: Int] = [:]
        /// Nothing may follow, because the end was written or a write failed.
        var isClosed = false
    }

    private let sink: any ByteSink
    private let state = Mutex(State())

    package init(sink: any ByteSink) { self.sink = sink }

    /// Compresses the rows in `chunk` and appends them as the next member of `folder`. The builder is empty afterwards.
    ///
    /// - Throws: `ArchiveError.io`; `.format` for a name that readers would refuse.
    package func append(_ chunk: inout ChunkBuilder, folder: String) throws -> Manifest.Chunk {
        try chunk.drain { packed in
            let sha256 = SHA256.text(of: packed.stored)
            let crc = CRC32.of(packed.raw)
            let member = try state.withLock { state in
                let number = state.numbers[folder, default: 0] + 1
                state.numbers[folder] = number
                let name = "\(folder)/\(ArchiveWriter.padded(number)).copy"
                try append(ZipEntry(name: name, packed.method, crc, packed.raw, packed.stored), packed.stored, &state)
                return name
            }
            return Manifest.Chunk(
                member: member,
                rows: packed.rows,
                rawBytes: packed.raw.count,
                storedBytes: packed.stored.count,
                sha256: sha256,
                isBinary: packed.isBinary
            )
        }
    }

    /// Appends a member other than a chunk, compressed if that makes it smaller.
    ///
    /// - Throws: `ArchiveError.io`; `.format` for a name that readers would refuse, or that exists already.
    package func add(_ name: String, _ contents: [UInt8]) throws -> Manifest.File {
        try append(name, contents, packed: try packed(contents))
    }

    /// nil if compression does not make it smaller.
    private func packed(_ contents: [UInt8]) throws -> [UInt8]? {
        guard !contents.isEmpty else { return nil }
        let deflater = Deflater(try Compression(level: 6))
        var room = [UInt8](repeating: 0, count: contents.count)
        let count = contents.withUnsafeBytes { raw in room.withUnsafeMutableBytes { deflater.pack(raw, into: $0) } }
        return count.map { Array(room[..<$0]) }
    }

    private func append(_ name: String, _ contents: [UInt8], packed: [UInt8]?) throws -> Manifest.File {
        try contents.withUnsafeBytes { raw in
            try (packed ?? contents).withUnsafeBytes { stored in
                let method = packed == nil ? ZipFormat.stored : ZipFormat.deflated
                try state.withLock { state in
                    try append(ZipEntry(name: name, method, CRC32.of(raw), raw, stored), stored, &state)
                }
                return Manifest.File(
                    member: name,
                    rawBytes: raw.count,
                    storedBytes: stored.count,
                    sha256: SHA256.text(of: stored)
                )
            }
        }
    }

    /// Appends the manifest and the central directory, and ends the file.
    ///
    /// - Parameter key: The key to seal the archive with.
    package func finish(_ manifest: Manifest, sealedBy key: SealKey? = nil) throws {
        let contents = try manifest.sealedContents(by: key)
        let limit = ManifestFile.bytesMax(storedBytes:)
        // A manifest with thousands of similar tables would compress better than a reader accepts, so it is stored.
        let packed = try packed(contents).flatMap { contents.count <= limit($0.count) ? $0 : nil }
        _ = try append(Manifest.member, contents, packed: packed)
        try state.withLock { state in
            guard !state.isClosed else { throw ArchiveWriter.closed }
            state.isClosed = true
            var bytes: [UInt8] = []
            for entry in state.entries { bytes += entry.directoryHeader }
            bytes += ZipFormat.end(
                entries: state.entries.count,
                directoryOffset: state.offset,
                directorySize: bytes.count
            )
            try bytes.withUnsafeBytes { try sink.append($0) }
            state.offset += bytes.count
        }
    }

    private func append(_ entry: ZipEntry, _ stored: UnsafeRawBufferPointer, _ state: inout State) throws {
        // The same check as the reader's: names that it refuses must not be written.
        try entry.requireSafeName()
        guard !state.isClosed else { throw ArchiveWriter.closed }
        guard state.names.insert(entry.name).inserted else {
            throw ArchiveError(.format, "the archive has a member \(entry.name) already")
        }
        var entry = entry
        entry.offset = state.offset
        let header = entry.localHeader
        do {
            try header.withUnsafeBytes { try sink.append($0) }
            try sink.append(stored)
        } catch {
            // A part of the member may be in the file, so the offsets are wrong.
            state.isClosed = true
            throw error
        }
        state.offset += header.count + stored.count
        state.entries.append(entry)
    }
}

extension ArchiveWriter {
    private static var closed: ArchiveError {
        ArchiveError(.io, "no member can be added to the archive: it is finished, or an earlier write failed")
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }
}

extension ZipEntry {
    fileprivate init(
        name: String,
        _ method: UInt16,
        _ crc: UInt32,
        _ raw: UnsafeRawBufferPointer,
        _ stored: UnsafeRawBufferPointer
    ) {
        self.init(name: name, method: method, crc: crc, rawBytes: raw.count, storedBytes: stored.count)
    }
}
