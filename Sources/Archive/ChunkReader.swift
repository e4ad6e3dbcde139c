/// Reads the chunks of a manifest one after the other, and reuses its buffers.
package struct ChunkReader: ~Copyable {
    private var members = MemberReader()

    package init() {}

    /// Passes the rows of `chunk` to `body`: checked and whole, or in slabs if it is large.
    ///
    /// - Throws: `ArchiveError.damaged` if CRC-32, size or SHA-256 do not match. For a large chunk this can happen
    ///   after bytes were passed, so the caller must be able to undo their effect. Also errors of `body`.
    package mutating func read(
        _ chunk: Manifest.Chunk,
        of archive: ArchiveReader,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let entry = try archive.entry(chunk.member)
        let isRepacked = archive.isRepacked
        guard entry.rawBytes == chunk.rawBytes, isRepacked || entry.storedBytes == chunk.storedBytes else {
            throw ArchiveError.damaged(chunk.member, "its size differs from the manifest")
        }
        // The SHA-256 is that of the bytes as granary packed them.
        try members.read(entry, in: archive.source, sha256: isRepacked ? nil : chunk.sha256, body)
    }
}
