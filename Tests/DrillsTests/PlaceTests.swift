import Archive
import Drills
import Glibc
import PostgresClient
import Project
import Storage
import TestSupport
import Testing

/// Which servers a drill may use, and what it leaves there.
@Suite struct PlaceTests {
    @Test func theServerOfTheSourceIsRefused() async throws {
        try await DrillProject.with { project in
            let error = await drillError { try await project.drill { $0.allowsSameServer = false } }
            #expect(error?.message == "the server of --server is the one that was backed up")
            #expect(error?.exitStatus == .refused)
        }
    }

    /// If an address names several servers, the one that was checked gets the rows.
    @Test func everythingAfterTheCheckMeetsTheServerThatWasChecked() async throws {
        try await DrillProject.with { project in
            let server = project.project.server
            let hosts = "/nonexistent,\(server.folder)"
            var options = DrillOptions(
                file: project.file,
                place: .server(ServerAddress(project.project.url).setting("host", to: hosts)),
                now: time(nil)
            )
            options.allowsSameServer = true
            options.keys = [key]
            let report = try await DrillRun(options, logger: quietLogger, progress: { _ in }) { database in
                #expect(database.overrides.contains { $0.keyword == "host" && $0.value == server.folder })
                #expect(!"\(database)".contains("/nonexistent"))
            }.run()
            report.expectNothing()
        }
    }

    @Test func aServerOfWhichThatIsUnknownIsRefused() async throws {
        try await DrillProject.with { project in
            try forge(project.file) { manifest in
                manifest.seal = nil
                manifest.server.systemIdentifier = nil
            }
            let error = await drillError {
                try await project.drill {
                    $0.allowsSameServer = false
                    $0.trusts = true
                }
            }
            #expect(error?.message.contains("it is unknown whether") == true)
        }
    }

    @Test func aServerForAnotherEnvironmentIsRefusedUnlessItIsForDrills() async throws {
        let files: KeyValuePairs = [
            "environments.json": """
            {"environments": {"development": {"config": {"drills": true}}, "production": {}}}
            """
        ]
        try await DrillProject.with(files: files) { project in
            try forge(project.file) { manifest in
                manifest.seal = nil
                manifest.environment = "production"
            }
            let error = await drillError { try await project.drill { $0.trusts = true } }
            #expect(error?.message.contains("is marked development, so a backup of production") == true)
            #expect(error?.exitStatus == .refused)
            let environments = try EnvironmentsFile.read(migrations: project.project.folder.path)
            let allowed = try await project.drill {
                $0.trusts = true
                $0.environments = environments
            }
            allowed.expectNothing()
        }
    }

    @Test func anUnmarkedServerIsRefused() async throws {
        try await DrillProject.with { project in
            try await project.project.sql("DROP SCHEMA granary CASCADE")
            let error = await drillError { try await project.drill() }
            #expect(error?.message.contains("of --server is not marked with an environment") == true)
        }
    }

    @Test func theLocalServerIsOneOfDevelopmentAndCalledByItsOption() async throws {
        try await DrillProject.with { project in
            try await project.project.sql("DROP SCHEMA granary CASCADE")
            let report = try await project.drill { $0.isLocalServer = true }
            report.expectNothing()
            let error = await drillError {
                try await project.drill { ($0.isLocalServer, $0.allowsSameServer) = (true, false) }
            }
            #expect(error?.message == "the server of --local is the one that was backed up")
            #expect(error?.hint?.hasPrefix("omit --local") == true)
        }
    }

    @Test func theCopyIsMarkedWithTheEnvironmentOfTheBackup() async throws {
        try await DrillProject.with { project in
            let report = try await project.drill(
                """
                DO $$ BEGIN
                    IF (SELECT name FROM granary.environment) <> 'development' THEN RAISE 'not marked'; END IF;
                END $$
                """
            )
            report.expectNothing()
        }
    }

    @Test func codeNeedsASealOrTrust() async throws {
        let sql = "CREATE FUNCTION public.f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'"
        try await DrillProject.with(sql, sealedBy: SealKey(String(repeating: "of a stranger ", count: 3))) { project in
            let error = await drillError { try await project.drill() }
            #expect(error?.code == .untrusted && error?.exitStatus == .refused)
            #expect(error?.message.contains("would run 1 function in plpgsql") == true)
            let trusted = try await project.drill { $0.trusts = true }
            trusted.expectNothing()
            #expect(trusted.omissions.contains { $0.what == "the seal" })
        }
    }

    @Test func whatWasFoundIsKeptOnRequest() async throws {
        try await DrillProject.with { project in
            let sound = try await project.drill { $0.keepsOnFailure = true }
            #expect(sound.kept == nil)
            let report = try await project.drill("DELETE FROM public.orders WHERE id = 7") { $0.keepsOnFailure = true }
            let kept = try #require(report.kept?.database)
            let url = project.project.server.url(database: kept)
            try await #expect(psql(url, "SELECT count(*) FROM public.orders") == "499")
            // The next drill leaves it alone.
            _ = try await project.drill()
            try await #expect(psql(url, "SELECT count(*) FROM public.orders") == "499")
            try await project.project.server.execute("DROP DATABASE \(kept)")
        }
    }

    @Test func leftOversOfKilledDrillsAreDroppedAndThoseOfRunningOnesAreNot() async throws {
        let server = try await ThrowawayServer.start()
        try await DrillProject.with(on: server) { project in
            try await withHeldSession(
                ServerAddress(project.project.url),
                logger: quietLogger,
                prepare: { session in
                    let name = "granary_drill_\(session.processID)_12345678"
                    try session.execute("CREATE DATABASE \(name)")
                    try session.execute("CREATE DATABASE granary_drill_999999999_12345678")
                    return name
                },
                while: { name in
                    _ = try await project.drill()
                    try await #expect(project.leftOvers() == name)
                }
            )
            _ = try await project.drill()
            try await #expect(project.leftOvers() == "")
            _ = try await project.drill("DELETE FROM public.orders")
            try await #expect(project.leftOvers() == "")
        }
        try await server.stop()
    }

    @Test func rolesOfTheBackupAreNotMadeOnAnotherServer() async throws {
        try await ThrowawayServer.shared().execute("CREATE ROLE drill_owner")
        do {
            try await DrillProject.with(DrillProject.content + "ALTER TABLE public.orders OWNER TO drill_owner;") {
                let report = try await $0.drill()
                report.expectNothing()
                #expect(report.omissions.contains { $0.what.hasPrefix("owners") })
            }
        } catch {
            Issue.record("\(error)")
        }
        try await ThrowawayServer.shared().execute("DROP ROLE drill_owner")
    }
}
