import Glibc
import Storage
import TestSupport
import Testing

@Suite struct FileSinkTests {
    private func append(_ text: String, to sink: FileSink) throws {
        try Array(text.utf8).withUnsafeBytes { try sink.append($0) }
    }

    private func mode(of path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test func theFileHasItsNameOnlyAfterCommit() throws {
        let folder = Folder()
        let sink = try FileSink(path: folder.file("a.zip"))
        try append("hello", to: sink)
        #expect(folder.names == ["a.zip.partial"])
        #expect(mode(of: folder.file("a.zip.partial")) == 0o600)
        #expect(sink.byteCount == 5)
        try sink.commit()
        #expect(folder.names == ["a.zip"])
        #expect(mode(of: folder.file("a.zip")) == 0o600)
        #expect(contents(of: folder.file("a.zip")) == Array("hello".utf8))
        sink.discard()
        #expect(folder.names == ["a.zip"])
        #expect(storageError { try append("more", to: sink) }?.code == .io)
    }

    @Test func aTakenNameIsRefusedAtOnce() throws {
        let folder = Folder()
        let path = try folder.write([1], as: "a.zip")
        let error = storageError { _ = try FileSink(path: path) }
        #expect(error?.code == .exists)
        #expect(error?.description == "\(path) exists already")
        #expect(error?.hint == "take another name, or replace it with --force")
        #expect(folder.names == ["a.zip"])
    }

    @Test func aNameTakenMeanwhileIsNotReplaced() throws {
        let folder = Folder()
        let path = folder.file("a.zip")
        let sink = try FileSink(path: path)
        try append("ours", to: sink)
        _ = shell("printf theirs > '\(path)'")
        #expect(storageError { try sink.commit() }?.code == .exists)
        #expect(contents(of: path) == Array("theirs".utf8))
        sink.discard()
        #expect(folder.names == ["a.zip"])
    }

    @Test func aLinkToNowhereIsATakenName() throws {
        let folder = Folder()
        _ = shell("ln -s nowhere '\(folder.file("a.zip"))'")
        #expect(storageError { _ = try FileSink(path: folder.file("a.zip")) }?.code == .exists)
    }

    @Test func overwritingReplacesOnlyInTheEnd() throws {
        let folder = Folder()
        let path = try folder.write([1], as: "a.zip")
        let sink = try FileSink(path: path, overwrite: true)
        try append("new", to: sink)
        #expect(contents(of: path) == [1])
        try sink.commit()
        #expect(contents(of: path) == Array("new".utf8))
        #expect(folder.names == ["a.zip"])
    }

    /// A rename would replace /dev/null by a file.
    @Test(arguments: ["mkdir", "mkfifo"]) func onlyFilesAreReplaced(_ command: String) throws {
        let folder = Folder()
        let path = folder.file("a.zip")
        _ = shell("\(command) '\(path)'")
        let error = storageError { _ = try FileSink(path: path, overwrite: true) }
        #expect(error?.code == .exists)
        #expect(error?.description == "\(path) exists and is not a file")
        #expect(folder.names == ["a.zip"])
    }

    @Test func discardingTakesThePartialAway() throws {
        let folder = Folder()
        let sink = try FileSink(path: folder.file("a.zip"))
        try append("half", to: sink)
        sink.discard()
        #expect(folder.names == [])
        let error = storageError { try sink.commit() }
        #expect(error?.code == .io)
        #expect(folder.names == [])
    }

    @Test func aSinkThatIsForgottenDiscards() throws {
        let folder = Folder()
        do {
            let sink = try FileSink(path: folder.file("a.zip"))
            try append("half", to: sink)
            #expect(folder.names == ["a.zip.partial"])
        }
        #expect(folder.names == [])
    }

    @Test func thePartialOfADeadProcessIsOverwritten() throws {
        let folder = Folder()
        _ = shell("printf left-behind > '\(folder.file("a.zip.partial"))'")
        let sink = try FileSink(path: folder.file("a.zip"))
        try append("new", to: sink)
        try sink.commit()
        #expect(contents(of: folder.file("a.zip")) == Array("new".utf8))
        #expect(folder.names == ["a.zip"])
    }

    @Test func twoBackupsDoNotWriteTheSameFile() throws {
        let folder = Folder()
        let sink = try FileSink(path: folder.file("a.zip"))
        let error = storageError { _ = try FileSink(path: folder.file("a.zip")) }
        #expect(error?.code == .busy)
        #expect(error?.description == "another backup is writing \(folder.file("a.zip.partial"))")
        #expect(error?.hint == "wait for it, or use another name")
        try append("first", to: sink)
        try sink.commit()
        #expect(contents(of: folder.file("a.zip")) == Array("first".utf8))
    }

    @Test func onlyAbandonedPartialsAreRemoved() throws {
        let folder = Folder()
        for name in ["a.partial", "b.partial", "c"] { _ = try folder.write([7], as: name) }
        _ = shell("mkfifo '\(folder.file("p.partial"))'; mkdir '\(folder.file("q.partial"))'")
        _ = shell("ln -s c '\(folder.file("r.partial"))'")
        let live = try FileSink(path: folder.file("live"))
        var asked: [String] = []
        let removed = FileSink.removeStalePartials(in: folder.path) { partial in
            asked.append(partial.name)
            #expect(partial.isPrivate)
            #expect(partial.first(64) == [7])
            return partial.name != "b"
        }
        #expect(asked == ["a", "b"])
        #expect(removed == ["a.partial"])
        #expect(folder.names == ["b.partial", "c", "live.partial", "p.partial", "q.partial", "r.partial"])
        try live.commit()
        #expect(FileSink.removeStalePartials(in: folder.file("missing")) { _ in true } == [])
    }

    @Test func twoCleanersAndManyWritersLoseNothing() async throws {
        let folder = Folder()
        let path = folder.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask { for _ in 0..<400 { _ = FileSink.removeStalePartials(in: path) { _ in true } } }
            }
            for worker in 0..<2 {
                group.addTask {
                    for round in 0..<100 {
                        let sink = try FileSink(path: "\(path)/\(worker)-\(round).zip")
                        try Array("\(worker)-\(round)".utf8).withUnsafeBytes { try sink.append($0) }
                        try sink.commit()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(folder.names.count == 200)
        for worker in 0..<2 {
            for round in 0..<100 {
                #expect(contents(of: "\(path)/\(worker)-\(round).zip") == Array("\(worker)-\(round)".utf8))
            }
        }
    }

    @Test func aFolderThatIsNotThereIsSaid() throws {
        let error = storageError { _ = try FileSink(path: "/nonexistent/a.zip") }
        #expect(error?.code == .io)
        #expect(error?.description == "/nonexistent/a.zip.partial could not be made: No such file or directory")
        #expect(error?.hint == "check the path")
    }

    /// A limit on the file size would make the write fail, but it applies to the whole process. A file system of one
    /// page has the same effect, if mounting is allowed.
    @Test func afterAFailedWriteThereIsNoCommit() throws {
        let folder = Folder()
        let mounted = shell("mount -t tmpfs -o size=64k tmpfs '\(folder.path)'").status == 0
        guard mounted else { return }
        defer { _ = shell("umount '\(folder.path)'") }
        let sink = try FileSink(path: folder.file("a.zip"))
        let content = [UInt8](repeating: 7, count: 200_000)
        let error = storageError { try content.withUnsafeBytes { try sink.append($0) } }
        #expect(error?.code == .io)
        #expect(
            error?.description == "\(folder.file("a.zip.partial")) could not be written: No space left on device"
        )
        #expect(error?.hint == "free some space, or write elsewhere with --output")
        #expect(storageError { try append("small", to: sink) }?.code == .io)
        let refusal = storageError { try sink.commit() }
        #expect(refusal?.code == .io)
        #expect(folder.names == ["a.zip.partial"])
        sink.discard()
        #expect(folder.names == [])
    }
}

/// The partial file belongs to this process until it has its final name.
@Suite struct ReplacedPartialTests {
    private func append(_ text: String, to sink: FileSink) throws {
        try Array(text.utf8).withUnsafeBytes { try sink.append($0) }
    }

    /// Cases in which the partial file is lost: replaced by another file, removed, or replaced by a link.
    @Test(arguments: [false, true], ["mv other a.zip.partial", "rm a.zip.partial", "ln -sf other a.zip.partial"])
    func aPartialThatAnotherProgramTookGetsNoName(overwrite: Bool, theft: String) throws {
        let folder = Folder()
        if overwrite { _ = try folder.write(Array("old".utf8), as: "a.zip") }
        let sink = try FileSink(path: folder.file("a.zip"), overwrite: overwrite)
        try append("ours", to: sink)
        _ = shell("cd '\(folder.path)'; printf theirs > other; \(theft)")
        let error = storageError { try sink.commit() }
        #expect(error?.code == .io)
        #expect(
            error?.description
                == "\(folder.file("a.zip")) was not created: another program removed or replaced \(folder.file("a.zip.partial")) while it was written"
        )
        let before = folder.names
        sink.discard()
        // The other process's file is kept, and the old backup is unchanged.
        #expect(folder.names == before)
        if overwrite { #expect(contents(of: folder.file("a.zip")) == Array("old".utf8)) }
        #expect(folder.names.contains("a.zip") == overwrite)
    }

    @Test func aReservedNameIsTheFirstFreeOne() throws {
        let folder = Folder()
        _ = try folder.write([1], as: "a.zip")
        let second = try FileSink.firstFree(stem: folder.file("a"), ending: ".zip")
        let third = try FileSink.firstFree(stem: folder.file("a"), ending: ".zip")
        let other = try FileSink.firstFree(stem: folder.file("a"), ending: ".sql.gz")
        for sink in [second, third, other] { try sink.commit() }
        #expect(folder.names == ["a-2.zip", "a-3.zip", "a.sql.gz", "a.zip"])
    }

    /// Between the check of a name and the creation of the partial file, another backup may take the name.
    @Test func manyAtOnceEachGetANameOfTheirOwn() async throws {
        let folder = Folder()
        let path = folder.path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for round in 0..<50 {
                        let sink = try FileSink.firstFree(stem: "\(path)/a", ending: ".zip")
                        try Array("\(worker)-\(round)".utf8).withUnsafeBytes { try sink.append($0) }
                        try sink.commit()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(folder.names.count == 200)
        #expect(Set(folder.names.map { contents(of: "\(path)/\($0)") }).count == 200)
    }
}

@Suite struct PipeSinkTests {
    @Test func aFullDeviceIsSaidWithAHint() throws {
        let descriptor = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let sink = PipeSink(descriptor: descriptor, wake: -1)
        let error = storageError { try [UInt8](repeating: 7, count: 100).withUnsafeBytes { try sink.append($0) } }
        #expect(error?.code == .io)
        #expect(error?.description == "the output could not be written: No space left on device")
        #expect(error?.hint == "free some space, or write elsewhere with --output")
    }

    /// More bytes than the pipe holds, through blocking and non-blocking pipes.
    @Test(arguments: [false, true]) func everythingComesOutOfAPipe(_ isNonBlocking: Bool) throws {
        let folder = Folder()
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let stream = try #require(popen("sleep 0.2; cat > '\(folder.file("out"))'", "we"))
        if isNonBlocking { _ = fcntl(fileno(stream), F_SETFL, O_NONBLOCK) }
        // The sink has a separate descriptor of the pipe, and the reader waits until the last one is closed.
        do {
            let sink = PipeSink(descriptor: fileno(stream), wake: -1)
            try content.withUnsafeBytes { try sink.append($0) }
            #expect(sink.byteCount == 300_000)
        }
        #expect(pclose(stream) == 0)
        #expect(contents(of: folder.file("out")) == content)
    }
}

/// A pipe that is not read, and an event that ends the wait.
@Suite struct OutputDescriptorTests {
    private let ends = Self.pipeEnds()
    private let wake = Self.pipeEnds()

    private static func pipeEnds() -> (read: CInt, write: CInt) {
        var pair: [CInt] = [0, 0]
        pipe(&pair)
        return (pair[0], pair[1])
    }

    private func giveUp() { Glibc.write(wake.write, "!", 1) }

    private func write(_ count: Int, to output: OutputDescriptor) -> CInt {
        [UInt8](repeating: 7, count: count).withUnsafeBytes { output.write($0) }
    }

    @Test func aWaitForAReaderIsEndedAndTheSharedFlagsAreLeftAlone() throws {
        let flags = fcntl(ends.write, F_GETFL)
        let output = OutputDescriptor(ends.write, wake: wake.read)
        #expect(write(1000, to: output) == 0)
        #expect(output.isReady)
        giveUp()
        #expect(write(1 << 20, to: output) == ECANCELED)
        #expect(!output.isReady)
        #expect(fcntl(ends.write, F_GETFL) == flags && flags & O_NONBLOCK == 0)
    }

    @Test func dataThatFitsIsWrittenEvenAfterTheEnd() throws {
        giveUp()
        #expect(write(60_000, to: OutputDescriptor(ends.write, wake: wake.read)) == 0)
    }

    @Test func patienceIsForAllWritesTogether() throws {
        giveUp()
        let output = OutputDescriptor(ends.write, wake: wake.read, patience: .milliseconds(200))
        let start = ContinuousClock.now
        for _ in 0..<20 { #expect(write(1 << 20, to: output) == ECANCELED) }
        #expect((.milliseconds(200)..<Duration.seconds(60)).contains(.now - start))
    }

    @Test func aSocketIsWaitedForLikeAPipe() throws {
        var pair: [CInt] = [0, 0]
        // A process that another test starts must not keep the other end open.
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &pair) == 0)
        giveUp()
        #expect(write(4 << 20, to: OutputDescriptor(pair[0], wake: wake.read)) == ECANCELED)
        close(pair[1])
        #expect(write(10, to: OutputDescriptor(pair[0], wake: wake.read)) == EPIPE)
        close(pair[0])
    }
}
