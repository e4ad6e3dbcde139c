import Glibc
import TestSupport
import Testing

/// The built command with databases and folders of other tools, and of newer releases.
@Suite struct OtherToolsTests {
    private static func with(
        _ body: (
            _ url: String, _ folder: ScratchFolder,
            _ granary: ([String], [String: String?]) async throws -> CommandOutcome
        )
            async throws -> Void
    ) async throws {
        try await TestProject.with { project in
            try await body(project.url, project.folder) { arguments, variables in
                let own = ["GRANARY_ENV": "development", "SERVICE_NAME": "shop"].merging(variables) { $1 }
                return try await project.granary(arguments, environment: own)
            }
        }
    }

    @Test func theFirstRunBesideAnotherToolLosesNothingAndHasAHint() async throws {
        try await Self.with { url, folder, granary in
            try folder.write(
                "DROP TABLE IF EXISTS users; CREATE TABLE users (id int);",
                to: "migrations/1_users.up.sql"
            )
            try await psql(
                url,
                """
                CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);
                INSERT INTO schema_migrations VALUES (1, false);
                CREATE TABLE users AS SELECT generate_series(1, 500) AS id
                """
            )
            try #require(try await granary(["env", "mark", "development"], [:]).status == 0)
            // A decision about one database is not read from an environment variable.
            let refused = try await granary(["migrate", "up"], ["GRANARY_BESIDE": "public.schema_migrations"])
            #expect(refused.status == 3, "\(refused)")
            #expect(refused.stderr.contains("error: public.schema_migrations has version 1 (golang-migrate)"))
            #expect(refused.stderr.contains("`granary migrate adopt --table public.schema_migrations`"))
            #expect(refused.stderr.contains("`granary migrate up --beside public.schema_migrations`"))
            for command in [["migrate", "plan"], ["migrate", "status"], ["doctor"]] {
                let outcome = try await granary(command, [:])
                #expect(
                    outcome.stdout.contains("public.schema_migrations has version 1 (golang-migrate)"),
                    "\(outcome)"
                )
            }
            try await #expect(psql(url, "SELECT count(*) FROM users") == "500")
            try await #expect(granary(["migrate", "up", "--beside", "users"], [:]).status == 64)
            try await #expect(granary(["migrate", "adopt", "--table", "public.schema_migrations"], [:]).status == 0)
            try await #expect(granary(["migrate", "up"], [:]).status == 0)
            try await #expect(psql(url, "SELECT count(*) FROM users") == "500")
        }
    }

    @Test func aFolderOfOtherFilesFailsAndOtherFilesAreNamed() async throws {
        try await Self.with { _, folder, granary in
            try folder.write("CREATE TABLE b ();", to: "migrations/002-b.up.sql")
            let failed = try await granary(["migrate", "up"], [:])
            #expect(failed.status == 1, "\(failed)")
            #expect(failed.stderr.contains("1 .sql file is not a migration and was ignored: migrations/002-b.up.sql"))
            try await #expect(granary(["migrate", "status", "--check"], [:]).status == 2)
            try folder.write("CREATE TABLE a ();", to: "migrations/1_a.up.sql")
            let up = try await granary(["migrate", "up"], [:])
            #expect(up.status == 0, "\(up)")
            #expect(up.stderr.contains("migrations/002-b.up.sql"))
            let status = try await granary(["migrate", "status", "--check", "--json"], [:])
            #expect(status.status == 0, "\(status)")
            #expect(status.stdout.contains(#""ignored":["migrations/002-b.up.sql"]"#), "\(status)")
        }
    }

    @Test func anOldReplicaPassesItsCheckBesideANewerReleaseAndNotWithExact() async throws {
        try await Self.with { _, folder, granary in
            try folder.write("CREATE TABLE a ();", to: "migrations/1_a.up.sql")
            try folder.write("-- no-transaction\nCREATE TABLE b ();\nSELECT 1 / 0;", to: "migrations/2_b.up.sql")
            try await #expect(granary(["migrate", "up"], [:]).status == 1)
            try await #expect(granary(["migrate", "status", "--check"], [:]).status == 2)
            #expect(unlink(folder.file("migrations/2_b.up.sql")) == 0)
            let check = try await granary(["migrate", "status", "--check"], [:])
            #expect(check.status == 0, "\(check)")
            #expect(check.stdout.contains("newer"))
            #expect(check.stderr.contains("2_b of a newer release is not finished: 1 of 2 statements are done"))
            for exact in [["--check=exact"], ["--check", "exact"]] {
                try await #expect(granary(["migrate", "status"] + exact, [:]).status == 2)
            }
            try await #expect(granary(["migrate", "status", "--check"], ["GRANARY_CHECK": "exact"]).status == 0)
            try await #expect(granary(["migrate", "status"], ["GRANARY_CHECK": "exact"]).status == 2)
            try await #expect(granary(["migrate", "status"], ["GRANARY_CHECK": "1"]).status == 0)
            try await #expect(granary(["migrate", "status", "--check=most"], [:]).status == 64)
        }
    }

    @Test func depsDrawsWhatCanBeDrawnAndMarksTheRest() async throws {
        try await Self.with { _, folder, granary in
            for name in ["1_a", "2_b"] { try folder.write("CREATE TABLE t ();", to: "migrations/\(name).up.sql") }
            try folder.write(
                #"{"migrations": {"1": {"depends_on": ["2"]}, "2": {"depends_on": ["1", "9"]}}}"#,
                to: "migrations/dependencies.json"
            )
            for format in ["text", "dot", "mermaid", "json"] {
                let outcome = try await granary(["migrate", "deps", "--format", format], [:])
                #expect(outcome.status == 0, "\(outcome)")
                for words in ["1_a", "2_b", "form a cycle", "there is no such migration"] {
                    #expect(outcome.stdout.contains(words), "\(format): \(outcome)")
                }
            }
        }
    }
}
