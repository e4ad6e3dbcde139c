import Glibc
import Storage
import TestSupport
import Testing

@testable import LocalServer

@Suite struct TemporaryServerTests {
    /// A folder for temporary servers, and for root's clusters.
    private func withParent(_ body: (_ parent: String, _ scratch: ScratchFolder) async throws -> Void) async throws {
        try await ScratchFolder.with { scratch in
            chmod(scratch.path, 0o755)
            try await body(scratch.file("servers"), scratch)
        }
    }

    private func with<R: Sendable>(
        in parent: String,
        keeps: Bool = false,
        _ body: (TemporaryServer) async throws -> R
    ) async throws -> R {
        try await TemporaryServer.with(
            in: parent,
            atLeast: nil,
            postgresBin: nil,
            logger: quietLogger,
            keeps: { _ in keeps },
            body
        )
    }

    @Test func theServerIsPrivateAndDeletedAfterwards() async throws {
        try await withParent { parent, scratch in
            let data = try await with(in: parent) { server in
                try await #expect(psql(server.url(database: "postgres"), "SHOW listen_addresses") == "")
                #expect(fileMode(server.folder) == 0o700)
                #expect(Files.exists(server.dataFolder))
                return server.dataFolder
            }
            #expect(!Files.exists(data))
            #expect(scratch.names(in: "servers") == [])
        }
    }

    @Test func itIsDeletedAfterAFailure() async throws {
        try await withParent { parent, scratch in
            await #expect(throws: CommandFailure.self) {
                try await with(in: parent) { _ in throw CommandFailure(description: "planned") }
            }
            #expect(scratch.names(in: "servers") == [])
        }
    }

    @Test func severalRunAtOnce() async throws {
        try await withParent { parent, scratch in
            try await with(in: parent) { first in
                try await with(in: parent) { second in
                    #expect(first.folder != second.folder)
                    try await #expect(psql(first.url(database: "postgres"), "SELECT 1") == "1")
                }
                // The end of the second one is not the end of the first.
                try await #expect(psql(first.url(database: "postgres"), "SELECT 1") == "1")
            }
            #expect(scratch.names(in: "servers") == [])
        }
    }

    /// What a killed process leaves, after each step of a start.
    @Test func leftOversAreDeletedIfTheirLockIsFree() async throws {
        try await withParent { parent, scratch in
            let server = try await with(in: parent, keeps: true) { ($0.folder, $0.dataFolder) }
            let left = server.0
            try scratch.write("", to: "servers/\(left.split(separator: "/").last ?? "").lock")
            let (early, empty, used) = ("1111111111111111", "2222222222222222", "3333333333333333")
            try scratch.write("", to: "servers/\(early).lock")
            try scratch.write("", to: "servers/\(empty).lock")
            mkdir(scratch.file("servers/\(empty)"), 0o700)
            // A type that cannot be copied does not fit in #require.
            guard let busy = try InheritedLock.attempt(scratch.file("servers/\(used).lock")) else {
                Issue.record("the lock is not free")
                return
            }
            mkdir(scratch.file("servers/\(used)"), 0o700)
            try scratch.write("", to: "servers/of-another-program.lock")
            try await with(in: parent) { _ in }
            #expect(scratch.names(in: "servers") == [used, "\(used).lock", "of-another-program.lock"])
            #expect(!Files.exists(server.1))
            _ = consume busy
        }
    }

    /// On a shared home the locks of another host may not be seen.
    @Test func aServerOfAnotherHostIsLeftAlone() async throws {
        try await withParent { parent, scratch in
            mkdir(parent, 0o700)
            let (other, before) = ("1111111111111111", "2222222222222222")
            try scratch.write("of another boot\nanother-host\n", to: "servers/\(other).lock")
            // The same host before it was restarted.
            try scratch.write("of another boot\n\(LockHolder.here.host)\n", to: "servers/\(before).lock")
            try await with(in: parent) { server in
                #expect(LockHolder(ofFile: server.folder + ".lock") == .here)
            }
            #expect(scratch.names(in: "servers") == ["\(other).lock"])
        }
    }

    /// A record could name the data of any server of the account.
    @Test func aLeftOverWhoseDataAreElsewhereIsLeftAlone() async throws {
        try await withParent { parent, scratch in
            let (data, name) = (scratch.file("real/data"), "1111111111111111")
            mkdir(parent, 0o700)
            try scratch.write("15", to: "real/data/PG_VERSION")
            let project = try #require(Files.resolved(parent)) + "/\(name)"
            let record = ClusterRecord(
                project: project,
                dataFolder: data,
                socketFolder: scratch.file("real/socket"),
                port: 5432,
                version: "15.1",
                superuser: "granary",
                owner: geteuid()
            )
            try scratch.write("", to: "servers/\(name).lock")
            try scratch.write(record.text, to: "servers/\(name)/.granary/cluster")
            try await with(in: parent) { _ in }
            #expect(Files.exists("\(data)/PG_VERSION"))
            #expect(Files.exists("\(parent)/\(name).lock"))
        }
    }

    @Test func aFolderOfAnotherAccountIsRefused() async throws {
        guard geteuid() == 0 else { return }
        try await withParent { parent, _ in
            mkdir(parent, 0o777)
            chown(parent, 65534, 65534)
            await #expect(throws: LocalServerError.self) { try await with(in: parent) { _ in } }
        }
    }

    @Test func aKeptServerRunsOnAndIsLeftAlone() async throws {
        try await withParent { parent, scratch in
            let (url, folder) = try await with(in: parent, keeps: true) { ($0.url(database: "postgres"), $0.folder) }
            try await with(in: parent) { _ in }
            try await #expect(psql(url, "SELECT 1") == "1")
            let cluster = try LocalCluster.open(project: folder, logger: quietLogger)
            try await cluster.delete()
            #expect(!Files.exists(cluster.dataFolder))
        }
    }
}
