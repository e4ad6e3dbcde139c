import Glibc
import TestSupport
import Testing

@testable import LocalServer

@Suite struct PlaceTests {
    @Test func aSocketPathOf107BytesFitsAnd108DoNot() {
        let tail = "/.s.PGSQL.5432".utf8.count
        #expect(ClusterPlace.fitsSocket("/" + String(repeating: "a", count: 107 - tail - 1)))
        #expect(!ClusterPlace.fitsSocket("/" + String(repeating: "a", count: 108 - tail - 1)))
    }

    @Test func theRecordReadsBackWhatWasWritten() {
        let record = ClusterRecord(
            project: "/home/ä b/100%\nsure",
            dataFolder: "server/data",
            socketFolder: "/run/user/1000/granary-1",
            port: 5432,
            version: "15.18",
            superuser: "granary",
            owner: 1000
        )
        #expect(ClusterRecord(text: record.text) == record)
        #expect(ClusterRecord(text: "") == nil)
        #expect(ClusterRecord(text: record.text.replacing("port = 5432", with: "port = many")) == nil)
        #expect(ClusterRecord(text: record.text.replacing("%0A", with: "%0")) == nil)
    }

    @Test func aFolderThatIsNotOursIsRefused() async throws {
        try await ScratchFolder.with { scratch in
            let link = scratch.file("link")
            symlink("/tmp", link)
            let error = await localServerError {
                try PrivateFolder.make(link, owner: geteuid(), group: getegid())
            }
            #expect(error?.code == .folder)
            let foreign = scratch.file("foreign")
            mkdir(foreign, 0o700)
            let other = await localServerError {
                try PrivateFolder.make(foreign, owner: geteuid() + 1, group: getegid())
            }
            #expect(other?.code == .folder)
        }
    }

    @Test func aFolderThatIsOpenIsClosedToOthers() async throws {
        try await ScratchFolder.with { scratch in
            let folder = scratch.file("open")
            mkdir(folder, 0o755)
            chmod(folder, 0o755)
            try PrivateFolder.make(folder, owner: geteuid(), group: getegid())
            var info = stat()
            #expect(stat(folder, &info) == 0 && info.st_mode & 0o777 == 0o700)
        }
    }

    @Test func aLockIsHeldByOneAndFreeAfterwards() async throws {
        try await ScratchFolder.with { scratch in
            let path = scratch.file("lock")
            let lock = try InheritedLock.attempt(path)
            #expect(try !isFree(path))
            var calls = 0
            let isLate = try await InheritedLock.wait(for: path, within: .milliseconds(50)) { calls += 1 } == nil
            #expect(isLate && calls == 1)
            _ = consume lock
            // A child process of another test may have a copy of the descriptor until it runs exec.
            let again = try await InheritedLock.wait(for: path, within: .seconds(5)) != nil
            #expect(again)
        }
    }
}
