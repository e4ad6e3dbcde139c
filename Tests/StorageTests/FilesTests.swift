import Glibc
import Storage
import TestSupport
import Testing

@Suite struct FilesTests {
    @Test func namesAreSortedByteByByte() throws {
        let folder = Folder()
        for name in ["b", "A", "é", "a", ".hidden"] { _ = try folder.write([], as: name) }
        #expect(try Files.names(in: folder.path) == [".hidden", "A", "a", "b", "é"])
        #expect(Files.visibleNames(in: folder.path) == ["A", "a", "b", "é"])
    }

    @Test func aMissingFolderIsDistinguishedFromAnUnreadableOne() throws {
        let folder = Folder()
        let file = try folder.write([], as: "file")
        let missing = #expect(throws: SystemError.self) { try Files.names(in: folder.file("none")) }
        #expect(missing?.number == ENOENT)
        #expect(missing?.description == "No such file or directory")
        #expect(#expect(throws: SystemError.self) { try Files.names(in: file) }?.number == ENOTDIR)
        #expect(Files.visibleNames(in: folder.file("none")) == [])
    }

    @Test(arguments: [0, 1, 4095, 4096, 4097, 1_000_000]) func aFileIsReadWhole(_ count: Int) throws {
        let folder = Folder()
        let content = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let file = try folder.write(content, as: "file")
        #expect(try Files.bytes(of: file) == content)
        #expect(try Files.bytes(of: file, from: count / 2) == Array(content[(count / 2)...]))
    }

    /// Files in /proc report a size of 0.
    @Test func aFileOfUnknownSizeIsReadWhole() throws {
        #expect(try Files.text(of: "/proc/self/status").contains("\nThreads:"))
    }

    @Test func aPipeIsRefusedAtOnceWhereOnlyFilesAreAllowed() throws {
        let folder = Folder()
        _ = shell("mkfifo '\(folder.file("pipe"))'")
        let pipe = #expect(throws: SystemError.self) { try Files.bytes(of: folder.file("pipe"), onlyRegular: true) }
        #expect(pipe?.number == EINVAL)
        let place = #expect(throws: SystemError.self) { try Files.bytes(of: folder.path, onlyRegular: true) }
        #expect(place?.number == EISDIR)
    }

    @Test func anExistingFileIsNotReplaced() throws {
        let folder = Folder()
        let file = try folder.write([1], as: "file")
        #expect(#expect(throws: SystemError.self) { try Files.create(file, [2]) }?.number == EEXIST)
        #expect(try Files.bytes(of: file) == [1])
    }

    @Test func replacingKeepsModeAndLinks() throws {
        let folder = Folder()
        let file = try folder.write([1], as: "file")
        chmod(file, 0o640)
        symlink("file", folder.file("link"))
        try Files.replace(folder.file("link"), [2, 3])
        #expect(try Files.bytes(of: file) == [2, 3])
        #expect(fileMode(file) == 0o640)
        #expect(Files.isLink(folder.file("link")))
        #expect(try Files.names(in: folder.path) == ["file", "link"])
    }

    @Test func aNewFileGetsTheGivenMode() throws {
        let folder = Folder()
        try Files.replace(folder.file("new"), [1], mode: 0o600)
        #expect(fileMode(folder.file("new")) == 0o600)
    }

    @Test func aFileThatCannotBeReplacedIsUnchanged() throws {
        let folder = Folder()
        _ = shell("mkdir '\(folder.file("folder"))'")
        #expect(throws: SystemError.self) { try Files.replace(folder.file("folder"), [1]) }
        #expect(try Files.names(in: folder.path) == ["folder"])
    }

    @Test func foldersAreMadeAsFarAsTheyAreMissing() throws {
        let folder = Folder()
        #expect(try Files.makeFolders(folder.file("a//b"), mode: 0o700) == [folder.file("a"), folder.file("a/b")])
        #expect(try Files.makeFolders(folder.file("a/b/c"), mode: 0o700) == [folder.file("a/b/c")])
        #expect(try Files.makeFolders(folder.file("a/b/c"), mode: 0o700) == [])
        #expect(fileMode(folder.file("a/b/c")) == 0o700)
    }

    @Test func aFailureLeavesNoneOfItsFolders() throws {
        let folder = Folder()
        let name = String(repeating: "x", count: 300)
        let error = #expect(throws: SystemError.self) {
            try Files.makeFolders(folder.file("a/\(name)"), mode: 0o700)
        }
        #expect(error?.path == folder.file("a/\(name)"))
        #expect(error?.number == ENAMETOOLONG)
        #expect(try Files.names(in: folder.path) == [])
    }
}

@Suite struct FileLockTests {
    @Test func aLockIsHeldUntilItsDescriptorIsClosed() throws {
        let folder = Folder()
        let file = try folder.write([], as: "file")
        let (first, second) = (open(file, O_RDONLY | O_CLOEXEC), open(file, O_RDONLY | O_CLOEXEC))
        #expect(FileLock.take(first) == .held)
        #expect(FileLock.take(second) == .busy)
        close(first)
        #expect(FileLock.take(second) == .held)
        close(second)
    }
}
