import PostgresClient
import Seeding
import TestSupport
import Testing

/// A key must match only one row, never a second one that is not listed.
@Suite struct KeyTests {
    private static let orders = """
        CREATE TABLE orders (id int PRIMARY KEY, customer text, status text, note text);
        INSERT INTO orders SELECT n, 'a', 'open', 'mine' FROM generate_series(1, 500) n;
        INSERT INTO orders VALUES (501, 'b', 'open', 'mine');
        """

    private func file(_ rule: String = "") -> String {
        "key: [customer, status]\n\(rule)rows:\n  - {id: 501, customer: b, status: open, note: new}\n"
            + "  - {id: 600, customer: a, status: open, note: new}\n"
    }

    @Test(arguments: ["", "on_conflict: error\n"])
    func aKeyThatMatchesSeveralRowsChangesNone(rule: String) async throws {
        try await TestProject.withShop(Self.orders, ["common/orders.yaml": file(rule)]) { project in
            let line = rule.isEmpty ? 4 : 5
            await #expect(
                project.problem()
                    == "seeds/common/orders.yaml:\(line): the key (customer, status) matches 500 rows of shop.orders, "
                    + "but must match one"
            )
            try await #expect(project.rows("SELECT note, count(*) FROM orders GROUP BY 1") == "mine|501")
        }
    }

    @Test func keepLeavesAllOfThemAlone() async throws {
        try await TestProject.withShop(Self.orders, ["common/orders.yaml": file("on_conflict: keep\n")]) { project in
            try await #expect(project.told() == "orders +0 ~0 =2 -0")
            try await #expect(project.rows("SELECT note, count(*) FROM orders GROUP BY 1") == "mine|501")
        }
    }

    @Test func aKeyThatFindsOneRowNeedsNoIndex() async throws {
        let one = "key: [customer, status]\nrows:\n  - {id: 501, customer: b, status: open, note: new}\n"
        try await TestProject.withShop(Self.orders, ["common/orders.yaml": one]) { project in
            try await #expect(project.told() == "orders +0 ~1 =0 -0")
            try await #expect(
                project.rows("SELECT note, count(*) FROM orders GROUP BY 1 ORDER BY 1") == "mine|500 new|1"
            )
        }
    }

    @Test(
        arguments: [
            ("UNIQUE (a, b)", true), ("UNIQUE (a)", true), ("UNIQUE (b, a)", true), ("UNIQUE (a, b, c)", false),
            ("UNIQUE (a, n)", false), ("UNIQUE (a, b) DEFERRABLE", false),
            ("", false), ("UNIQUE NULLS NOT DISTINCT (n)", true),
            ("EXCLUDE USING btree (a WITH =)", false),
        ]
    )
    func constraintsThatBackAKey(constraint: String, backs: Bool) async throws {
        let table =
            "CREATE TABLE t (a int NOT NULL, b text NOT NULL, c int NOT NULL, n int\(constraint.isEmpty ? "" : ", ")\(constraint))"
        try await #expect(admitsOneRow(table, of: ["a", "b", "n"]) == backs)
    }

    @Test(
        arguments: [
            ("CREATE UNIQUE INDEX ON t (a)", true), ("CREATE UNIQUE INDEX ON t (a) INCLUDE (n)", true),
            ("CREATE UNIQUE INDEX ON t (a) WHERE a > 0", false), ("CREATE UNIQUE INDEX ON t (lower(b))", false),
            ("CREATE UNIQUE INDEX ON t (a, lower(b))", false), ("CREATE UNIQUE INDEX ON t (n)", false),
            ("CREATE INDEX ON t (a)", false), ("CREATE UNIQUE INDEX ON t (b COLLATE \"C\")", false),
            ("CREATE UNIQUE INDEX ON t (b text_pattern_ops)", false),
            (
                "CREATE UNIQUE INDEX i ON t (a); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass",
                false
            ),
            ("CREATE UNIQUE INDEX ON t (a); CREATE TABLE heir () INHERITS (t)", false),
        ]
    )
    func indexesThatBackAKey(index: String, backs: Bool) async throws {
        let table = "CREATE TABLE t (a int NOT NULL, b text NOT NULL, n int); \(index)"
        try await #expect(admitsOneRow(table, of: ["a", "b", "n"]) == backs)
    }

    /// Whether an index guarantees that a key matches at most one row of the table `t`.
    private func admitsOneRow(_ sql: String, of key: [String]) async throws -> Bool {
        var admits = false
        try await TestProject.withShop(sql) { project in
            let catalog = try await withSession(ServerAddress(project.url), logger: quietLogger) {
                try SeedCatalog.read($0, stateSchema: "granary")
            }
            let table = try #require(catalog[TableName(schema: "shop", name: "t")])
            admits = table.admitsOneRow(of: key)
        }
        return admits
    }

    @Test(arguments: [
        "CREATE UNIQUE INDEX ON t (a) WHERE b = 'x'",
        "ALTER TABLE t ADD UNIQUE (a, b)",
        "CREATE TABLE heir () INHERITS (t); INSERT INTO heir VALUES (1, 'y')",
    ])
    func rowsThatAnIndexDoesNotSeeAreMatchedToo(sql: String) async throws {
        let schema = "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (1, 'y'); \(sql)"
        try await TestProject.withShop(schema, ["common/t.yaml": "key: a\nrows:\n  - {a: 1, b: z}\n"]) { project in
            await #expect(project.problem().hasPrefix("seeds/common/t.yaml:3: the key (a) matches "))
            try await #expect(project.rows("SELECT count(*) FROM t WHERE b = 'z'") == "0")
        }
    }

    @Test func anInvalidIndexIsNotAKey() async throws {
        let schema = """
            CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a); INSERT INTO t VALUES (5);
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass
            """
        try await TestProject.withShop(schema, ["common/t.csv": "a\n5\n"]) { project in
            // Without a key the table is seeded only while it is empty.
            try await #expect(project.told() == "t +0 ~0 =1 -0")
            try await psql(project.url, "TRUNCATE shop.t; INSERT INTO shop.t VALUES (6)")
            try await #expect(project.told() == "t +0 ~0 =1 -0")
        }
    }

    @Test(arguments: [
        ("int", "7", "07"), ("numeric", "1", "1.0"), ("timestamptz", "2026-01-01 00:00+00", "2026-01-01 01:00+01"),
    ])
    func twoListedRowsThatAreOneForTheServerAreNamed(type: String, one: String, other: String) async throws {
        for constraint in ["", "PRIMARY KEY"] {
            let files: KeyValuePairs = [
                "common/t.yaml": "key: a\nrows:\n  - {a: '\(one)', b: x}\n  - {a: '\(other)', b: y}\n"
            ]
            try await TestProject.withShop("CREATE TABLE t (a \(type) \(constraint), b text)", files) { project in
                await #expect(
                    project.problem() == "seeds/common/t.yaml:4: the key (a) is also in seeds/common/t.yaml:3"
                )
            }
        }
    }

    @Test func pruningDeletesTheRowThatSeedingInserted() async throws {
        let files: KeyValuePairs = ["common/t.yaml": "key: a\nprune: true\nrows:\n  - {a: 1, b: x}\n  - {a: 2, b: x}\n"]
        try await TestProject.withShop("CREATE TABLE t (a int, b text)", files) { project in
            try await project.seed()
            try await psql(project.url, "INSERT INTO shop.t VALUES (2, 'theirs')")
            try project.writeSeed("key: a\nprune: true\nrows:\n  - {a: 1, b: x}\n", to: "common/t.yaml")
            await #expect(
                project.problem()
                    == "seeds/common/t.yaml: a row is no longer listed, and its key (a) matches 2 rows of shop.t"
            )
            try await #expect(project.rows("SELECT * FROM t ORDER BY 1, 2") == "1|x 2|theirs 2|x")
            try await psql(project.url, "DELETE FROM shop.t WHERE b = 'theirs'")
            try await #expect(project.told() == "t +0 ~0 =1 -1")
        }
    }

    @Test func aRowThatOthersReferToIsOneEvenWhereItIsKept() async throws {
        let schema = """
            CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text);
            INSERT INTO t (a) VALUES ('x'), ('x'); CREATE TABLE u (id int PRIMARY KEY, t_id int REFERENCES t)
            """
        let files: KeyValuePairs = [
            "common/t.yaml": "key: a\non_conflict: keep\nrows:\n  one: {a: x}\n",
            "common/u.yaml": "- {id: 1, t: '@one'}\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            await #expect(
                project.problem()
                    == "seeds/common/t.yaml:4: another row refers to this one, but its key (a) matches several rows of shop.t"
            )
        }
    }

    /// Columns that close a cycle are filled last, but belong to the row like the others.
    @Test(arguments: ["keep", "error", "update"])
    func onConflictAlsoAppliesToPostponedColumns(rule: String) async throws {
        let schema = """
            CREATE TABLE t (id int PRIMARY KEY, boss int REFERENCES t, n int);
            INSERT INTO t VALUES (1, NULL), (2, 1);
            """
        let rows = "rows:\n  a: {id: 1}\n  b: {id: 2, boss: \"@c\"}\n  c: {id: 3, n: !sql '3'}\n"
        try await TestProject.withShop(schema, ["common/t.yaml": "on_conflict: \(rule)\n\(rows)"]) { project in
            if rule == "error" {
                await #expect(
                    project.problem() == "seeds/common/t.yaml:4: the row exists already in shop.t and differs"
                )
            } else {
                try await #expect(project.told() == "t +1 \(rule == "keep" ? "~0 =2" : "~1 =1") -0")
            }
            try await #expect(project.rows("SELECT boss FROM t WHERE id = 2") == (rule == "update" ? "3" : "1"))
        }
    }
}
