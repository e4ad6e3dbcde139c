import TestSupport
import Testing

/// The old databases that restores keep: listed, and dropped only by name.
@Suite struct KeptDatabaseTests {
    private func restored(_ site: TestProject) async throws -> String {
        let outcome = try await site.granary("restore", "qa.zip", "--quiet", "--json")
        let kept = try #require(outcome.stdout.firstMatch(of: #/"kept":"([^"]+)"/#), "\(outcome)")
        return String(kept.1)
    }

    private func databases(_ site: TestProject, like name: String) async throws -> String {
        try await psql(
            site.url,
            "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE '\(name)_before_%'"
        )
    }

    private func with(_ body: (TestProject) async throws -> Void) async throws {
        try await TestProject.withOrders(marked: "qa") { site in
            try await site.archive(of: "qa")
            do {
                try await body(site)
            } catch {
                try await clear(site)
                throw error
            }
            try await clear(site)
        }
    }

    private func clear(_ site: TestProject) async throws {
        for name in try await databases(site, like: site.database).split(separator: " ") {
            try await site.server.execute("DROP DATABASE \"\(name)\"")
        }
    }

    @Test func aKeptDatabaseIsListedAndDroppedByItsName() async throws {
        try await with { site in
            let first = try await restored(site)
            let second = try await restored(site)
            let list = try await site.granary("restore", "--kept", "--json")
            #expect(
                list.stdout.contains("\"name\":\"\(first)\"") && list.stdout.contains("\"name\":\"\(second)\""),
                "\(list)"
            )
            #expect(list.stdout.contains(#/"kept_at":"20..-..-..T..:..:..Z"/#), "\(list)")
            try await #expect(site.granary("restore", "--drop-kept", "--json").stdout == list.stdout)
            let inPlace = try await site.granary("restore", "--drop-kept", first, "--in-place", "--confirm", first)
            #expect(inPlace.status == 64 && inPlace.stderr.contains("--in-place belongs to a restore"), "\(inPlace)")
            // Without the name nothing is dropped, nor without a terminal or --confirm.
            let refused = try await site.granary("restore", "--drop-kept", first)
            #expect(refused.status == 3 && refused.stderr.contains("add --confirm \(first)"), "\(refused)")
            let wrong = try await site.granary("restore", "--drop-kept", first, "--confirm", second)
            #expect(wrong.status == 3, "\(wrong)")
            try await #expect(site.granary("restore", "--drop-kept", first, "--plan").status == 0)
            try await #expect(
                site.granary("restore", "--drop-kept", first, "--plan", "--confirm", second).status == 3
            )
            try await #expect(databases(site, like: site.database) == "\(first) \(second)")
            let dropped = try await site.granary("restore", "--drop-kept=\(first)", "--confirm", first)
            #expect(dropped.status == 0 && dropped.stderr.contains("to drop: \(first) at "), "\(dropped)")
            try await #expect(databases(site, like: site.database) == second)
            let doctor = try await site.granary("doctor")
            #expect(doctor.stdout.contains("restores have kept \(second) ("), "\(doctor)")
            #expect(doctor.stdout.contains("granary restore --drop-kept \(second) --confirm \(second)\n"), "\(doctor)")
            let elsewhere = try await site.granary(
                "doctor",
                "--database-url",
                site.url,
                environment: ["DATABASE_URL": nil]
            )
            #expect(elsewhere.stdout.contains("--drop-kept \(second) --database-url 'dbname="), "\(elsewhere)")
        }
    }

    /// Its name alone proves nothing, and a copy of a kept database is none.
    @Test func whatNoRestoreHasKeptIsNotDropped() async throws {
        try await with { site in
            let kept = try await restored(site)
            let other = "\(site.database)_before_x"
            try await site.server.execute("CREATE DATABASE \"\(other)\" TEMPLATE \"\(kept)\"")
            let comment = try await psql(
                site.url,
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '\(kept)'"
            )
            try await site.server.execute("COMMENT ON DATABASE \"\(other)\" IS '\(comment)'")
            for name in [other, site.database, "postgres", "template1"] {
                let refused = try await site.granary("restore", "--drop-kept", name, "--confirm", name)
                #expect(refused.status == 3, "\(refused)")
                #expect(refused.stderr.contains("hint: there are \(kept)\n"), "\(refused)")
            }
            // It was kept for another database.
            let elsewhere = try await site.granary(
                "restore",
                "--drop-kept",
                kept,
                "--confirm",
                kept,
                "--into",
                "postgres"
            )
            #expect(elsewhere.status == 3, "\(elsewhere)")
            try await #expect(databases(site, like: site.database) == "\(kept) \(other)")
        }
    }

    @Test func theCommentOfTheDatabaseSurvives() async throws {
        try await with { site in
            func comment(_ name: String) async throws -> String {
                try await psql(
                    site.url,
                    "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '\(name)'"
                )
            }
            try await site.sql("COMMENT ON DATABASE \"\(site.database)\" IS 'the shop'")
            let kept = try await restored(site)
            try await #expect(comment(kept).hasSuffix(")\nthe shop"))
            try await #expect(comment(site.database) == "the shop")
            // Put back by hand, and restored again.
            try await site.server.execute("DROP DATABASE \"\(site.database)\"")
            try await site.server.execute("ALTER DATABASE \"\(kept)\" RENAME TO \"\(site.database)\"")
            let renamed = try await site.granary("restore", "--drop-kept", site.database, "--confirm", site.database)
            #expect(renamed.status == 3 && renamed.stderr.contains("is no database that a restore"), "\(renamed)")
            try await #expect(site.granary("restore", "--kept", "--json").stdout.contains("\"kept_databases\":[]"))
            let again = try await restored(site)
            try await #expect(comment(again).matches(of: #/kept by granary/#).count == 1)
            try await #expect(comment(site.database) == "the shop")
        }
    }

    @Test func quietStillSaysThatOneWasKept() async throws {
        try await with { site in
            let outcome = try await site.granary("restore", "qa.zip", "--quiet")
            #expect(outcome.stderr.hasPrefix("the old database is kept as \(site.database)_before_"), "\(outcome)")
            #expect(outcome.stdout.isEmpty)
        }
    }

    /// A restore leaves these settings in place, and the line that it prints must work.
    @Test func aKeptDatabaseOfAReadOnlyTargetIsDropped() async throws {
        try await with { site in
            let kept = try await restored(site)
            try await site.server.execute(
                "ALTER DATABASE \"\(site.database)\" SET default_transaction_read_only = on"
            )
            let dropped = try await site.granary("restore", "--drop-kept", kept, "--confirm", kept)
            #expect(dropped.status == 0, "\(dropped)")
            try await #expect(databases(site, like: site.database) == "")
        }
    }

    @Test func aSubscriptionIsDroppedWithForceAndNamedWithout() async throws {
        try await with { site in
            let kept = try await restored(site)
            try await psql(
                site.url.replacing("///\(site.database)?", with: "///\(kept)?"),
                "CREATE SUBSCRIPTION s CONNECTION 'dbname=none' PUBLICATION p WITH (connect = false, slot_name = NONE)"
            )
            let refused = try await site.granary("restore", "--drop-kept", kept, "--confirm", kept)
            #expect(refused.status == 5 && refused.stderr.contains("subscription"), "\(refused)")
            let dropped = try await site.granary("restore", "--drop-kept", kept, "--confirm", kept, "--force")
            #expect(dropped.status == 0, "\(dropped)")
            try await #expect(databases(site, like: site.database) == "")
        }
    }

    @Test func aVariableDoesNotConfirmADrop() async throws {
        try await with { site in
            let kept = try await restored(site)
            let refused = try await site.granary("restore", "--drop-kept", kept, environment: ["GRANARY_CONFIRM": kept])
            #expect(refused.status == 3, "\(refused)")
            try await #expect(databases(site, like: site.database) == kept)
        }
    }

    /// A variable would turn every restore into something else.
    @Test func noVariableDropsOrLists() async throws {
        try await with { site in
            let variables = ["GRANARY_DROP_KEPT": "1", "GRANARY_KEPT": "1"]
            let outcome = try await site.granary("restore", "qa.zip", "--plan", environment: variables)
            #expect(outcome.stdout.contains("swap it with \(site.database)"), "\(outcome)")
        }
    }
}
