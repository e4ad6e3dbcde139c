import FoundationEssentials

@testable import Archive

/// A member taken from an archive, to be inserted into another.
struct LooseMember {
    var entry: ZipEntry
    var stored: [UInt8]
    /// The bytes of the local header, if they differ from the right ones.
    var localHeader: [UInt8]?
    /// The bytes of the directory record, if they differ from the right ones.
    var directoryHeader: [UInt8]?

    init(_ entry: ZipEntry, _ stored: [UInt8]) {
        self.entry = entry
        self.stored = stored
    }

    /// A stored member with a correct CRC.
    init(_ name: String, contents: [UInt8]) {
        let crc = contents.withUnsafeBytes { CRC32.of($0) }
        self.init(
            ZipEntry(
                name: name,
                method: ZipFormat.stored,
                crc: crc,
                rawBytes: contents.count,
                storedBytes: contents.count
            ),
            contents
        )
    }
}

/// Takes archives apart, and combines members into a valid ZIP, whatever its manifest says.
enum Rebuilding {
    static func members(of archive: [UInt8]) throws -> [LooseMember] {
        try ZipDirectory(MemorySource(archive)).entries.map {
            LooseMember($0, Array(archive[$0.contentOffset..<$0.endOffset]))
        }
    }

    static func zip(_ members: [LooseMember]) -> [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for var member in members {
            member.entry.offset = bytes.count
            bytes += (member.localHeader ?? member.entry.localHeader) + member.stored
            directory += member.directoryHeader ?? member.entry.directoryHeader
        }
        let offset = bytes.count
        return bytes + directory
            + ZipFormat.end(entries: members.count, directoryOffset: offset, directorySize: directory.count)
    }

    static func manifest(of archive: [UInt8]) throws -> String {
        String(decoding: try ArchiveReader(MemorySource(archive)).contents(of: Manifest.member), as: UTF8.self)
    }

    /// The archive with another manifest and a correct CRC.
    static func replacingManifest(of archive: [UInt8], by text: String) throws -> [UInt8] {
        zip(try members(of: archive).dropLast() + [LooseMember(Manifest.member, contents: Array(text.utf8))])
    }

    /// The archive with a changed manifest, in a valid ZIP.
    static func changingManifest(of archive: [UInt8], _ change: (inout Manifest) -> Void) throws -> [UInt8] {
        var manifest = try ArchiveReader(MemorySource(archive)).manifest
        change(&manifest)
        return try replacingManifest(of: archive, by: String(decoding: JSONEncoder().encode(manifest), as: UTF8.self))
    }

    /// The archive with each `old` in the manifest replaced by `new`.
    static func editingManifest(of archive: [UInt8], _ old: String, _ new: String) throws -> [UInt8] {
        let text = try manifest(of: archive)
        precondition(text.contains(old), "the manifest has no \(old)")
        return try replacingManifest(of: archive, by: text.replacing(old, with: new))
    }
}

extension [UInt8] {
    /// A copy with `value` at `offset`, in little-endian order.
    func setting<T: FixedWidthInteger>(_ value: T, at offset: Int) -> [UInt8] {
        var copy = self
        for index in 0..<MemoryLayout<T>.size { copy[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
        return copy
    }
}

/// Verifies an archive in memory.
func verify(_ archive: [UInt8], jobs: Int = 1) async throws -> VerificationReport {
    try await Verification(MemorySource(archive), jobs: jobs).run()
}

extension VerificationReport {
    /// The problems as `member: problem`.
    var sentences: [String] { problems.map { "\($0.member): \($0.problem)" } }
}
