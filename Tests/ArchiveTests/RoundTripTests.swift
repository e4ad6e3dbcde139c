import Cryptography
import Testing

@testable import Archive

@Suite struct RoundTripTests {
    private static let lines = ["1\tAda", "2\t\\N", "", "4\tzwölf\\t\\n", String(repeating: "x", count: 3000)]

    private static let levels = Compression.Engine.builtIn.flatMap { engine in
        [0, 1, 3, 6, 9].filter(engine.levels.contains).map { (engine, $0) }
    }

    @Test(arguments: levels)
    func rowsComeBackAsTheyWere(_ engine: Compression.Engine, _ level: Int) throws {
        var sample = try Sample(Compression(engine: engine, level: level))
        try sample.add(table: "users", chunks: [Self.lines, ["6\tsix"]])
        let archive = try ArchiveReader(MemorySource(sample.finish()))
        let table = try #require(archive.manifest.tables.first)
        #expect(table.chunks.map(\.member) == ["data/000001-users/000001.copy", "data/000001-users/000002.copy"])
        #expect(table.chunks.map(\.rows) == [5, 1])
        #expect(table.rows == 6)
        #expect(try archive.rows(of: table.chunks[0]).bytes == Array((Self.lines.joined(separator: "\n") + "\n").utf8))
        #expect(try archive.rows(of: table.chunks[1]).bytes == Array("6\tsix\n".utf8))
        let first = try archive.entry("data/000001-users/000001.copy")
        #expect(first.method == (level == 0 ? ZipFormat.stored : ZipFormat.deflated))
        #expect(first.rawBytes == 3026)
        #expect(level == 0 ? first.storedBytes == 3026 : first.storedBytes < 100)
    }

    @Test func theHighestLevelOfLibdeflateIsReadAsWell() throws {
        var sample = try Sample(Compression(engine: .deflate, level: 12))
        try sample.add(table: "users", chunks: [Self.lines])
        let archive = try ArchiveReader(MemorySource(sample.finish()))
        let chunk = try #require(archive.manifest.tables.first?.chunks.first)
        #expect(try archive.rows(of: chunk).bytes == Array((Self.lines.joined(separator: "\n") + "\n").utf8))
    }

    @Test func levelsThatAnEngineDoesNotHaveAreRefused() throws {
        let limits = [
            (Compression.Engine.deflate, 13, "0 and 12"), (.deflate, -1, "0 and 12"), (.zlib, 10, "0 and 9"),
            (.zlib, -1, "0 and 9"), (.igzip, 4, "0 and 3"), (.igzip, -1, "0 and 3"),
        ]
        for (engine, level, limits) in limits where engine.isBuiltIn {
            let error = archiveError { _ = try Compression(engine: engine, level: level) }
            #expect(error?.code == .compression)
            #expect(error?.description == "compression level \(level) is not between \(limits)")
            #expect(error?.hint == "1 is fast, \(engine == .igzip ? 3 : 6) is small")
        }
        #expect(try Compression(engine: .deflate, level: 0).level == 0)
        #expect(try Compression(engine: .zlib, level: 9).level == 9)
    }

    @Test(arguments: Compression.Engine.builtIn)
    func incompressibleChunksAreStored(_ engine: Compression.Engine) throws {
        var generator = SeededGenerator(seed: 7)
        // Random bytes without line ends.
        let row = generator.bytes(20_000).map { $0 == 10 ? 11 : $0 } + [10]
        let writer = ArchiveWriter(sink: MemorySink())
        var builder = ChunkBuilder(compression: try Compression(engine: engine, level: engine == .igzip ? 3 : 9))
        row.withUnsafeBytes { builder.append($0) }
        let chunk = try writer.append(&builder, folder: "data/000001-noise")
        #expect(chunk.storedBytes == 20_001)
        #expect(chunk.rawBytes == 20_001)
        #expect(chunk.sha256 == row.withUnsafeBytes { SHA256.text(of: $0) })
    }

    @Test func aBinaryChunkIsOneRowWhateverItHolds() async throws {
        var sample = try Sample()
        try sample.add(table: "wide", chunks: [])
        try sample.add(binary: [Array("PGCOPY\n".utf8), [0, 10, 10, 13], Array(repeating: 10, count: 100)])
        let bytes = try sample.finish()
        let archive = try ArchiveReader(MemorySource(bytes))
        let chunk = try #require(archive.manifest.tables.first?.chunks.first)
        #expect(chunk.isBinary)
        #expect(chunk.rows == 1)
        #expect(chunk.rawBytes == 111)
        #expect(
            try archive.rows(of: chunk).bytes
                == Array("PGCOPY\n".utf8) + [0, 10, 10, 13] + Array(repeating: 10, count: 100)
        )
        let report = try await verify(bytes)
        #expect(report.sentences == [])
        #expect(report.rows == 1)
    }

    @Test func rowsOfATableWithoutColumnsAreEmptyLines() async throws {
        var sample = try Sample()
        try sample.add(table: "nothing", chunks: [["", "", ""]])
        let bytes = try sample.finish()
        let table = try #require(try ArchiveReader(MemorySource(bytes)).manifest.tables.first)
        #expect(table.rows == 3)
        #expect(table.rawBytes == 3)
        #expect(table.digest.description == "8713800faa7abe46")
        #expect(try await verify(bytes).sentences == [])
    }

    @Test func otherFilesComeBackAndAreFoundByName() throws {
        let archive = try ArchiveReader(MemorySource(Sample.small()))
        #expect(try archive.contents(of: "migrations/000001_users.up.sql") == [])
        #expect(
            try archive.contents(of: "schema/pre-data.sql")
                == Array("CREATE TABLE public.users (id bigint, value text);\n".utf8)
        )
        let missing = archiveError { _ = try archive.contents(of: "schema/roles.sql") }
        #expect(missing?.code == .damaged)
        #expect(missing?.description == "schema/roles.sql: it is missing")
        let large = archiveError { _ = try archive.contents(of: "schema/pre-data.sql", limit: 50) }
        #expect(large?.description == "schema/pre-data.sql: 51 bytes exceed the size limit")
        #expect(try archive.contents(of: "schema/pre-data.sql", limit: 51).count == 51)
    }

    @Test func aManifestWithEveryKeyComesBackEqual() throws {
        var sample = try Sample()
        var manifest = FormatDocument.everyKey
        manifest.database.owner = "sh\u{00e9}p \"quoted\" \u{0} \u{7} \u{2028}"
        manifest.database.comment = "a\nb"
        manifest.sequences[0].lastValue = .min
        manifest.tables[0].kind = .partitioned
        (manifest.tables[0].isUnlogged, manifest.tables[0].dataLeftOut) = (true, true)
        sample.manifest = manifest
        let key = try #require(SealKey(SealKey.random()))
        let found = try ArchiveReader(MemorySource(sample.finish(sealedBy: key))).manifest
        var expected = manifest
        // The writer creates the seal.
        expected.seal = found.seal
        #expect(found == expected)
        #expect(found.seal?.key == key.name)
    }
}
