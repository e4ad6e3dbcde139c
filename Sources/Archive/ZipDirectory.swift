internal import Storage

/// Reads the records of a file from an untrusted source.
struct ZipDirectory: Sendable {
    let entries: [ZipEntry]
    /// The beginning of the central directory, where the members end.
    let offset: Int
    /// Whether another program has packed the archive again.
    let isRepacked: Bool
    /// The longest possible record: name and extra field have 16 bits for their length.
    private static let recordBytesMax = ZipFormat.directoryBytes + 2 * Int(UInt16.max)

    /// - Throws: `ArchiveError.damaged` or `.format` with the wrong record.
    init(_ source: any ByteSource, windowBytes: Int = 1 << 20) throws {
        do {
            self = try ZipDirectory(unchanged: source, windowBytes)
        } catch let error as ArchiveError where error.code == .damaged || error.code == .format {
            guard let repacked = try RepackedDirectory(source) else { throw error }
            self = ZipDirectory(repacked)
        }
    }

    private init(_ repacked: RepackedDirectory) {
        entries = repacked.entries
        offset = repacked.offset
        isRepacked = true
    }

    /// Reads the directory of an archive that is as granary wrote it.
    private init(unchanged source: any ByteSource, _ windowBytes: Int) throws {
        let end = try End(source)
        offset = end.directoryOffset
        isRepacked = false
        guard end.directorySize <= ZipFormat.directoryBytesMax else {
            throw ArchiveError.damaged("central directory", "\(end.directorySize) bytes exceed the size limit")
        }
        var entries: [ZipEntry] = []
        var names: Set<String> = []
        // Reads in windows with at least one whole record: a file may be large and yet nearly empty.
        var window: [UInt8] = []
        var (start, position) = (0, 0)
        while start + position < end.directorySize {
            if window.count - position < ZipDirectory.recordBytesMax, start + window.count < end.directorySize {
                (start, position) = (start + position, 0)
                let count = min(max(windowBytes, ZipDirectory.recordBytesMax), end.directorySize - start)
                window = try source.bytes(at: end.directoryOffset + start, count: count)
            }
            let entry = try ZipDirectory.entry(in: window, at: &position, from: start, of: end, source)
            guard names.insert(entry.name).inserted else { throw ArchiveError.damaged(entry.name, "it occurs twice") }
            try entry.requireSense(before: end.directoryOffset)
            entries.append(entry)
        }
        guard entries.count == end.entries else {
            throw ArchiveError.damaged("central directory", "it has \(entries.count) of \(end.entries) members")
        }
        self.entries = entries
    }

    /// An error for each member that does not directly follow the previous one.
    var misplaced: [ArchiveError] {
        // Another program may leave gaps, and choose another order.
        guard !isRepacked else { return [] }
        var errors: [ArchiveError] = []
        var position = 0
        for entry in entries {
            if entry.offset != position {
                let what = entry.offset < position ? "it overlaps the member before it" : "there is a gap before it"
                errors.append(.damaged(entry.name, what))
            }
            position = max(position, entry.endOffset)
        }
        if position != offset {
            errors.append(.damaged("central directory", "it does not follow the last member"))
        }
        return errors
    }

    /// A ZIP file of another program is not a damaged archive: its last record is not the manifest.
    private static func entry(
        in window: [UInt8],
        at position: inout Int,
        from start: Int,
        of end: End,
        _ source: any ByteSource
    ) throws -> ZipEntry {
        do {
            return try ZipEntry(directory: window, at: &position, from: start)
        } catch let error as ArchiveError where error.code == .damaged {
            let count = min(end.directorySize, ZipFormat.directoryBytes + Manifest.member.utf8.count + 28)
            let last = try source.bytes(at: end.directoryOffset + end.directorySize - count, count: count)
            throw last.contains(Array(Manifest.member.utf8)) ? error : ArchiveError.noManifest
        }
    }

    private struct End {
        var entries: Int
        var directorySize: Int
        var directoryOffset: Int

        /// The record is at the end of the file: an archive of granary has no comment after it.
        init(_ source: any ByteSource) throws {
            let place = source.byteCount - ZipFormat.endBytes
            guard place >= 0 else { throw try ZipDirectory.cut(source) }
            let bytes = try source.bytes(at: place, count: ZipFormat.endBytes)
            guard bytes.number(UInt32.self, at: 0) == ZipFormat.endSignature else {
                throw try ZipDirectory.cut(source)
            }
            entries = Int(bytes.number(UInt16.self, at: 10))
            directorySize = Int(bytes.number(UInt32.self, at: 12))
            directoryOffset = Int(bytes.number(UInt32.self, at: 16))
            var directoryEnd = place
            if entries == UInt16.max || directorySize == UInt32.max || directoryOffset == UInt32.max {
                directoryEnd = try readWide(source, before: place)
            }
            // No sum of two numbers: an untrusted file may contain numbers near the maximum.
            guard directoryOffset <= directoryEnd, directoryEnd - directoryOffset == directorySize,
                entries <= directorySize / ZipFormat.directoryBytes
            else { throw ArchiveError.damaged("end record", "its numbers do not match the file") }
            // The numbers can be written in only one way, so every bit of the records is checked.
            let expected = ZipFormat.end(
                entries: entries,
                directoryOffset: directoryOffset,
                directorySize: directorySize
            )
            guard source.byteCount - directoryEnd == expected.count,
                try source.bytes(at: directoryEnd, count: expected.count) == expected
            else { throw ArchiveError.damaged("end record", "it is not in the form that granary writes") }
        }

        /// Returns where the central directory must end.
        private mutating func readWide(_ source: any ByteSource, before place: Int) throws -> Int {
            let start = place - ZipFormat.locatorBytes - ZipFormat.end64Bytes
            guard start >= 0 else { throw ArchiveError.damaged("ZIP64 end record", "there is no space for it") }
            let bytes = try source.bytes(at: start, count: ZipFormat.end64Bytes)
            guard bytes.number(UInt32.self, at: 0) == ZipFormat.end64Signature else {
                throw ArchiveError.damaged("ZIP64 end record", "it is at the wrong position")
            }
            guard let entries = Int(exactly: bytes.number(UInt64.self, at: 32)),
                let size = Int(exactly: bytes.number(UInt64.self, at: 40)),
                let offset = Int(exactly: bytes.number(UInt64.self, at: 48))
            else { throw ArchiveError.damaged("ZIP64 end record", "its numbers do not match the file") }
            (self.entries, directorySize, directoryOffset) = (entries, size, offset)
            return start
        }
    }

    /// For a file without an end record: an error that reports how much of it can be recovered.
    private static func cut(_ source: any ByteSource) throws -> ArchiveError {
        guard try ZipSalvage.beginsLikeAnArchive(source) else {
            return ArchiveError(
                .format,
                "this is not an archive of granary",
                hint: "name a file that granary backup wrote"
            )
        }
        let members = try ZipSalvage.count(source)
        return ArchiveError(
            .damaged,
            "the archive is cut off, or bytes were added at its end: its end record is missing; complete members found: \(members)",
            hint: "use another backup; `zip -FF` recovers the complete members"
        )
    }
}

/// Finds members by their local headers alone, one after the other from the beginning.
enum ZipSalvage {
    static func beginsLikeAnArchive(_ source: any ByteSource) throws -> Bool {
        guard source.byteCount >= 4 else { return false }
        return try source.bytes(at: 0, count: 4).number(UInt32.self, at: 0) == ZipFormat.localSignature
    }

    static func count(_ source: any ByteSource) throws -> Int {
        var (count, position) = (0, 0)
        while let size = try size(source, at: position), size <= source.byteCount - position {
            count += 1
            position += size
        }
        return count
    }

    /// The size of header and content of the member at `position`; nil if there is none.
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
    /// Reads the entry at `position` of `bytes`, which begin at byte `windowStart` of the directory, and moves after
    /// it.
    init(directory bytes: [UInt8], at position: inout Int, from windowStart: Int) throws {
        let start = position
        func problem(_ what: String) -> ArchiveError {
            .damaged("central directory", "the record at its byte \(windowStart + start) \(what)")
        }
        guard bytes.count - start >= ZipFormat.directoryBytes,
            bytes.number(UInt32.self, at: start) == ZipFormat.directorySignature
        else { throw problem("is not one") }
        let nameBytes = Int(bytes.number(UInt16.self, at: start + 28))
        let extraBytes = Int(bytes.number(UInt16.self, at: start + 30))
        let nameStart = start + ZipFormat.directoryBytes
        guard bytes.count - nameStart >= nameBytes + extraBytes else { throw problem("is cut") }
        guard let name = String(validating: bytes[nameStart..<(nameStart + nameBytes)], as: UTF8.self) else {
            throw problem("has a name that is not UTF-8")
        }
        self.name = name
        method = bytes.number(UInt16.self, at: start + 10)
        crc = bytes.number(UInt32.self, at: start + 16)
        (rawBytes, storedBytes) = (0, 0)
        try requireSafeName()
        try requireKnownPacking(flags: bytes.number(UInt16.self, at: start + 8))
        var wide = WideFields(bytes[(nameStart + nameBytes)..<(nameStart + nameBytes + extraBytes)])
        guard let raw = wide.next(for: bytes.number(UInt32.self, at: start + 24)),
            let stored = wide.next(for: bytes.number(UInt32.self, at: start + 20)),
            let offset = wide.next(for: bytes.number(UInt32.self, at: start + 42))
        else { throw problem("has a ZIP64 field with an unexpected form") }
        (rawBytes, storedBytes, self.offset) = (raw, stored, offset)
        position = nameStart + nameBytes + extraBytes
        // Even fields that a reader does not use must have their written value: a changed bit is damage.
        guard bytes.has(directoryHeader, at: start) else {
            throw problem("is not in the form that granary writes")
        }
    }

    private func requireKnownPacking(flags: UInt16) throws {
        guard flags & 1 == 0 else { throw ArchiveError.damaged(name, "it is encrypted") }
        guard flags & 8 == 0 else { throw ArchiveError.damaged(name, "its sizes follow its content") }
        guard method == ZipFormat.stored || method == ZipFormat.deflated else {
            throw ArchiveError.damaged(name, "its compression method \(method) is unknown")
        }
    }

    /// Requires possible sizes, at positions inside the file.
    fileprivate func requireSense(before directory: Int) throws {
        let header = localHeaderBytes
        guard offset <= directory - header, storedBytes <= directory - header - offset else {
            throw ArchiveError.damaged(name, "it extends beyond the members")
        }
        try requirePossibleSizes()
    }

    func requirePossibleSizes() throws {
        let limit = storedBytes.multipliedReportingOverflow(by: ZipFormat.ratioMax)
        let isPossible =
            method == ZipFormat.stored
            ? rawBytes == storedBytes : storedBytes > 0 && (limit.overflow || rawBytes <= limit.partialValue)
        guard isPossible else {
            throw ArchiveError.damaged(name, "\(storedBytes) bytes cannot decompress to \(rawBytes)")
        }
    }
}
