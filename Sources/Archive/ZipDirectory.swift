/// Reading the records, from a file that anybody may have made.
struct ZipDirectory: Sendable {
    let entries: [ZipEntry]
    /// Where the central directory begins, which is where the members end.
    let offset: Int

    /// - Throws: `ArchiveError.damaged` or `.format`, saying which record is not as it should be.
    init(_ source: any ByteSource) throws {
        let end = try End(source)
        offset = end.directoryOffset
        let bytes = try source.bytes(at: end.directoryOffset, count: end.directorySize)
        var entries: [ZipEntry] = []
        var names: Set<String> = []
        var position = 0
        while position < bytes.count {
            let entry = try ZipEntry(directory: bytes, at: &position)
            guard names.insert(entry.name).inserted else { throw ArchiveError.damaged(entry.name, "it is there twice") }
            try entry.requireSense(before: end.directoryOffset)
            entries.append(entry)
        }
        guard entries.count == end.entries else {
            throw ArchiveError.damaged("central directory", "it has \(entries.count) of \(end.entries) members")
        }
        self.entries = entries
    }

    private struct End {
        var entries: Int
        var directorySize: Int
        var directoryOffset: Int

        /// The record is the last thing in the file: an archive of ours has no comment after it.
        init(_ source: any ByteSource) throws {
            let place = source.byteCount - ZipFormat.endBytes
            guard place >= 0 else { throw try ZipDirectory.cut(source) }
            let bytes = try source.bytes(at: place, count: ZipFormat.endBytes)
            guard bytes.number(UInt32.self, at: 0) == ZipFormat.endSignature, bytes.number(UInt16.self, at: 20) == 0,
                bytes.number(UInt32.self, at: 4) == 0
            else { throw try ZipDirectory.cut(source) }
            let counts = (bytes.number(UInt16.self, at: 8), bytes.number(UInt16.self, at: 10))
            entries = Int(counts.1)
            directorySize = Int(bytes.number(UInt32.self, at: 12))
            directoryOffset = Int(bytes.number(UInt32.self, at: 16))
            var directoryEnd = place
            if entries == UInt16.max || directorySize == UInt32.max || directoryOffset == UInt32.max {
                directoryEnd = try readWide(source, before: place)
            }
            guard counts.0 == counts.1, directorySize >= 0, directoryOffset >= 0,
                directoryOffset <= directoryEnd, directoryEnd - directoryOffset == directorySize,
                entries <= directorySize / ZipFormat.directoryBytes
            else { throw ArchiveError.damaged("end record", "its numbers do not fit the file") }
        }

        /// Returns where the central directory must end.
        private mutating func readWide(_ source: any ByteSource, before place: Int) throws -> Int {
            let problem = ArchiveError.damaged("ZIP64 end record", "it is not as it should be")
            let start = place - ZipFormat.locatorBytes - ZipFormat.end64Bytes
            guard start >= 0 else { throw problem }
            let bytes = try source.bytes(at: start, count: ZipFormat.end64Bytes + ZipFormat.locatorBytes)
            guard bytes.number(UInt32.self, at: 0) == ZipFormat.end64Signature,
                bytes.number(UInt64.self, at: 4) == UInt64(ZipFormat.end64Bytes - 12),
                bytes.number(UInt64.self, at: 16) == 0,
                bytes.number(UInt64.self, at: 24) == bytes.number(UInt64.self, at: 32),
                bytes.number(UInt32.self, at: 56) == ZipFormat.locatorSignature,
                bytes.number(UInt32.self, at: 60) == 0, bytes.number(UInt64.self, at: 64) == UInt64(start),
                bytes.number(UInt32.self, at: 72) == 1,
                let entries = Int(exactly: bytes.number(UInt64.self, at: 32)),
                let size = Int(exactly: bytes.number(UInt64.self, at: 40)),
                let offset = Int(exactly: bytes.number(UInt64.self, at: 48))
            else { throw problem }
            (self.entries, directorySize, directoryOffset) = (entries, size, offset)
            return start
        }
    }

    /// A file without an end record: how much of it could still be had is worth knowing.
    private static func cut(_ source: any ByteSource) throws -> ArchiveError {
        let members = try ZipSalvage.count(source)
        guard members > 0 else {
            return ArchiveError(
                .format,
                "this is not an archive of granary's",
                hint: "name a file that granary backup wrote"
            )
        }
        return ArchiveError(
            .damaged,
            "the archive is cut, or something was added at its end: it has no end record where one should be; \(members) whole members can be found",
            hint: "take another backup; `zip -FF` recovers the members that are whole"
        )
    }
}

/// Members found by their local headers alone, one after the other from the start.
enum ZipSalvage {
    static func count(_ source: any ByteSource) throws -> Int {
        var (count, position) = (0, 0)
        while let size = try size(source, at: position), size <= source.byteCount - position {
            count += 1
            position += size
        }
        return count
    }

    /// Header and content of the member at `position`; nil when there is none.
    private static func size(_ source: any ByteSource, at position: Int) throws -> Int? {
        guard source.byteCount - position >= ZipFormat.localBytes else { return nil }
        let header = try source.bytes(at: position, count: ZipFormat.localBytes)
        guard header.number(UInt32.self, at: 0) == ZipFormat.localSignature else { return nil }
        let (name, extra) = (Int(header.number(UInt16.self, at: 26)), Int(header.number(UInt16.self, at: 28)))
        let start = ZipFormat.localBytes + name + extra
        let stored = header.number(UInt32.self, at: 18)
        guard stored == UInt32.max else { return start + Int(stored) }
        guard extra >= 20, source.byteCount - position >= start else { return nil }
        let wide = try source.bytes(at: position + ZipFormat.localBytes + name, count: 20)
        return Int(exactly: wide.number(UInt64.self, at: 12)).flatMap {
            start.addingReportingOverflow($0).overflow ? nil : start + $0
        }
    }
}

extension ZipEntry {
    /// Reads the entry at `position` and moves past it.
    init(directory bytes: [UInt8], at position: inout Int) throws {
        let problem = ArchiveError.damaged("central directory", "it is not as it should be at byte \(position)")
        let start = position
        guard bytes.count - start >= ZipFormat.directoryBytes,
            bytes.number(UInt32.self, at: start) == ZipFormat.directorySignature,
            bytes.number(UInt16.self, at: start + 8) == ZipFormat.flags
        else { throw problem }
        let nameBytes = Int(bytes.number(UInt16.self, at: start + 28))
        let extraBytes = Int(bytes.number(UInt16.self, at: start + 30))
        let nameStart = start + ZipFormat.directoryBytes
        // No comment, disk 0, no attributes: what else stands there was not written by us.
        guard bytes.count - nameStart >= nameBytes + extraBytes, bytes.number(UInt32.self, at: start + 32) == 0,
            bytes.number(UInt16.self, at: start + 36) == 0, extraBytes == 0 || extraBytes >= 12,
            let name = String(validating: bytes[nameStart..<(nameStart + nameBytes)], as: UTF8.self)
        else { throw problem }
        self.name = name
        method = bytes.number(UInt16.self, at: start + 10)
        crc = bytes.number(UInt32.self, at: start + 16)
        var wide = WideFields(bytes[(nameStart + nameBytes)..<(nameStart + nameBytes + extraBytes)])
        guard let raw = wide.next(for: bytes.number(UInt32.self, at: start + 24)),
            let stored = wide.next(for: bytes.number(UInt32.self, at: start + 20)),
            let offset = wide.next(for: bytes.number(UInt32.self, at: start + 42)), wide.isUsedUp
        else { throw problem }
        (rawBytes, storedBytes, self.offset) = (raw, stored, offset)
        position = nameStart + nameBytes + extraBytes
        // What a reader has no use for must still be what was written: a changed bit is a changed bit.
        guard Array(bytes[start..<position]) == directoryHeader else { throw problem }
    }

    /// Names that cannot lead out of a folder, sizes that can be.
    fileprivate func requireSense(before directory: Int) throws {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isSafe =
            !name.isEmpty && !name.contains("\\") && !parts.contains("..") && !parts.contains("")
            && !parts.contains(".")
            && name.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
        guard isSafe else { throw ArchiveError.damaged("central directory", "a member has a name that is not safe") }
        guard method == ZipFormat.stored || method == ZipFormat.deflated else {
            throw ArchiveError.damaged(name, "it is packed in a way that is not known")
        }
        let isPossible =
            method == ZipFormat.stored
            ? rawBytes == storedBytes : rawBytes / ZipFormat.ratioMax <= storedBytes && storedBytes > 0
        guard isPossible else { throw ArchiveError.damaged(name, "\(storedBytes) bytes cannot unpack to \(rawBytes)") }
        let header = localHeader.count
        guard offset <= directory - header, storedBytes <= directory - header - offset else {
            throw ArchiveError.damaged(name, "it reaches past the members")
        }
    }
}

/// The values of a ZIP64 extra field, taken in order for those classic fields that are full.
private struct WideFields {
    private let bytes: [UInt8]
    private var position = 4

    init(_ extra: ArraySlice<UInt8>) { bytes = Array(extra) }

    mutating func next(for classic: UInt32) -> Int? {
        guard classic == UInt32.max else { return Int(classic) }
        guard bytes.count >= position + 8, bytes.number(UInt16.self, at: 0) == 1 else { return nil }
        defer { position += 8 }
        return Int(exactly: bytes.number(UInt64.self, at: position))
    }

    var isUsedUp: Bool { bytes.isEmpty || position == bytes.count }
}
