import Seeding
import TestSupport
import Testing

/// `prune` deletes the rows that seeding inserted and that no file lists any more, and no others.
@Suite struct PruningTests {
    private func file(_ rows: String...) -> String {
        "key: id\nprune: true\nrows:\n" + rows.map { "- {id: '\($0)'}\n" }.joined()
    }

    @Test func aKeyInAnotherSpellingIsStillListed() async throws {
        let schema = "CREATE EXTENSION citext; CREATE TABLE t (id citext PRIMARY KEY)"
        let files: KeyValuePairs = ["common/t.yaml": file("Bob@x", "ann@x", "Eve@x")]
        try await TestProject.withShop(schema, files) { project in
            try await project.seed()
            try project.writeSeed(file("bob@x", "ann@x"), to: "common/t.yaml")
            try await #expect(project.told() == "t +0 ~0 =2 -1")
            try await #expect(project.rows("SELECT id FROM t ORDER BY 1") == "ann@x Bob@x")
            try project.writeSeed(file("ANN@x"), to: "common/t.yaml")
            try await #expect(project.told() == "t +0 ~0 =1 -1")
            try await #expect(project.rows("SELECT id FROM t") == "ann@x")
        }
    }

    @Test(arguments: [
        ("int", "numeric(10,2)", ["1", "2", "3"]), ("date", "timestamp", ["2026-01-01", "2026-01-02", "2026-01-03"]),
        (
            "timestamp", "timestamptz USING id AT TIME ZONE 'UTC'",
            ["2026-01-01 10:00", "2026-01-02 10:00", "2026-01-03 10:00"]
        ),
        ("text", "char(9)", ["a", "b", "c"]), ("text", "int USING id::int", ["01", "02", "03"]),
    ])
    func rowsStayListedWhenTheTypeOfTheKeyChanges(before: String, after: String, keys: [String]) async throws {
        let files: KeyValuePairs = ["common/t.yaml": file(keys[0], keys[1], keys[2])]
        try await TestProject.withShop("CREATE TABLE t (id \(before) PRIMARY KEY)", files) { project in
            try await project.seed()
            _ = try await project.rows("ALTER TABLE t ALTER id TYPE \(after)")
            // The same files, then one that lists fewer rows.
            try await #expect(project.told() == "t +0 ~0 =3 -0")
            try project.writeSeed(file(keys[0], keys[2]), to: "common/t.yaml")
            try await #expect(project.told() == "t +0 ~0 =2 -1")
            try project.writeSeed(file(keys[2]), to: "common/t.yaml")
            try await #expect(project.told() == "t +0 ~0 =1 -1")
            try await #expect(project.rows("SELECT count(*) FROM t WHERE id = '\(keys[2])'") == "1")
        }
    }

    @Test func aFileWithoutRowsDeletesAllThatSeedingInserted() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (9)"
        try await TestProject.withShop(schema, ["common/t.yaml": file("1", "2", "9")]) { project in
            try await project.seed()
            try project.writeSeed("key: id\nrows: []\n", to: "common/t.yaml")
            try await project.seed()
            try project.writeSeed("key: id\nprune: true\nrows: []\n", to: "common/t.yaml")
            try await #expect(project.told() == "t +0 ~0 =0 -2")
            try await #expect(project.rows("SELECT id FROM t") == "9")
        }
    }

    @Test func recordedKeysThatNoLongerFitTheTypeDeleteNothing() async throws {
        let files: KeyValuePairs = ["common/t.yaml": file("a", "b")]
        try await TestProject.withShop("CREATE TABLE t (id text PRIMARY KEY)", files) { project in
            try await project.seed()
            _ = try await project.rows("ALTER TABLE t ALTER id TYPE int USING ascii(id)")
            try project.writeSeed(file("97"), to: "common/t.yaml")
            let report = try await project.seed()
            #expect(
                report.notes == [
                    "shop.t: prune has no effect, because recorded keys do not fit the type of the key (id) any more"
                ]
            )
            try await #expect(project.rows("SELECT id FROM t ORDER BY 1") == "97 98")
        }
    }

    @Test func tooManyRowsAreReportedInEachRun() async throws {
        let note = "shop.t: prune has no effect, because seeding has inserted more than 100,000 rows"
        try await TestProject.withShop("CREATE TABLE t (id int PRIMARY KEY)", ["common/t.yaml": file("1")]) { project in
            try await project.seed()
            // As if seeding had inserted 99,999 more rows.
            _ = try await project.rows(
                """
                UPDATE granary.seeds SET details = (SELECT json_build_object('key', ARRAY['id'], 'keys',
                    json_agg(ARRAY[n::text]))::text FROM generate_series(1, 100000) n) WHERE source = 'table shop.t'
                """
            )
            try project.writeSeed(file("1", "100001"), to: "common/t.yaml")
            try await #expect(project.seed().notes == [note])
            try project.writeSeed(file("1"), to: "common/t.yaml")
            let report = try await project.seed()
            #expect(report.notes == [note])
            #expect(report.tables.map(\.deleted) == [0])
            try project.writeSeed(file("1").replacing("prune: true\n", with: ""), to: "common/t.yaml")
            try await #expect(project.seed().notes.isEmpty)
            // All rows of the emptied table are inserted again, so their keys are known again.
            _ = try await project.rows("TRUNCATE t")
            try project.writeSeed(file("1", "2"), to: "common/t.yaml")
            try await #expect(project.seed().notes.isEmpty)
            try project.writeSeed(file("2"), to: "common/t.yaml")
            try await #expect(project.told() == "t +0 ~0 =1 -1")
        }
    }
}
