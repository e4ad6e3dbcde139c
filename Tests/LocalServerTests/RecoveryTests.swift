import Glibc
import Storage
import TestSupport
import Testing

@testable import LocalServer

/// The state after a power failure, a crash or an interrupted command.
@Suite struct RecoveryTests {
    @Test func startsAfterThePostmasterWasKilledWithoutLosingACommittedRow() async throws {
        try await ProjectFolder.with { project in
            let cluster = try project.open()
            let url = try await cluster.start().url
            try await psql(url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
            let killed = try #require(await cluster.status().pid)
            kill(pid_t(killed), SIGKILL)
            let start = try await project.open().start()
            #expect(start.started && !start.made)
            #expect(await cluster.status().pid != killed)
            try await #expect(psql(url, "SELECT count(*) FROM kept") == "1000")
        }
    }

    @Test func aPidFileThatNamesAnotherProcessStopsNothing() async throws {
        try await ProjectFolder.with { project in
            let cluster = try project.open()
            let url = try await cluster.start().url
            try await cluster.stop()
            // The foreign process belongs to the server's account and even works in its folder.
            let made = try await asServer(
                "cd \"$1\"; sleep 300 >/dev/null 2>&1 & echo $!; printf '%s\\n%s\\n1\\n5432\\n\\n\\n' $! \"$1\" >postmaster.pid",
                [cluster.place.data]
            )
            let foreign = try #require(pid_t(made.output.prefix { $0.isNumber }))
            defer { kill(foreign, SIGKILL) }
            #expect(await cluster.status().running == false)
            #expect(try await cluster.stop() == false)
            #expect(try await cluster.start().started)
            try await #expect(psql(url, "SELECT 1") == "1")
            try await cluster.stop()
            #expect(kill(foreign, 0) == 0)
        }
    }

    @Test func aServerWhoseLockIsHeldElsewhereIsNotStartedTwice() async throws {
        try await ProjectFolder.with { project in
            let cluster = try project.open()
            try await cluster.start()
            // Its processes hold the lock exactly while it runs.
            #expect(try !isFree(cluster.place.serverLock))
            try await cluster.stop()
            let lock = try await InheritedLock.wait(for: cluster.place.serverLock, within: .seconds(5))
            let isFree = lock != nil
            #expect(isFree)
            let error = await localServerError { try await cluster.start() }
            #expect(error?.code == .busy)
            _ = consume lock
        }
    }

    @Test func anInterruptedInitdbLeavesNothingHalfMade() async throws {
        try await ProjectFolder.with { project in
            let cluster = try project.open()
            try PrivateFolder.make(
                cluster.place.folder,
                owner: geteuid(),
                group: getegid()
            )
            if cluster.account.isSwitched { mkdir(project.shared, 0o755) }
            try PrivateFolder.make(
                cluster.place.dataParent,
                owner: cluster.account.userID,
                group: cluster.account.groupID
            )
            let partial = "\(cluster.place.data).partial"
            #expect(try await asServer("mkdir \"$1\" && echo 15 >\"$1/PG_VERSION\"", [partial]).succeeded)
            #expect(try await cluster.start().made)
            #expect(!Files.exists(partial))
        }
    }

    @Test func aFailingInitdbIsReportedAndLeavesNothing() async throws {
        try await ProjectFolder.with { project in
            let fake = "\(project.shared)-fake"
            let real = try await PostgresInstallation.find()
            mkdir(fake, 0o755)
            let script = """
                #!/bin/sh
                [ "$1" = --version ] && exec \(real.program("initdb")) --version
                mkdir "$2"; echo 15 >"$2/PG_VERSION"; echo 'no space for the cluster' >&2; exit 1
                """
            try await writeScript(script, to: "\(fake)/initdb")
            for name in ["pg_ctl", "postgres"] { symlink(real.program(name), "\(fake)/\(name)") }
            let cluster = try project.open(postgresBin: fake)
            let error = await localServerError { try await cluster.start() }
            #expect(error?.code == .creation)
            #expect(error?.message.contains("no space for the cluster") == true)
            #expect(!cluster.place.isMade && !Files.exists("\(cluster.place.data).partial"))
            #expect(try await project.open().start().made)
        }
    }

    @Test func aStartThatFailsShowsTheLog() async throws {
        try await ProjectFolder.with { project in
            let cluster = try project.open()
            try await cluster.start()
            try await cluster.stop()
            let auto = "\(cluster.place.data)/postgresql.auto.conf"
            #expect(try await asServer("echo 'no_such_setting = 1' >>\"$1\"", [auto]).succeeded)
            let error = await localServerError { try await cluster.start() }
            #expect(error?.code == .start)
            #expect(error?.message.contains("no_such_setting") == true)
            #expect(error?.hint?.contains("server.log") == true)
        }
    }

    @Test func aSocketThatWasTakenAwayIsMadeAgain() async throws {
        try await ProjectFolder.with { project in
            let cluster = try project.open()
            let url = try await cluster.start().url
            #expect(try await asServer("rm -rf \"$1\"", [cluster.place.socket]).succeeded)
            let again = try await project.open().start()
            #expect(again.started)
            #expect(again.url == url)
            try await #expect(psql(url, "SELECT 1") == "1")
        }
    }

    @Test func dataOfAnotherVersionNameTheVersionThatIsNeeded() async throws {
        try await ProjectFolder.with { project in
            let cluster = try project.open()
            try await cluster.start()
            try await cluster.stop()
            #expect(try await asServer("echo 11 >\"$1/PG_VERSION\"", [cluster.place.data]).succeeded)
            let error = await localServerError { try await cluster.start() }
            #expect(error?.code == .wrongVersion)
            #expect(error?.message.contains("PostgreSQL 11") == true)
            #expect(error?.hint?.contains("postgresql-11") == true)
        }
    }
}
