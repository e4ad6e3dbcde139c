import PostgresClient
import Seeding
import TestSupport
import Testing

/// Triggers may change or reject rows. A run reports the rows in the table, not those that were sent.
@Suite struct TriggerTests {
    /// A table with a trigger whose function has this body.
    private static func table(
        _ columns: String,
        _ event: String,
        _ body: String,
        on table: String = "t"
    ) -> String {
        """
        CREATE TABLE t (\(columns));
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \(body) END $$;
        CREATE TRIGGER x \(event) ON \(table) FOR EACH ROW EXECUTE FUNCTION f();
        """
    }

    private static func skipping(_ event: String, _ condition: String, columns: String) -> String {
        table(columns, event, "IF \(condition) THEN RETURN NULL; END IF; RETURN coalesce(NEW, OLD);")
    }

    private func recorded(_ project: TestProject) async throws -> String {
        try await project.rows("SELECT source, rows FROM granary.seeds WHERE source <> 'as_of' ORDER BY source DESC")
    }

    @Test func aRowRejectedByATriggerIsNotCounted() async throws {
        let schema = Self.skipping("BEFORE INSERT", "NEW.id = 2", columns: "id int PRIMARY KEY")
        try await TestProject.withShop(schema, ["common/t.yaml": "- {id: 1}\n- {id: 2}\n"]) { project in
            for figures in ["t +1 ~0 =0 -0", "t +0 ~0 =1 -0"] {
                let plan = try await project.seed { $0.planOnly = true }
                let report = try await project.seed()
                for one in [plan, report] {
                    #expect(
                        one.notes.map { $0.replacing(project.folder.file(""), with: "") } == [
                            "shop.t: 1 row is missing, because a trigger of the table rejected it (seeds/common/t.yaml:2)"
                        ]
                    )
                    let table = one.tables[0]
                    #expect(table.skipped == 1)
                    #expect("t +\(table.inserted) ~\(table.updated) =\(table.unchanged) -\(table.deleted)" == figures)
                }
                try await #expect(recorded(project) == "table shop.t|1 common/t.yaml|1")
            }
            try await #expect(project.rows("SELECT * FROM t") == "1")
        }
    }

    @Test func savepointsAreReleased() async throws {
        let schema =
            Self.table("id int PRIMARY KEY", "BEFORE INSERT", "NEW.id := abs(NEW.id); RETURN NEW;")
            + "INSERT INTO t VALUES (1);"
        let files: KeyValuePairs = [
            "common/t.yaml": "- {id: -1}\n", "common/900_after.sql": "RELEASE SAVEPOINT granary_seeding;\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            let problem = await project.problem()
            #expect(problem.contains("savepoint \"granary_seeding\" does not exist"), "\(problem)")
        }
    }

    @Test func theFirstOfManyAreNamed() async throws {
        let schema = Self.skipping("BEFORE INSERT", "NEW.id > 1", columns: "id int PRIMARY KEY")
        let rows = (1...6).map { "\($0)" }.joined(separator: "\n")
        try await TestProject.withShop(schema, ["common/t.csv": "id\n\(rows)\n"]) { project in
            let report = try await project.seed()
            #expect(report.tables[0].inserted == 1)
            #expect(report.tables[0].skipped == 5)
            let place = project.folder.file("seeds/common/t.csv")
            #expect(
                report.notes == [
                    "shop.t: 5 rows are missing, because a trigger of the table rejected them "
                        + "(\(place):3, \(place):4, \(place):5, …)"
                ]
            )
        }
    }

    @Test(arguments: [
        "DELETE FROM t WHERE id = 2; RETURN NULL;",
        "IF NEW.id = 2 THEN DELETE FROM t WHERE id = 2; END IF; RETURN NULL;",
    ])
    func aRowThatATriggerDeletesIsMissing(body: String) async throws {
        let schema = Self.table("id int PRIMARY KEY", "AFTER INSERT", body)
        try await TestProject.withShop(schema, ["common/t.yaml": "- {id: 1}\n- {id: 2}\n"]) { project in
            let report = try await project.seed()
            #expect(report.tables.map { "\($0.inserted) \($0.unchanged) \($0.skipped)" } == ["1 0 1"])
            try await #expect(project.rows("SELECT * FROM t") == "1")
        }
    }

    @Test func aTriggerOfAPartitionCountsToo() async throws {
        let schema = Self.table(
            "id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t DEFAULT WITH (fillfactor = 90",
            "BEFORE INSERT",
            "IF NEW.id = 2 THEN RETURN NULL; END IF; RETURN NEW;",
            on: "p"
        )
        try await TestProject.withShop(schema, ["common/t.yaml": "- {id: 1}\n- {id: 2}\n"]) { project in
            let report = try await project.seed()
            #expect(report.tables.map { "\($0.inserted) \($0.unchanged) \($0.skipped)" } == ["1 0 1"])
        }
    }

    @Test func aTableWithoutAKeyCountsToo() async throws {
        let schema = Self.skipping("BEFORE INSERT", "NEW.id = 2", columns: "id int")
        try await TestProject.withShop(schema, ["common/t.yaml": "- {id: 1}\n- {id: 2}\n"]) { project in
            let report = try await project.seed()
            #expect(report.tables.map { "\($0.inserted) \($0.unchanged) \($0.skipped)" } == ["1 0 1"])
            try await #expect(recorded(project) == "table shop.t|1 common/t.yaml|1")
        }
    }

    @Test func aKeyChangedByATriggerIsFoundAgain() async throws {
        let schema =
            Self.table(
                "id bigserial PRIMARY KEY, email text UNIQUE NOT NULL, name text",
                "BEFORE INSERT OR UPDATE",
                "NEW.email = lower(NEW.email); RETURN NEW;"
            ) + "CREATE TABLE u (id int PRIMARY KEY, t_id bigint NOT NULL REFERENCES t);"
        let file = { (name: String) in "key: email\nprune: true\nrows:\n  a: {email: A@x.y, name: \(name)}\n" }
        let files: KeyValuePairs = ["common/t.yaml": file("one"), "common/u.yaml": "- {id: 1, t: '@a'}\n"]
        try await TestProject.withShop(schema, files) { project in
            try await #expect(project.told() == "t +1 ~0 =0 -0, u +1 ~0 =0 -0")
            try await #expect(project.told() == "t +0 ~0 =1 -0, u +0 ~0 =1 -0")
            try await #expect(project.told { $0.planOnly = true } == "t +0 ~0 =1 -0, u +0 ~0 =1 -0")
            try project.writeSeed(file("two"), to: "common/t.yaml")
            try await #expect(project.told() == "t +0 ~1 =0 -0, u +0 ~0 =1 -0")
            try await #expect(project.rows("SELECT email, name, u.id FROM t JOIN u ON t_id = t.id") == "a@x.y|two|1")
        }
    }

    @Test func keepAndErrorApplyToAKeyChangedByATrigger() async throws {
        let schema = Self.table(
            "email text PRIMARY KEY, name text",
            "BEFORE INSERT",
            "NEW.email = lower(NEW.email); RETURN NEW;"
        )
        let file = { (rule: String) in "on_conflict: \(rule)\nrows:\n  - {email: A@x.y, name: new}\n" }
        try await TestProject.withShop(
            schema + "INSERT INTO t VALUES ('a@x.y', 'old')",
            ["common/t.yaml": file("keep")]
        ) {
            project in
            try await #expect(project.told() == "t +0 ~0 =1 -0")
            try project.writeSeed(file("error"), to: "common/t.yaml")
            await #expect(project.problem() == "seeds/common/t.yaml:3: the row exists already in shop.t and differs")
            try await #expect(project.rows("SELECT name FROM t") == "old")
        }
    }

    @Test func twoRowsThatATriggerMakesOneAreNamed() async throws {
        let schema = Self.table(
            "email text PRIMARY KEY",
            "BEFORE INSERT",
            "NEW.email = lower(NEW.email); RETURN NEW;"
        )
        try await TestProject.withShop(schema, ["common/t.csv": "email\nA@x.y\na@x.y\n"]) { project in
            await #expect(
                project.problem() == "seeds/common/t.csv:3: the key (email) is also in seeds/common/t.csv:2"
            )
        }
    }

    @Test func aConflictOfAnotherKeyStaysAnError() async throws {
        let schema = Self.table(
            "id int PRIMARY KEY, email text UNIQUE",
            "BEFORE INSERT",
            "NEW.email = lower(NEW.email); RETURN NEW;"
        )
        let files: KeyValuePairs = ["common/t.yaml": "key: id\nrows:\n  - {id: 2, email: A@x.y}\n"]
        try await TestProject.withShop(schema + "INSERT INTO t VALUES (1, 'a@x.y')", files) { project in
            await #expect(project.problem().hasPrefix("seeds/common/t.yaml:3: shop.t: duplicate key value"))
        }
    }

    @Test func aRowThatATriggerKeepsAsItWasIsNotUpdated() async throws {
        let schema = Self.skipping("BEFORE UPDATE", "NEW.id = 2", columns: "id int PRIMARY KEY, n int")
        let files: KeyValuePairs = ["common/t.yaml": "- {id: 1, n: 1}\n- {id: 2, n: 2}\n"]
        try await TestProject.withShop(schema + "INSERT INTO t VALUES (1, 0), (2, 0)", files) { project in
            let report = try await project.seed()
            #expect(report.tables.map { "\($0.inserted) \($0.updated) \($0.unchanged) \($0.skipped)" } == ["0 1 0 1"])
            #expect(
                report.notes.map { $0.replacing(project.folder.file(""), with: "") } == [
                    "shop.t: 1 row still differs, because a trigger of the table kept its old values (seeds/common/t.yaml:2)"
                ]
            )
            try await #expect(project.rows("SELECT * FROM t ORDER BY 1") == "1|1 2|0")
        }
    }

    /// If a trigger changes values in the same way each time, a second run changes nothing.
    @Test func valuesChangedByATriggerAreNotAChange() async throws {
        let schema = Self.table(
            "id int PRIMARY KEY, name text, changed int NOT NULL DEFAULT 0",
            "BEFORE INSERT OR UPDATE",
            "NEW.name = upper(NEW.name); IF TG_OP = 'UPDATE' THEN NEW.changed = OLD.changed + 1; END IF; RETURN NEW;"
        )
        try await TestProject.withShop(schema, ["common/t.yaml": "- {id: 1, name: a}\n"]) { project in
            try await #expect(project.told() == "t +1 ~0 =0 -0")
            try await #expect(project.told() == "t +0 ~0 =1 -0")
            try await #expect(project.rows("SELECT * FROM t") == "1|A|0")
            try project.writeSeed("- {id: 1, name: b}\n", to: "common/t.yaml")
            try await #expect(project.told() == "t +0 ~1 =0 -0")
            try await #expect(project.rows("SELECT * FROM t") == "1|B|1")
        }
    }

    @Test func aRowThatATriggerKeepsIsNotPruned() async throws {
        let schema = Self.skipping("BEFORE DELETE", "OLD.id = 2", columns: "id int PRIMARY KEY")
        let file = { (rows: String) in "prune: true\nrows:\n\(rows)" }
        let files: KeyValuePairs = ["common/t.yaml": file("  - {id: 1}\n  - {id: 2}\n  - {id: 3}\n")]
        try await TestProject.withShop(schema, files) { project in
            try await project.seed()
            try project.writeSeed(file("  - {id: 1}\n"), to: "common/t.yaml")
            for deleted in [1, 0] {
                let report = try await project.seed()
                #expect(report.tables.map { "\($0.deleted) \($0.skipped)" } == ["\(deleted) 1"])
                #expect(
                    report.notes == [
                        "shop.t: 1 row that no file lists any more could not be deleted, because a trigger of the table kept it"
                    ]
                )
            }
            try await #expect(project.rows("SELECT * FROM t ORDER BY 1") == "1 2")
            // The record still has the row as one that seeding inserted.
            try await psql(project.url, "DROP TRIGGER x ON shop.t")
            try await #expect(project.told() == "t +0 ~0 =1 -1")
        }
    }

    @Test func generatedRowsThatATriggerLeavesOutAreNotCounted() async throws {
        let schema =
            Self.skipping("BEFORE INSERT", "NEW.id % 3 = 0", columns: "id int PRIMARY KEY")
            + "CREATE TABLE u (id int PRIMARY KEY, t_id int NOT NULL REFERENCES t);"
        let files: KeyValuePairs = [
            "common/t.yaml": "generate: 300\n", "common/u.yaml": "generate: {per: t, count: 2}\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            let plan = try await project.seed {
                $0.planOnly = true
                $0.only = ["t"]
            }
            #expect(plan.tables.map { "\($0.inserted) \($0.skipped)" } == ["200 100"])
            let report = try await project.seed()
            #expect(report.tables.map { "\($0.inserted) \($0.skipped)" } == ["200 100", "400 0"])
            #expect(report.notes.count == 1)
            try await #expect(
                project.rows("SELECT (SELECT count(*) FROM t), (SELECT count(DISTINCT t_id) FROM u)") == "200|200"
            )
            try await #expect(recorded(project).contains("table shop.t|200"))
            let again = try await project.seed()
            #expect(
                again.tables.map { "\($0.inserted) \($0.unchanged) \($0.skipped)" } == ["0 200 100", "0 400 0"]
            )
        }
    }
}
