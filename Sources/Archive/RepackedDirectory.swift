internal import Storage

/// The central directory of an archive that another program has packed again, such as `zip -r` after `unzip`.
///
/// The members are the same. Their order and compression differ, and there may be dates, extra fields, comments, entries
/// for folders, and one folder around everything. Granary writes each record in only one way. A file in which no record
/// has that form is therefore not a damaged archive of granary, but one that was packed again.
struct RepackedDirectory {
    /// The manifest is the last one. Their names are those that granary gave them.
    let entries: [ZipEntry]
    /// The beginning of the central directory.
    let offset: Int

    /// All records are in memory at once; this is more than half a million members.
    private static let bytesMax = 64 << 20

    /// - Returns: nil for a file that is not such an archive.
    /// - Throws: `ArchiveError` if a member cannot be read; `StorageError`.
    init?(_ source: any ByteSource) throws {
        guard let end = try End(source), end.size <= Self.bytesMax, let records = try Self.records(source, end),
            records.count > 1,
            let manifest = try Self.manifest(records)
        else { return nil }
        offset = end.offset
        let folder = Array(manifest.name.dropLast(Manifest.member.utf8.count))
        var members: [ZipEntry] = []
        for record in records where record.name.starts(with: folder) && record.name.last != UInt8(ascii: "/") {
            var member = try record.located(in: source, before: end.offset)
            member.name = String(decoding: record.name.dropFirst(folder.count), as: UTF8.self)
            try member.requireSafeName()
            members.append(member)
        }
        try Self.requireNoOverlap(members)
        entries = members.filter { $0.name != Manifest.member } + members.filter { $0.name == Manifest.member }
        let names = Set(entries.map(\.name))
        guard names.count == entries.count else {
            throw ArchiveError.damaged("central directory", "a name occurs twice")
        }
    }

    /// The manifest that is in the fewest folders: migrations could have a file of that name.
    ///
    /// - Throws: `ArchiveError.format` for several archives that were packed together.
    private static func manifest(_ records: [Record]) throws -> Record? {
        let name = Array(Manifest.member.utf8)
        let found = records.filter { $0.name == name || $0.name.reversed().starts(with: ([0x2F] + name).reversed()) }
        let depths = found.map { $0.name.count { $0 == 0x2F } }
        guard let least = depths.min() else { return nil }
        let count = depths.count { $0 == least }
        guard count == 1 || least == 0 else {
            throw ArchiveError(
                .format,
                "the file holds \(count) backups, each in a folder of its own",
                hint: "unpack it, and pack the folder of one backup by itself"
            )
        }
        return zip(found, depths).first { $0.1 == least }?.0
    }

    /// Overlapping members would be read again and again.
    private static func requireNoOverlap(_ members: [ZipEntry]) throws {
        let ordered = members.sorted { $0.offset < $1.offset }
        for (member, next) in zip(ordered, ordered.dropFirst()) where member.endOffset > next.offset {
            throw ArchiveError.damaged(next.name, "it overlaps the member before it")
        }
    }

    /// - Returns: nil if one of the records cannot be read, or is as granary writes it.
    private static func records(_ source: any ByteSource, _ end: End) throws -> [Record]? {
        var records: [Record] = []
        // Reads in windows with at least one whole record.
        var window: [UInt8] = []
        var (start, position) = (0, 0)
        while start + position < end.size {
            if window.count - position < Record.bytesMax, start + window.count < end.size {
                (start, position) = (start + position, 0)
                window = try source.bytes(at: end.offset + start, count: min(1 << 20, end.size - start))
            }
            guard let record = Record(window, at: &position), !record.isAsGranaryWritesIt else { return nil }
            records.append(record)
        }
        return records.count == end.entries ? records : nil
    }
}

extension RepackedDirectory {
    /// The end record, with the numbers of the ZIP64 record if there is one.
    private struct End {
        var entries: Int
        var size: Int
        var offset: Int

        /// - Returns: nil if there is none whose numbers fit the file.
        init?(_ source: any ByteSource) throws {
            // It may have a comment of at most 65,535 bytes.
            let start = max(0, source.byteCount - ZipFormat.endBytes - Int(UInt16.max))
            let tail = try source.bytes(at: start, count: source.byteCount - start)
            guard let place = Self.place(in: tail) else { return nil }
            entries = Int(tail.number(UInt16.self, at: place + 10))
            size = Int(tail.number(UInt32.self, at: place + 12))
            offset = Int(tail.number(UInt32.self, at: place + 16))
            var directoryEnd = start + place
            if entries == UInt16.max || size == UInt32.max || offset == UInt32.max {
                guard let wide = try Self.wide(source, before: directoryEnd) else { return nil }
                (entries, size, offset, directoryEnd) = wide
            }
            guard size <= ZipFormat.directoryBytesMax, offset <= directoryEnd, size == directoryEnd - offset,
                entries <= size / ZipFormat.directoryBytes
            else { return nil }
        }

        private static func place(in tail: [UInt8]) -> Int? {
            stride(from: tail.count - ZipFormat.endBytes, through: 0, by: -1).first { place in
                tail.number(UInt32.self, at: place) == ZipFormat.endSignature
                    && place + ZipFormat.endBytes + Int(tail.number(UInt16.self, at: place + 20)) == tail.count
            }
        }

        private static func wide(_ source: any ByteSource, before end: Int) throws -> (Int, Int, Int, Int)? {
            let place = end - ZipFormat.locatorBytes
            guard place >= ZipFormat.end64Bytes else { return nil }
            let locator = try source.bytes(at: place, count: ZipFormat.locatorBytes)
            guard locator.number(UInt32.self, at: 0) == ZipFormat.locatorSignature,
                let record = Int(exactly: locator.number(UInt64.self, at: 8)), record <= place - ZipFormat.end64Bytes
            else { return nil }
            let bytes = try source.bytes(at: record, count: ZipFormat.end64Bytes)
            guard bytes.number(UInt32.self, at: 0) == ZipFormat.end64Signature,
                let entries = Int(exactly: bytes.number(UInt64.self, at: 32)),
                let size = Int(exactly: bytes.number(UInt64.self, at: 40)),
                let offset = Int(exactly: bytes.number(UInt64.self, at: 48))
            else { return nil }
            return (entries, size, offset, record)
        }
    }

    /// A record of the central directory, as any program may write it.
    private struct Record {
        /// The longest possible one: name, extra field and comment have 16 bits for their length.
        static let bytesMax = ZipFormat.directoryBytes + 3 * Int(UInt16.max)

        /// As it is in the file.
        let name: [UInt8]
        let isAsGranaryWritesIt: Bool
        private let flags: UInt16
        private let entry: ZipEntry

        init?(_ bytes: [UInt8], at position: inout Int) {
            let start = position
            guard bytes.count - start >= ZipFormat.directoryBytes,
                bytes.number(UInt32.self, at: start) == ZipFormat.directorySignature
            else { return nil }
            let lengths = [28, 30, 32].map { Int(bytes.number(UInt16.self, at: start + $0)) }
            let nameStart = start + ZipFormat.directoryBytes
            let extraStart = nameStart + lengths[0]
            let end = extraStart + lengths[1] + lengths[2]
            guard end <= bytes.count else { return nil }
            name = Array(bytes[nameStart..<extraStart])
            flags = bytes.number(UInt16.self, at: start + 8)
            var wide = WideFields(Self.wideField(in: bytes[extraStart..<(extraStart + lengths[1])]))
            guard let raw = wide.next(for: bytes.number(UInt32.self, at: start + 24)),
                let stored = wide.next(for: bytes.number(UInt32.self, at: start + 20)),
                let offset = wide.next(for: bytes.number(UInt32.self, at: start + 42))
            else { return nil }
            entry = ZipEntry(
                name: String(decoding: name, as: UTF8.self),
                method: bytes.number(UInt16.self, at: start + 10),
                crc: bytes.number(UInt32.self, at: start + 16),
                rawBytes: raw,
                storedBytes: stored,
                offset: offset
            )
            let header = entry.directoryHeader
            isAsGranaryWritesIt = bytes.count - start >= header.count && bytes.has(header, at: start)
            position = end
        }

        /// The ZIP64 field among all extra fields, each with its number and its length; empty if there is none.
        private static func wideField(in extra: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
            var rest = extra
            while rest.count >= 4 {
                let head = Array(rest.prefix(4))
                let length = 4 + Int(head.number(UInt16.self, at: 2))
                if head.number(UInt16.self, at: 0) == 1 { return rest.prefix(length) }
                rest = rest.dropFirst(length)
            }
            return []
        }

        /// The member with the place of its content, which the local header tells: its extra field is another one.
        ///
        /// - Parameter directory: Where the members end.
        func located(in source: any ByteSource, before directory: Int) throws -> ZipEntry {
            try requireKnownPacking()
            let headerBytes = ZipFormat.localBytes + name.count
            guard entry.offset >= 0, entry.offset <= directory - headerBytes else { throw pastTheEnd }
            let header = try source.bytes(at: entry.offset, count: headerBytes)
            guard header.number(UInt32.self, at: 0) == ZipFormat.localSignature,
                header.number(UInt16.self, at: 8) == entry.method,
                Int(header.number(UInt16.self, at: 26)) == name.count,
                header[ZipFormat.localBytes...].elementsEqual(name)
            else { throw ArchiveError.damaged(entry.name, "its local header differs from the central directory") }
            var entry = entry
            entry.headerBytes = headerBytes + Int(header.number(UInt16.self, at: 28))
            guard entry.contentOffset <= directory, entry.storedBytes >= 0,
                entry.storedBytes <= directory - entry.contentOffset
            else { throw pastTheEnd }
            try entry.requirePossibleSizes()
            return entry
        }

        private var pastTheEnd: ArchiveError { .damaged(entry.name, "it extends beyond the members") }

        private func requireKnownPacking() throws {
            // Bits 0, 6 and 13: encrypted in one way or another.
            guard flags & 0x2041 == 0 else { throw ArchiveError.damaged(entry.name, "it is encrypted") }
            guard entry.method == ZipFormat.stored || entry.method == ZipFormat.deflated else {
                throw ArchiveError.damaged(
                    entry.name,
                    "its compression method \(entry.method) is unknown; zip -r uses a known one"
                )
            }
        }
    }
}
