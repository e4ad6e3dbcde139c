import Storage
import Synchronization
import Testing

@testable import Archive

@Suite struct WriterTests {
    /// A sink that accepts a number of bytes and then fails once.
    private final class FailingSink: ByteSink {
        private let room: Mutex<Int>
        init(room: Int) { self.room = Mutex(room) }
        var byteCount: Int { 0 }

        func append(_ bytes: UnsafeRawBufferPointer) throws {
            try room.withLock { room in
                guard bytes.count <= room else {
                    room = .max
                    throw ArchiveError(.io, "full")
                }
                room -= bytes.count
            }
        }
    }

    @Test(arguments: [
        "", "/etc/passwd", "../up", "a/../b", "a//b", "a/", "./a", "a\\b", "a\nb", "a\u{7f}", "a\u{9b}2J",
        "a/\u{301}", "..\u{2f}\u{301}x",
    ])
    func namesThatNoReaderWouldTakeAreNotWritten(_ name: String) throws {
        let writer = ArchiveWriter(sink: MemorySink())
        let error = archiveError { _ = try writer.add(name, [1]) }
        // Swift sees a slash with an accent as one character. For the file system it is a slash and a strange name,
        // which is safe.
        guard name != "a/\u{301}" else { return #expect(error == nil) }
        #expect(error?.code == .format)
        #expect(error?.description.hasSuffix("is not safe") == true)
    }

    @Test func aNameIsGivenOnce() throws {
        let sink = MemorySink()
        let writer = ArchiveWriter(sink: sink)
        _ = try writer.add("README.txt", [1])
        let size = sink.byteCount
        let error = archiveError { _ = try writer.add("README.txt", [2]) }
        #expect(error?.description == "the archive has a member README.txt already")
        #expect(sink.byteCount == size)
    }

    @Test func nothingIsWrittenAfterTheEnd() throws {
        let writer = ArchiveWriter(sink: MemorySink())
        try writer.finish(Sample.emptyManifest)
        #expect(archiveError { _ = try writer.add("late", [1]) }?.code == .io)
        #expect(archiveError { try writer.finish(Sample.emptyManifest) }?.code == .io)
    }

    @Test(arguments: [10, 45, 46]) func nothingIsWrittenAfterAFailure(_ room: Int) throws {
        let writer = ArchiveWriter(sink: FailingSink(room: room))
        let content = [UInt8](0...99)
        #expect(archiveError { _ = try writer.add("README.txt", content) }?.message == "full")
        let message = "no member can be added to the archive: it is finished, or an earlier write failed"
        #expect(archiveError { _ = try writer.add("other", [1]) }?.message == message)
        #expect(archiveError { try writer.finish(Sample.emptyManifest) }?.message == message)
    }

    @Test func workersMayAppendAtOnce() async throws {
        let sink = MemorySink()
        let writer = ArchiveWriter(sink: sink)
        var manifest = Sample.emptyManifest
        var table = Manifest.Table(
            number: 1,
            oid: 1,
            schema: "public",
            name: "t",
            columns: [.init(name: "a", type: "text"), .init(name: "b", type: "text")]
        )
        try await withThrowingTaskGroup(of: [(Manifest.Chunk, Digest)].self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var builder = ChunkBuilder(compression: try Compression(), targetBytes: 1000)
                    return try (0..<50).map { round in
                        builder.append(line: "\(worker)\t\(round)")
                        let digest = builder.finalDigest
                        return (try writer.append(&builder, folder: "data/000001-t"), digest)
                    }
                }
            }
            for try await part in group {
                for (chunk, digest) in part {
                    table.chunks.append(chunk)
                    table.digest.merge(digest)
                    table.rows += chunk.rows
                    table.rawBytes += chunk.rawBytes
                }
            }
        }
        manifest.tables = [table]
        try writer.finish(manifest)
        let report = try await verify(sink.bytes, jobs: 2)
        #expect(report.sentences == [])
        #expect(report.rows == 200)
        #expect(report.members == 201)
    }
}
