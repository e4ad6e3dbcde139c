import Glibc
import Storage
import TestSupport
import Testing

@Suite struct FileSourceTests {
    @Test func aRangeIsReadAndTheEndIsNotPassed() throws {
        let folder = Folder()
        let source = try FileSource(path: folder.write(Array("0123456789".utf8), as: "a"))
        #expect(source.byteCount == 10)
        #expect(try source.bytes(at: 3, count: 7) == Array("3456789".utf8))
        let error = storageError { _ = try source.bytes(at: 3, count: 8) }
        #expect(error?.code == .endsEarly)
        #expect(error?.description == "\(folder.file("a")): the file ends early")
    }

    @Test func specialFilesAreRefused() throws {
        let folder = Folder()
        let missing = storageError { _ = try FileSource(path: folder.file("missing.zip")) }
        #expect(missing?.message == "\(folder.file("missing.zip")) could not be opened: No such file or directory")
        #expect(missing?.hint == "check the path")
        let directory = storageError { _ = try FileSource(path: folder.path) }
        #expect(directory?.message == "\(folder.path) is not a file")
        #expect(directory?.hint == "name an archive")
        _ = shell("mkfifo '\(folder.file("pipe"))'")
        #expect(storageError { _ = try FileSource(path: folder.file("pipe")) }?.hint == "name an archive")
    }

    /// More bytes than a pipe holds, from a slow writer that starts late.
    @Test func aPipeCanBeReadAtAnyOffset() throws {
        let folder = Folder()
        let pipe = folder.file("pipe")
        _ = shell("mkfifo '\(pipe)'; cd '\(folder.path)'; seq 200000 > text")
        _ = shell(
            """
            cd '\(folder.path)'
            (sleep 0.3; { head -c 1000 text; sleep 0.3; tail -c +1001 text; } > pipe) > /dev/null 2>&1 &
            """
        )
        let source = try FileSource(path: pipe, takesPipes: true)
        let text = try #require(contents(of: folder.file("text")))
        #expect(source.byteCount == text.count)
        #expect(try source.bytes(at: 1_000_000, count: 1000) == Array(text[1_000_000..<1_001_000]))
        #expect(try source.bytes(at: 0, count: 1000) == Array(text[..<1000]))
    }

    @Test func waitingForThePipesWriterCanBeCancelled() async throws {
        let folder = Folder()
        let pipe = folder.file("pipe")
        _ = shell("mkfifo '\(pipe)'")
        let task = Task { _ = try FileSource(path: pipe, takesPipes: true) }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func theOpenedFileIsReadWhateverHasItsName() throws {
        let folder = Folder()
        let source = try FileSource(path: folder.write(Array("first".utf8), as: "a"))
        _ = shell("cd '\(folder.path)'; printf other > b; mv b a")
        #expect(try source.bytes(at: 0, count: 5) == Array("first".utf8))
        #expect(source.isUnchanged)
    }

    @Test func aWrittenFileCountsAsChanged() throws {
        for change in ["printf x >> a", "printf FIRST | dd of=a conv=notrunc 2>&1", ": > a"] {
            let folder = Folder()
            let source = try FileSource(path: folder.write(Array("first".utf8), as: "a"))
            _ = shell("cd '\(folder.path)'; sleep 0.02; \(change)")
            #expect(!source.isUnchanged, "\(change)")
        }
    }
}
