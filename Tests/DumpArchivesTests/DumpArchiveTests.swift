import Archive
import DumpArchives
import Storage
import TestSupport
import Testing

@Suite struct DumpArchiveTests {
    private func archive(_ bytes: [UInt8]) throws -> DumpArchive {
        try DumpArchive(MemorySource(bytes), name: "a.dump")
    }

    /// The rows of the first entry with rows, as text.
    private func rows(_ archive: DumpArchive) throws -> (text: String, count: Int) {
        var rows = try archive.rows(of: try #require(archive.dataEntries.first))
        var bytes: [UInt8] = []
        while try rows.next({ bytes += $0 }) {}
        return (String(decoding: bytes, as: UTF8.self), rows.rows)
    }

    private func failure(_ body: () throws -> some Any) -> String {
        do {
            _ = try body()
            return ""
        } catch {
            return "\(error)"
        }
    }

    // The header of version 1.14 has a gzip level where later versions have the method.
    @Test(arguments: [
        (LooseDump.rows, 0, UInt8(14)), (LooseDump.zlibRows, -1, 14), (LooseDump.zlibRows, 1, 15),
        (LooseDump.lz4Rows, 2, 15), (LooseDump.zstdRows, 3, 16),
    ])
    func rowsAreUnpackedByEachMethod(packed: [UInt8], compression: Int, version: UInt8) throws {
        let whole = try rows(archive(LooseDump.custom(packed, compression: compression, version: version)))
        #expect(whole == ("1\tAda\n2\t\\N\n", 2))
        let (first, rest) = (Array(packed[..<5]), Array(packed[5...]))
        let pieces = try rows(archive(LooseDump.custom(first, rest, compression: compression, version: version)))
        #expect(pieces == whole)
    }

    @Test(arguments: [(LooseDump.zlibRows, 1), (LooseDump.lz4Rows, 2), (LooseDump.zstdRows, 3)])
    func rowsThatAreCutOffAreDamage(packed: [UInt8], compression: Int) throws {
        for length in 1..<packed.count {
            let dump = try archive(LooseDump.custom(Array(packed[..<length]), compression: compression, version: 15))
            #expect(throws: ArchiveError.self) { try rows(dump) }
        }
    }

    @Test func rowsWithoutTheirEndMarkAreDamage() throws {
        for rows in ["", "1\ta\n", "1\ta\n\\.\n", "1\ta\n\\.\n\n", "1\ta\\.\n\n\n", "1\ta\n\\.\n\n\n\n"] {
            let dump = try archive(LooseDump.custom(Array(rows.utf8)))
            #expect(failure { try self.rows(dump) }.contains(rows.isEmpty ? "ends early" : "end mark"), "\(rows)")
        }
    }

    @Test func aTableWithoutRowsHasItsEndMarkAlone() throws {
        #expect(try rows(archive(LooseDump.custom(Array("\\.\n\n\n".utf8)))) == ("", 0))
    }

    @Test func integersOfEightBytesAreRead() throws {
        #expect(try rows(archive(LooseDump.custom(LooseDump.rows, integerBytes: 8))).count == 2)
    }

    @Test func theHeaderShowsTheOptionsOfPgDump() throws {
        let toc = try archive(LooseDump.custom(LooseDump.rows)).toc
        #expect(toc.version == (1, 14))
        #expect(toc.createdAt == "2026-11-29T02:21:06")
        #expect((toc.database, toc.serverVersion, toc.encoding) == ("shop", "15.18", "UTF8"))
        #expect(toc.entries.map(\.kind) == ["ENCODING", "TABLE DATA"])
    }

    @Test(arguments: [UInt8(13), 17])
    func anotherVersionIsRefusedByItsNumber(version: UInt8) {
        let problem = failure { try archive(LooseDump.custom(LooseDump.rows, version: version)) }
        #expect(problem.contains("version 1.\(version) of pg_dump's format; versions 1.14 to 1.16 are read"))
    }

    @Test func blocksOfAPipeAreFoundInAnyOrder() throws {
        var dump = LooseDump()
        dump.entries = [
            LooseDump.Entry(
                id: 7,
                kind: "TABLE DATA",
                copy: "COPY public.t (a, b) FROM stdin;",
                section: 3,
                offset: (1, 0)
            ),
            LooseDump.Entry(id: 8, kind: "BLOBS", section: 3, offset: (1, 0)),
        ]
        let bytes = dump.contents + dump.block(8, objects: [(5, [1, 2, 3]), (6, [])]) + dump.block(7, LooseDump.rows)
        let archive = try archive(bytes)
        #expect(try rows(archive).count == 2)
        #expect(try objects(archive) == ["5+0: [1, 2, 3]"])
    }

    private func objects(_ archive: DumpArchive) throws -> [String] {
        let entry = try #require(archive.dataEntries.first { $0.isLargeObjects })
        var objects = try archive.largeObjects(of: entry)
        var found: [String] = []
        var memory = [UInt8](repeating: 0, count: 2)
        if entry.place == .unknown { memory = [UInt8](repeating: 0, count: 100) }
        while let piece = try memory.withUnsafeMutableBytes({ try objects.next(into: $0) }) {
            found.append("\(piece.oid)+\(piece.offset): \(Array(memory[..<piece.byteCount]))")
        }
        return found
    }

    @Test func oidsPastTheHalfOfTheirRangeAndLongObjectsComeInPieces() throws {
        var dump = LooseDump()
        dump.entries = [LooseDump.Entry(id: 8, kind: "BLOBS", section: 3, offset: (2, 0))]
        dump.entries[0].offset = (2, dump.contents.count)
        // pg_dump writes an oid as an Int32.
        let bytes = dump.contents + dump.block(8, objects: [(-2, [1, 2, 3])])
        #expect(try objects(archive(bytes)) == ["4294967294+0: [1, 2]", "4294967294+2: [3]"])
    }

    // Offsets that point elsewhere: before the data, after the end, into a block, to the block of another entry.
    @Test(arguments: [0, 11, 1 << 40, Int.max, -1, 1])
    func anAbsurdOffsetIsDamage(shift: Int) throws {
        var dump = LooseDump()
        dump.entries = [LooseDump.Entry(id: 7, kind: "TABLE DATA", copy: "COPY public.t (a) FROM stdin;", section: 3)]
        dump.entries[0].offset = (2, 0)
        let start = dump.contents.count
        dump.entries[0].offset = (2, shift == 1 ? start + 1 : shift)
        let bytes = dump.contents + dump.block(7, LooseDump.rows)
        #expect(failure { try archive(bytes) }.contains("not where its table of contents says"))
    }

    @Test func aPieceThatIsLongerThanTheFileIsDamage() throws {
        var bytes = LooseDump.custom(LooseDump.rows)
        // The length of the only piece: its last byte is before the sign and the rows.
        let place = bytes.count - LooseDump.rows.count - 5 - 1
        bytes[place] = 0x7F
        let dump = try archive(bytes)
        #expect(throws: ArchiveError.self) { try rows(dump) }
    }

    @Test func everyTruncationIsFound() async throws {
        let bytes = LooseDump.custom(LooseDump.zlibRows, compression: -1)
        for length in 0..<bytes.count {
            let problem = failure { try rows(archive(Array(bytes[..<length]))) }
            #expect(problem != "", "\(length) of \(bytes.count) bytes")
        }
    }

    @Test func aTableOfContentsThatClaimsMoreThanThereIsAsksForNoMemory() {
        var bytes = LooseDump.custom(LooseDump.rows)
        // The number of entries follows the header and three names.
        let place = 11 + 5 + 7 * 5 + (5 + 4) + (5 + 5) * 2
        bytes.replaceSubrange(place..<(place + 5), with: [0, 0xFF, 0xFF, 0xFF, 0x7F])
        #expect(failure { try archive(bytes) }.contains("ends early or has an unknown form"))
    }

    // Rows that the table of contents does not list would be lost without a message.
    @Test(arguments: [UInt8(14), 16])
    func noFlippedBitOfTheTableOfContentsHidesRows(version: UInt8) {
        let bytes = LooseDump.custom(LooseDump.rows, version: version)
        for position in 0..<(bytes.count - LooseDump.rows.count) {
            for bit in 0..<8 {
                var changed = bytes
                changed[position] ^= 1 << bit
                guard let archive = try? archive(changed) else { continue }
                #expect(!archive.dataEntries.isEmpty, "bit \(bit) of byte \(position)")
            }
        }
    }

    /// The number of the table, or the name of one of the two entries, was changed.
    @Test(arguments: [(1, 1, "t"), (2, 1, "u"), (1, 2, "t"), (1, 1, "u")])
    func rowsBelongToATableByNumberAndName(table: Int, rows: Int, name: String) {
        var dump = LooseDump()
        dump.entries = [
            .init(id: 3, kind: "TABLE", object: table),
            .init(
                id: 7,
                kind: "TABLE DATA",
                object: rows,
                tag: name,
                copy: "COPY t FROM stdin;",
                section: 3,
                offset: (1, 0)
            ),
        ]
        let problem = failure { try archive(dump.contents + dump.block(7, LooseDump.rows)) }
        // Rows of a table that the dump does not create are those of an extension.
        let isWhole = (table == rows) == (name == "t")
        #expect(isWhole ? problem == "" : problem.contains("belong to a table with another number or name"))
    }

    @Test(arguments: [("TABLE", "two tables have the number 5"), ("TABLE DATA", "two entries hold rows of the table")])
    func tablesAndRowsWithOneNumberAreDamage(kind: String, problem: String) {
        var dump = LooseDump()
        let isData = kind == "TABLE DATA"
        dump.entries = [3, 4].map {
            .init(id: $0, kind: kind, object: 5, section: isData ? 3 : 2, offset: isData ? (1, 0) : nil)
        }
        let blocks = isData ? dump.block(3, LooseDump.rows) + dump.block(4, LooseDump.rows) : []
        #expect(failure { try archive(dump.contents + blocks) }.contains(problem))
    }

    /// Its rows would be passed over.
    @Test(arguments: [UInt8(1), 3]) func dataOfAnUnknownKindAreDamage(state: UInt8) {
        var dump = LooseDump()
        dump.entries = [
            .init(
                id: 7,
                kind: "TABLE DATB",
                copy: "COPY t FROM stdin;",
                section: 3,
                offset: state == 3 ? nil : (state, 0)
            )
        ]
        #expect(failure { try archive(dump.contents) }.contains("has an unknown form"))
    }

    @Test func aBlockOfAPipeThatNoEntryHasIsDamage() {
        var dump = LooseDump()
        dump.entries = [.init(id: 7, kind: "TABLE DATA", copy: "COPY t FROM stdin;", section: 3, offset: (1, 0))]
        let bytes = dump.contents + dump.block(7, LooseDump.rows) + dump.block(8, LooseDump.rows)
        #expect(failure { try archive(bytes) }.contains("has an unknown form"))
    }

    @Test func statisticsAreItemsAfterTheRows() throws {
        var dump = LooseDump(version: 16)
        let sql = "SELECT * FROM pg_catalog.pg_restore_relation_stats('relname', 't');"
        dump.entries = [
            .init(id: 3, kind: "TABLE"), .init(id: 4, kind: "STATISTICS DATA", definition: sql, section: 3),
            .init(id: 5, kind: "INDEX", section: 4), .init(id: 6, kind: "STATISTICS DATA", definition: sql, section: 4),
        ]
        let items = try archive(dump.contents).toc.schemaItems()
        #expect(items.map(\.kind) == ["TABLE", "STATISTICS DATA", "INDEX", "STATISTICS DATA"])
        #expect(items.map(\.section) == [.preData, .postData, .postData, .postData])
        #expect(items[1].sql == sql)
    }

    @Test func twoEntriesWithOneNumberAreDamage() {
        var dump = LooseDump()
        let entry = LooseDump.Entry(id: 7, kind: "TABLE DATA", copy: "COPY t FROM stdin;", section: 3, offset: (1, 0))
        dump.entries = [entry, entry]
        let bytes = dump.contents + dump.block(7, LooseDump.rows)
        #expect(failure { try archive(bytes) }.contains("two entries with the number 7"))
    }

    @Test func aBlockWithinTheHeadOfAnotherIsDamage() throws {
        var dump = LooseDump()
        func entry(_ id: Int, at offset: Int) -> LooseDump.Entry {
            .init(id: id, kind: "TABLE DATA", copy: "COPY t FROM stdin;", section: 3, offset: (2, offset))
        }
        // The number 1 of the first block and the length after it look like the header of the second one.
        dump.entries = [entry(1, at: 0), entry(5 << 24, at: 0)]
        let start = dump.contents.count
        dump.entries = [entry(1, at: start), entry(5 << 24, at: start + 2)]
        let bytes = dump.contents + dump.block(1, Array("\\.\n\n\n".utf8))
        #expect(failure { try archive(bytes) }.contains("not where its table of contents says"))
    }

    @Test func aCancelledTaskStopsReading() async {
        let bytes = LooseDump.custom(LooseDump.rows)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try archive(bytes)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test(arguments: [(LooseDump.lz4Rows, 2), (LooseDump.zstdRows, 3)])
    func theReaderStaysAtTheEnd(packed: [UInt8], compression: Int) throws {
        let archive = try archive(LooseDump.custom(packed, compression: compression, version: 15))
        let read = try archive.text(of: try #require(archive.dataEntries.first))
        var memory = [UInt8](repeating: 0, count: 100)
        var counts: [Int] = []
        for _ in 0..<40 { counts.append(try memory.withUnsafeMutableBytes { try read($0) }) }
        #expect(counts.reduce(0, +) == LooseDump.rows.count)
        #expect(counts.suffix(35).allSatisfy { $0 == 0 })
    }

    @Test func statementsInAnotherEncodingBecomeUnicode() throws {
        var dump = LooseDump(encoding: "LATIN1")
        dump.entries = [LooseDump.Entry(id: 2, kind: "COMMENT", tag: "?")]
        var bytes = dump.contents
        let place = try #require(bytes.lastIndex(of: UInt8(ascii: "?")))
        bytes[place] = 0xE9
        #expect(try archive(bytes).toc.entries.last?.tag == "é")
    }
}

// MARK: Folders and tars
@Suite struct DumpFolderTests {
    private func contents(_ file: String, version: UInt8 = 14, kind: String = "TABLE DATA", id: Int = 7) -> [UInt8] {
        var dump = LooseDump(version: version, format: 3)
        let copy = kind == "BLOBS" ? "" : "COPY public.t (a, b) FROM stdin;"
        dump.entries = [LooseDump.Entry(id: id, kind: kind, copy: copy, section: 3, file: file)]
        return dump.contents
    }

    private func count(_ archive: DumpArchive) throws -> Int {
        var rows = try archive.rows(of: try #require(archive.dataEntries.first))
        while try rows.next({ _ in }) {}
        return rows.rows
    }

    @Test(arguments: [("", LooseDump.rows), (".lz4", LooseDump.lz4Rows), (".zst", LooseDump.zstdRows)])
    func aFileIsFoundWithTheSuffixOfItsMethod(suffix: String, packed: [UInt8]) async throws {
        try await ScratchFolder.with { folder in
            try folder.write(contents("7.dat"), to: "toc.dat")
            try folder.write(packed, to: "7.dat\(suffix)")
            #expect(try count(DumpArchive(path: folder.path)) == 2)
        }
    }

    @Test(arguments: ["../toc.dat", "/etc/passwd", "..", ".", "a/b"])
    func aFileOutsideOfTheFolderIsRefused(name: String) async throws {
        try await ScratchFolder.with { folder in
            try folder.write(contents(name), to: "toc.dat")
            let archive = try DumpArchive(path: folder.path)
            #expect(throws: ArchiveError.self) { try count(archive) }
            let report = try await DumpVerification(archive, jobs: 1).run()
            #expect(report.problems.map(\.problem) == ["it names a file outside the folder"])
        }
    }

    @Test func aLinkIsNotFollowed() async throws {
        try await ScratchFolder.with { folder in
            try folder.write(contents("7.dat"), to: "toc.dat")
            try folder.write(LooseDump.rows, to: "elsewhere")
            #expect(shell("ln -s elsewhere '\(folder.file("7.dat"))'").status == 0)
            #expect(throws: StorageError.self) { try count(DumpArchive(path: folder.path)) }
        }
    }

    @Test(arguments: [UInt8(14), 16])
    func largeObjectsOfAFolderAreListedInAFile(version: UInt8) async throws {
        try await ScratchFolder.with { folder in
            try folder.write(contents("blobs.toc", version: version, kind: "BLOBS", id: 9), to: "toc.dat")
            try folder.write("5 blob_5.dat\n6 blob_6.dat\n", to: version >= 16 ? "blobs_9.toc" : "blobs.toc")
            try folder.write([1, 2, 3], to: "blob_5.dat")
            try folder.write([UInt8](), to: "blob_6.dat")
            let archive = try DumpArchive(path: folder.path)
            var objects = try archive.largeObjects(of: try #require(archive.dataEntries.first))
            var memory = [UInt8](repeating: 0, count: 8)
            let piece = try memory.withUnsafeMutableBytes { try objects.next(into: $0) }
            #expect(piece?.oid == 5)
            #expect(piece?.byteCount == 3)
            #expect(try memory.withUnsafeMutableBytes { try objects.next(into: $0) } == nil)
            #expect(objects.objects == 2)
        }
    }

    @Test(arguments: ["5 a\n5 b\n", "5 a\n6 a\n"])
    func aLargeObjectThatIsListedTwiceIsDamage(list: String) async throws {
        try await ScratchFolder.with { folder in
            try folder.write(contents("blobs.toc", kind: "BLOBS", id: 9), to: "toc.dat")
            try folder.write(list, to: "blobs.toc")
            for name in ["a", "b"] { try folder.write([1], to: name) }
            let report = try await DumpVerification(DumpArchive(path: folder.path), jobs: 1).run()
            #expect(report.problems.map(\.problem) == ["it lists a large object twice"])
        }
    }

    @Test func aListOfLargeObjectsThatNeedsTooMuchMemoryIsNotRead() async throws {
        try await ScratchFolder.with { folder in
            try folder.write(contents("blobs.toc", kind: "BLOBS", id: 9), to: "toc.dat")
            #expect(shell("truncate -s 257M '\(folder.file("blobs.toc"))'").status == 0)
            let archive = try DumpArchive(path: folder.path)
            let entry = try #require(archive.dataEntries.first)
            let error = #expect(throws: ArchiveError.self) { _ = try archive.largeObjects(of: entry).objects }
            #expect(error?.message == "it lists large objects in more than 256 MiB")
        }
    }

    @Test func twoEntriesWithOneFileAreDamage() async throws {
        var dump = LooseDump(format: 3)
        dump.entries = [7, 8].map {
            .init(id: $0, kind: "TABLE DATA", copy: "COPY public.t (a, b) FROM stdin;", section: 3, file: "7.dat")
        }
        let toc = dump.contents
        try await ScratchFolder.with { folder in
            try folder.write(toc, to: "toc.dat")
            try folder.write(LooseDump.rows, to: "7.dat")
            let error = #expect(throws: ArchiveError.self) { try DumpArchive(path: folder.path) }
            #expect(error?.message == "two entries of its table of contents name the file 7.dat")
        }
    }

    @Test func aTarHasTheSameFilesAsMembers() throws {
        let tar =
            LooseDump.member("toc.dat", contents("7.dat")) + LooseDump.member("7.dat", LooseDump.rows)
            + LooseDump.tarEnd
        let archive = try DumpArchive(MemorySource(tar), name: "a.tar")
        #expect(archive.kind == .tar)
        #expect(try count(archive) == 2)
    }

    @Test func aTarWithALinkOrAMemberTwiceOrWithoutItsEndIsDamage() throws {
        let toc = LooseDump.member("toc.dat", contents("7.dat"))
        let rows = LooseDump.member("7.dat", LooseDump.rows)
        let link = LooseDump.member("7.dat", [], type: UInt8(ascii: "2"))
        for tar in [toc + link + LooseDump.tarEnd, toc + rows + rows + LooseDump.tarEnd, toc + rows] {
            #expect(throws: ArchiveError.self) { try DumpArchive(MemorySource(tar), name: "a.tar") }
        }
    }

    @Test func aSizePastTheEndOfTheTarIsDamage() throws {
        var tar =
            LooseDump.member("toc.dat", contents("7.dat")) + LooseDump.member("7.dat", LooseDump.rows)
            + LooseDump.tarEnd
        // The size in base 256, with a correct checksum.
        let header = LooseDump.member("toc.dat", contents("7.dat")).count
        let field = (header + 124)..<(header + 136)
        let before = tar[field].reduce(0) { $0 + Int($1) }
        tar.replaceSubrange(field, with: [0x80] + [UInt8](repeating: 0, count: 3) + [UInt8](repeating: 0x7F, count: 8))
        let sum = tar[header..<(header + 512)].enumerated().reduce(0) {
            (148..<156).contains($1.offset) ? $0 + 32 : $0 + Int($1.element)
        }
        let digits = String(sum, radix: 8)
        tar.replaceSubrange(
            (header + 148)..<(header + 154),
            with: (String(repeating: "0", count: 6 - digits.utf8.count) + digits).utf8
        )
        #expect(before > 0)
        #expect(throws: ArchiveError.self) { try DumpArchive(MemorySource(tar), name: "a.tar") }
    }
}

@Suite struct DumpVerificationTests {
    @Test func theRowsOfAWholeDumpAreCountedAndOpenQuestionsReported() async throws {
        let archive = try DumpArchive(MemorySource(LooseDump.custom(LooseDump.rows)), name: "a.dump")
        let report = try await DumpVerification(archive, jobs: 2).run()
        #expect(report.problems == [])
        #expect((report.members, report.rows, report.rawBytes) == (1, 2, 11))
        #expect(report.unchecked.count == 2)
        #expect(report.unchecked.contains { $0.contains("no row counts and no digests") })
        #expect(report.unchecked.contains { $0.contains("a changed byte in a row or a statement goes unnoticed") })
    }

    @Test func aChangedByteOfACompressedBlockIsFound() async throws {
        var bytes = LooseDump.custom(LooseDump.zlibRows, compression: -1)
        bytes[bytes.count - 12] ^= 0xFF
        let archive = try DumpArchive(MemorySource(bytes), name: "a.dump")
        let report = try await DumpVerification(archive, jobs: 1).run()
        #expect(report.problems.count == 1)
        // The report names the rows in front of the problem.
        let problem = try #require(report.problems.first)
        #expect(problem.member.hasPrefix("rows of ") && !problem.problem.contains(problem.member), "\(problem)")
        #expect(report.unchecked.count == 2)
        #expect(report.unchecked.contains { $0.contains("a changed byte in a statement goes unnoticed") })
    }

    @Test(
        arguments: [
            ([5], "the contents of 1 that the table of contents lists are missing, 6 among them"),
            ([5, 5], "the content of 5 comes twice, or the table of contents does not list it"),
            ([5, 7], "the content of 7 comes twice, or the table of contents does not list it"), ([6, 5], nil),
        ] as [([Int], String?)]
    )
    func largeObjectsAreHeldAgainstTheTableOfContents(found: [Int], problem: String?) async throws {
        for version in [UInt8(14), 16] {
            var dump = LooseDump(version: version)
            let isNew = version >= 16
            // Another list and its contents, which since version 1.16 are entries of their own.
            dump.entries =
                isNew
                ? [
                    .init(id: 3, kind: "BLOB METADATA", definition: "5\n6\n"),
                    .init(id: 4, kind: "BLOB METADATA", definition: "8\n"),
                ]
                : [.init(id: 3, kind: "BLOB", tag: "5"), .init(id: 4, kind: "BLOB", tag: "6")]
            dump.entries.append(.init(id: 8, kind: "BLOBS", section: 3, dependencies: isNew ? [3] : [], offset: (1, 0)))
            let block = dump.block(8, objects: found.map { ($0, [1]) })
            let archive = try DumpArchive(MemorySource(dump.contents + block), name: "a.dump")
            let report = try await DumpVerification(archive, jobs: 1).run()
            #expect(report.problems.map(\.problem) == [problem].compactMap(\.self), "\(version)")
        }
    }

    /// pg_dump --section=data.
    @Test func largeObjectsWithoutAListAreReadAndNamed() async throws {
        var dump = LooseDump()
        dump.entries = [.init(id: 8, kind: "BLOBS", section: 3, offset: (1, 0))]
        let archive = try DumpArchive(MemorySource(dump.contents + dump.block(8, objects: [(5, [1])])), name: "a.dump")
        let report = try await DumpVerification(archive, jobs: 1).run()
        #expect(report.problems == [])
        #expect(report.unchecked.contains { $0.contains("does not list its large objects") })
    }
}

/// Data that unpack to much more than the memory there is.
@Suite(.serialized) struct DumpBombTests {
    /// 256 MiB of one letter, a newline and the end mark.
    private static let letters = 256 << 20

    /// A frame that repeats one byte in blocks of 128 KiB, and one with the end. Source: RFC 8878.
    private static var zstd: [UInt8] {
        let head: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38]
        let end = Array("\n\\.\n\n\n".utf8)
        let count = letters >> 17
        let blocks = (1...count).flatMap { number -> [UInt8] in
            block(1, size: 1 << 17, isLast: number == count) + [0x78]
        }
        return [head, blocks, head, block(0, size: end.count, isLast: true), end].flatMap { $0 }
    }

    private static func block(_ kind: Int, size: Int, isLast: Bool) -> [UInt8] {
        let header = (isLast ? 1 : 0) | kind << 1 | size << 3
        return (0..<3).map { UInt8(truncatingIfNeeded: header >> (8 * $0)) }
    }

    @Test(arguments: [".zst", ".gz"]) func aBombCostsNoMemory(suffix: String) async throws {
        try await ScratchFolder.with { folder in
            var dump = LooseDump(version: 16, format: 3)
            dump.entries = [.init(id: 7, kind: "TABLE DATA", copy: "COPY t FROM stdin;", section: 3, file: "7.dat")]
            try folder.write(dump.contents, to: "toc.dat")
            if suffix == ".zst" {
                try folder.write(Self.zstd, to: "7.dat.zst")
            } else {
                let letters = "head -c \(Self.letters) /dev/zero | tr '\\0' x"
                let made = await longShell(
                    "{ \(letters); printf '\\n\\\\.\\n\\n\\n'; } | gzip -1 > '\(folder.file("7.dat.gz"))'"
                )
                #expect(made.status == 0)
            }
            // 192 MiB of writable memory, of which the command itself needs about a third.
            let granary = try granaryBinary()
            let outcome = await longShell("ulimit -d 196608 && '\(granary)' verify --jobs 1 '\(folder.path)'")
            #expect(outcome.status == 0, "\(outcome.output)")
            #expect(outcome.output.contains("1 member, 1 row"), "\(outcome.output)")
        }
    }
}
