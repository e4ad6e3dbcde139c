import Glibc
import Testing

@testable import Archive

@Suite struct FileSourceTests {
    @Test func aRangeIsReadAndTheEndIsNotPassed() throws {
        let folder = Folder()
        let source = try FileSource(path: folder.write(Array("0123456789".utf8), as: "a"))
        #expect(source.byteCount == 10)
        #expect(try source.bytes(at: 3, count: 7) == Array("3456789".utf8))
        let error = archiveError { _ = try source.bytes(at: 3, count: 8) }
        #expect(error?.code == .damaged)
        #expect(error?.message == "\(folder.file("a")): the file ends early")
    }

    @Test func whatIsNoFileIsRefused() throws {
        let folder = Folder()
        let missing = archiveError { _ = try FileSource(path: folder.file("missing.zip")) }
        #expect(missing?.message == "\(folder.file("missing.zip")) could not be opened: No such file or directory")
        #expect(missing?.hint == "check the path")
        let directory = archiveError { _ = try FileSource(path: folder.path) }
        #expect(directory?.message == "\(folder.path) is not a file")
        #expect(directory?.hint == "name an archive")
        _ = shell("mkfifo '\(folder.file("pipe"))'")
        #expect(archiveError { _ = try FileSource(path: folder.file("pipe")) }?.hint == "name an archive")
    }
}
