import Glibc
import Storage
import TestSupport
import Testing

@testable import LocalServer

@Suite struct LocalClusterTests {
    @Test func startMakesAServerThatIsReusedAndKeepsItsRows() async throws {
        try await ProjectFolder.with { project in
            #expect(!LocalCluster.exists(project: project.path))
            let first = try await project.open().start()
            #expect(first.made && first.started)
            #expect(LocalCluster.exists(project: project.path))
            try await #expect(psql(first.url, "SELECT current_user, current_database()") == "granary|granary")
            try await psql(first.url, "CREATE TABLE kept AS SELECT 42 AS n")

            let again = try await project.open().start()
            #expect(!again.made && !again.started)
            #expect(again.url == first.url)

            #expect(try await project.open().stop())
            #expect(try await project.open().stop() == false)
            #expect(LocalCluster.isStopped(project: project.path))
            let third = try await project.open().start()
            #expect(!LocalCluster.isStopped(project: project.path))
            #expect(!third.made && third.started)
            try await #expect(psql(third.url, "SELECT n FROM kept") == "42")
        }
    }

    @Test func settingsAreThoseOfALocalServer() async throws {
        try await ProjectFolder.with { project in
            let url = try await project.open().start().url
            let names = [
                "listen_addresses", "wal_level", "max_wal_senders", "fsync", "shared_buffers", "max_wal_size",
                "max_connections", "lc_collate", "server_encoding", "unix_socket_permissions",
            ]
            let quoted = names.map { "'\($0)'" }.joined(separator: ",")
            let sql =
                "SELECT name || '=' || current_setting(name) FROM pg_settings WHERE name IN (\(quoted))"
                + " UNION ALL SELECT 'lc_collate=' || datcollate FROM pg_database WHERE datname = 'granary'"
            let settings = Set(try await psql(url, sql).split(separator: "\n").map(String.init))
            #expect(
                settings == [
                    "listen_addresses=", "wal_level=minimal", "max_wal_senders=0", "fsync=on", "shared_buffers=256MB",
                    "max_wal_size=4GB", "max_connections=100", "lc_collate=C.UTF-8", "server_encoding=UTF8",
                    "unix_socket_permissions=0700",
                ]
            )
        }
    }

    @Test func statusShowsWhichServerRunsAndWhere() async throws {
        try await ProjectFolder.with { project in
            let cluster = try project.open()
            let before = await cluster.status()
            #expect(!before.running && before.pid == nil && before.sizeBytes == nil && before.version == nil)
            try await cluster.start()
            let status = await cluster.status()
            #expect(status.running)
            #expect(try #require(status.pid) > 1)
            #expect(try #require(status.sizeBytes) > 10 << 20)
            #expect(try #require(status.uptime) < .seconds(300))
            try await #expect(psql(status.url, "SHOW data_directory") == status.dataFolder)
            try await #expect(psql(status.url, "SHOW server_version").hasPrefix(try #require(status.version)))
            try await cluster.stop()
            #expect(await cluster.status().running == false)
        }
    }

    @Test func anotherDatabaseIsMadeInTheSameServer() async throws {
        try await ProjectFolder.with { project in
            try await project.open().start()
            let other = try await project.open(database: "it's \"mine\"").start()
            #expect(!other.made && !other.started)
            try await #expect(psql(other.url, "SELECT current_database()") == "it's \"mine\"")
        }
    }

    @Test func sixteenStartsAtOnceMakeOneServer() async throws {
        try await ProjectFolder.with { project in
            let starts = try await withThrowingTaskGroup(of: LocalClusterStart.self) { group in
                for _ in 0..<16 { group.addTask { try await project.open().start() } }
                var starts: [LocalClusterStart] = []
                for try await start in group { starts.append(start) }
                return starts
            }
            #expect(starts.count { $0.made } == 1)
            #expect(starts.count { $0.started } == 1)
            try await #expect(psql(starts[0].url, "SELECT 1") == "1")
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func otherAccountsCannotConnect() async throws {
        try await ProjectFolder.with { project in
            let url = try await project.open().start().url
            let nobody = try #require(ServerAccount.entry(name: "nobody"))
            let stranger = ServerAccount(
                name: "nobody",
                userID: nobody.userID,
                groupID: nobody.groupID,
                caller: "root"
            )
            let outside = try await Program(as: stranger).run("/usr/bin/psql", ["-d", url, "-c", "SELECT 1"])
            #expect(!outside.succeeded && outside.errors.contains("Permission denied"))
            // The server's own account can reach the socket, but is not a superuser.
            let server = try await asServer("exec psql -d \"$1\" -c 'SELECT 1'", [url])
            #expect(!server.succeeded && server.errors.contains("Peer authentication failed"))
        }
    }

    @Test func psqlTakesTheProcessOver() async throws {
        try await ProjectFolder.with { project in
            try await project.open().start()
            let outcome = try await runCommand(
                granaryBinary(),
                ["server", "psql", "-XAt", "-c", "SELECT 'psql as ' || current_user"],
                environment: ["GRANARY_SERVER_FOLDER": project.shared],
                workingDirectory: project.path
            )
            #expect(outcome.status == 0 && outcome.stdout == "psql as granary\n", "\(outcome)")
        }
    }

    @Test func otherRolesNeedAPassword() async throws {
        try await ProjectFolder.with { project in
            let url = try await project.open().start().url
            try await psql(url, "CREATE ROLE app LOGIN PASSWORD 'sesame'")
            let app = url.replacing("user=granary", with: "user=app")
            try await #expect(psql("\(app)&password=sesame", "SELECT current_user") == "app")
            await #expect(throws: CommandFailure.self) { try await psql("\(app)&password=wrong", "SELECT 1") }
        }
    }

    @Test func aLongProjectPathWithOddCharactersWorks() async throws {
        let name = String(repeating: "päth with 'quotes' and %20/", count: 6) + "end"
        try await ProjectFolder.with(name: name) { project in
            let start = try await project.open().start()
            try await #expect(psql(start.url, "SELECT 1") == "1")
            #expect(try await project.open().start().started == false)
        }
    }

    @Test func aMovedProjectKeepsItsServerAndACopyGetsItsOwn() async throws {
        try await ProjectFolder.with { project in
            let first = try await project.open().start()
            try await psql(first.url, "CREATE TABLE kept AS SELECT 42 AS n")
            try await project.open().stop()
            let moved = "\(project.shared)-moved"
            #expect(rename(project.path, moved) == 0)
            let second = try await project.open(project: moved).start()
            #expect(!second.made)
            try await #expect(psql(second.url, "SELECT n FROM kept") == "42")

            let copy = "\(project.shared)-copy"
            try await runCommand("cp", ["-a", moved, copy])
            let copied = try project.open(project: copy)
            #expect(copied.url != second.url)
            #expect(copied.place.socket != (try project.open(project: moved)).place.socket)
            if geteuid() == 0 { #expect(copied.place.data != (try project.open(project: moved)).place.data) }
            try await #expect(psql(second.url, "SELECT n FROM kept") == "42")
            try await project.open(project: moved).stop()
        }
    }

    @Test func dataThatAreGoneAreNotReplacedByAnEmptyServer() async throws {
        try await ProjectFolder.with { project in
            let cluster = try project.open()
            try await cluster.start()
            try await cluster.stop()
            #expect(try await asServer("rm -rf \"$1\"", [cluster.place.data]).succeeded)
            let error = await localServerError { try await project.open().start() }
            #expect(error?.code == .folder)
            #expect(error?.message.contains("data is missing") == true)
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func aServerOfAnotherAccountIsRefused() async throws {
        try await ProjectFolder.with { project in
            try await project.open().start()
            let file = "\(project.path)/.granary/cluster"
            let text = try Files.text(of: file).replacing("owner = 0", with: "owner = 65534")
            try Files.replace(file, Array(text.utf8))
            let error = await localServerError { _ = try project.open() }
            #expect(error?.code == .account)
            #expect(error?.message.contains("nobody") == true)
        }
    }
}
