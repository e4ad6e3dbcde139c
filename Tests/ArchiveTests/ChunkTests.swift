import Testing

@testable import Archive

@Suite struct ChunkTests {
    /// Whether a chunk of 100 bytes is full after a line of 60 and one of `second` bytes, newlines included.
    @Test(arguments: [(39, 99, false), (40, 100, true), (41, 101, true)])
    func aChunkIsFullFromItsTargetOn(_ second: Int, _ total: Int, _ isFull: Bool) throws {
        var builder = ChunkBuilder(compression: try Compression(), targetBytes: 100)
        var fill = builder.fill
        #expect(fill == .init(rawBytes: 0, rows: 0, isEmpty: true, isFull: false))
        builder.append(line: String(repeating: "a", count: 59))
        fill = builder.fill
        #expect(fill == .init(rawBytes: 60, rows: 1, isEmpty: false, isFull: false))
        builder.append(line: String(repeating: "b", count: second - 1))
        fill = builder.fill
        #expect(fill == .init(rawBytes: total, rows: 2, isEmpty: false, isFull: isFull))
    }

    @Test(arguments: Compression.Engine.builtIn)
    func aRowLargerThanTheTargetStaysWhole(_ engine: Compression.Engine) async throws {
        let large = String(repeating: "0123456789", count: 5000)
        let sink = MemorySink()
        let writer = ArchiveWriter(sink: sink)
        var builder = ChunkBuilder(compression: try Compression(engine: engine), targetBytes: 100)
        var table = Manifest.Table(
            number: 1,
            oid: 1,
            schema: "public",
            name: "t",
            columns: [.init(name: "id", type: "text")]
        )
        for lines in [["small", large], ["after"]] {
            for line in lines { builder.append(line: line) }
            table.digest.merge(builder.finalDigest)
            let chunk = try writer.append(&builder, folder: "data/000001-t")
            let fill = builder.fill
            #expect(fill == .init(rawBytes: 0, rows: 0, isEmpty: true, isFull: false))
            let digest = builder.digest
            #expect(digest == Digest())
            table.chunks.append(chunk)
            table.rows += chunk.rows
            table.rawBytes += chunk.rawBytes
        }
        #expect(table.chunks.map(\.rawBytes) == [50_007, 6])
        var manifest = Sample.emptyManifest
        manifest.tables = [table]
        try writer.finish(manifest)
        let archive = try ArchiveReader(MemorySource(sink.bytes))
        #expect(try archive.rows(of: table.chunks[0]).bytes == Array("small\n\(large)\n".utf8))
        #expect(try archive.rows(of: table.chunks[1]).bytes == Array("after\n".utf8))
        #expect(try await verify(sink.bytes).sentences == [])
    }

    @Test func aBuilderForgetsThatItWasBinary() throws {
        let writer = ArchiveWriter(sink: MemorySink())
        var builder = ChunkBuilder(compression: try Compression(), targetBytes: 100)
        [1, 2, 3].withUnsafeBytes { builder.appendBinary($0) }
        #expect(try writer.append(&builder, folder: "data/x").isBinary)
        builder.append(line: "text")
        let chunk = try writer.append(&builder, folder: "data/x")
        #expect(!chunk.isBinary)
        #expect(chunk.member == "data/x/000002.copy")
    }

    @Test func foldersCountTheirChunksEachForItself() throws {
        let writer = ArchiveWriter(sink: MemorySink())
        var builder = ChunkBuilder(compression: try Compression(), targetBytes: 100)
        let members = try ["data/a", "data/b", "data/a"].map { folder in
            builder.append(line: "1")
            return try writer.append(&builder, folder: folder).member
        }
        #expect(members == ["data/a/000001.copy", "data/b/000001.copy", "data/a/000002.copy"])
    }
}
