import Testing

@testable import Archive

/// Members above 64 MiB are read in slabs, so that memory use does not grow with them.
@Suite(.serialized) struct LargeMemberTests {
    /// A line of `count` bytes, including the newline.
    private func withLine<R>(_ count: Int, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        let line = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        defer { line.deallocate() }
        line.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "x"))
        line[count - 1] = 10
        return try body(UnsafeRawBufferPointer(line))
    }

    @Test(arguments: [(0, 64 << 20), (0, (64 << 20) + 1), (1, 64 << 20), (1, (64 << 20) + 1)])
    func aMemberIsReadWholeUpTo64MiBAndInSlabsBeyond(_ level: Int, _ count: Int) async throws {
        let sink = MemorySink()
        let writer = ArchiveWriter(sink: sink)
        var builder = ChunkBuilder(compression: try Compression(level: level), targetBytes: 1 << 20)
        withLine(count) { builder.append($0) }
        var table = Manifest.Table(number: 1, oid: 1, schema: "public", name: "t", columns: [], rows: 1)
        table.columns = [.init(name: "value", type: "text")]
        table.digest = builder.finalDigest
        let chunk = try writer.append(&builder, folder: "data/000001-t")
        (table.rawBytes, table.chunks) = (count, [chunk])
        #expect(chunk.rawBytes == count)
        #expect((chunk.storedBytes == count) == (level == 0))
        var manifest = Sample.emptyManifest
        manifest.tables = [table]
        try writer.finish(manifest)

        let archive = try ArchiveReader(MemorySource(sink.bytes))
        var (total, largest, crc) = (0, 0, UInt32(0))
        var reader = ChunkReader()
        try reader.read(chunk, of: archive) { slab in
            total += slab.count
            largest = max(largest, slab.count)
            crc = CRC32.of(slab, after: crc)
        }
        #expect(total == count)
        #expect(crc == withLine(count) { CRC32.of($0) })
        #expect(largest == (count > 64 << 20 ? 1 << 20 : 64 << 20))
        let report = try await verify(sink.bytes)
        #expect(report.sentences == [])
        #expect(report.rows == 1)
    }

    /// Damage in a member that is read in slabs: in its middle, and a stream that is too long or too short.
    @Test(arguments: [0, 1]) func damageInALargeMemberIsFound(_ level: Int) async throws {
        let sink = MemorySink()
        let writer = ArchiveWriter(sink: sink)
        var builder = ChunkBuilder(compression: try Compression(level: level), targetBytes: 1 << 20)
        withLine((64 << 20) + 2) { builder.append($0) }
        var table = Manifest.Table(number: 1, oid: 1, schema: "public", name: "t", columns: [], rows: 1)
        table.columns = [.init(name: "value", type: "text")]
        table.digest = builder.finalDigest
        table.chunks = [try writer.append(&builder, folder: "data/000001-t")]
        table.rawBytes = table.chunks[0].rawBytes
        var manifest = Sample.emptyManifest
        manifest.tables = [table]
        try writer.finish(manifest)
        var bytes = sink.bytes
        let place = 60 + table.chunks[0].storedBytes / 2
        bytes[place] ^= 4
        let report = try await verify(bytes)
        #expect(report.problems.map(\.member) == ["data/000001-t/000001.copy"])
        guard level == 1 else { return }
        bytes[place] ^= 4
        for change in [-1, 1] {
            var members = try Rebuilding.members(of: bytes)
            members[0].entry.rawBytes += change
            let rebuilt = Rebuilding.zip(members)
            let problems = try await verify(rebuilt).problems
            #expect(problems.map(\.member) == ["data/000001-t/000001.copy"])
            let expected =
                change < 0 ? "its decompressed content is larger than its declared size" : "its content ends early"
            #expect(problems.map(\.problem) == [expected])
        }
    }
}
