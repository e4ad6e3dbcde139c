import PostgresClient
import Seeding
import TestSupport
import Testing

/// Generated rows under constraints that only the server understands.
@Suite struct ConstraintTests {
    /// Fills one table for each list of columns, and returns the row count of each.
    private static func filled(
        _ tables: KeyValuePairs<String, String>,
        before: String = "",
        rows: Int,
        _ body: (TestProject, SeedReport) async throws -> Void = { _, _ in }
    ) async throws -> [String: Int] {
        let schema = before + tables.map { "CREATE TABLE \($0.key) (\($0.value));" }.joined(separator: "\n")
        var counts: [String: Int] = [:]
        try await TestProject.withShop(schema) { project in
            let report = try await project.seed { $0.generate = (patterns: ["shop.*"], rows: rows) }
            #expect(report.skipped == [])
            for table in report.tables { counts[table.table.name] = table.inserted }
            let again = try await project.seed { $0.generate = (patterns: ["shop.*"], rows: rows) }
            #expect(again.changesNothing, "\(again.tables.filter { $0.changes > 0 })")
            try await body(project, report)
        }
        return counts
    }

    @Test func relationsBetweenColumnsAreSatisfied() async throws {
        let tables: KeyValuePairs = [
            "one_of_two": "id int PRIMARY KEY, a int, b int, CHECK (num_nonnulls(a, b) = 1)",
            "both_or_none": "id int PRIMARY KEY, a int, b int, CHECK ((a IS NULL) = (b IS NULL))",
            "not_both": "id int PRIMARY KEY, a boolean NOT NULL, b boolean NOT NULL, CHECK (NOT (a AND b))",
            "told": "id int PRIMARY KEY, a boolean NOT NULL, t text, CHECK (a = (t IS NOT NULL))",
            "sorted": "id int PRIMARY KEY, a int, b int, c int, CHECK (a <= b AND b <= c)",
            "sums": "id int PRIMARY KEY, x int NOT NULL, y int NOT NULL, z int NOT NULL, CHECK (x + y = z)",
            "spans":
                "id int PRIMARY KEY, s timestamptz NOT NULL, e timestamptz NOT NULL, CHECK (e > s AND e - s <= interval '2 hours')",
            "quotients": "id int PRIMARY KEY, a int NOT NULL, b int NOT NULL, CHECK (a / b = 3)",
        ]
        let counts = try await Self.filled(tables, rows: 60) { project, _ in
            try await #expect(
                project.rows("SELECT count(DISTINCT a IS NULL) FROM one_of_two") == "2",
                "both branches are taken"
            )
        }
        #expect(counts == Dictionary(uniqueKeysWithValues: tables.map { ($0.key, 60) }))
    }

    @Test func valuesOfOneColumnAreSatisfied() async throws {
        let tables: KeyValuePairs = [
            "dates": "id int PRIMARY KEY, b date NOT NULL CHECK (b >= '1990-01-01' AND b < '2000-01-01')",
            "below": "id int PRIMARY KEY, a int NOT NULL CHECK (a < -100)",
            "fifths": "id int PRIMARY KEY, a int NOT NULL CHECK (a % 5 = 0)",
            "trimmed": "id int PRIMARY KEY, k text NOT NULL CHECK (length(trim(k)) >= 12)",
            "upper": "id int PRIMARY KEY, c char(3) NOT NULL CHECK (c = upper(c))",
            "at": "id int PRIMARY KEY, s text NOT NULL CHECK (position('@' in s) > 1)",
            "digests": "id int PRIMARY KEY, b bytea NOT NULL CHECK (octet_length(b) = 16)",
            "tags": "id int PRIMARY KEY, tags text[] NOT NULL CHECK (cardinality(tags) <= 2)",
            "short": "id int PRIMARY KEY, i interval NOT NULL CHECK (i > interval '0' AND i <= interval '1 day')",
            "keys": "id int PRIMARY KEY CHECK (id >= 1000)",
            "domains": "id int PRIMARY KEY, d seventh NOT NULL",
            "labels": "id int PRIMARY KEY, v letter NOT NULL CHECK (v <> 'a')",
        ]
        let counts = try await Self.filled(
            tables,
            before: """
                CREATE DOMAIN seventh AS int CHECK (VALUE % 7 = 3); CREATE TYPE letter AS ENUM ('a', 'b', 'c');
                """,
            rows: 60
        )
        #expect(counts == Dictionary(uniqueKeysWithValues: tables.map { ($0.key, 60) }))
    }

    @Test func uniqueValuesGoAsFarAsTheTypeDoes() async throws {
        let tables: KeyValuePairs = [
            "phones": "id int PRIMARY KEY, phone text UNIQUE", "days": "id int PRIMARY KEY, day date NOT NULL UNIQUE",
            "lists": "id int PRIMARY KEY, v int[] NOT NULL UNIQUE",
            "ranges": "id int PRIMARY KEY, v int4range NOT NULL UNIQUE",
            "times": "id int PRIMARY KEY, v time NOT NULL UNIQUE",
            "intervals": "id int PRIMARY KEY, v interval NOT NULL UNIQUE",
            "documents": "id int PRIMARY KEY, v jsonb NOT NULL UNIQUE",
            "pairs": "id int PRIMARY KEY, a int NOT NULL CHECK (a BETWEEN 1 AND 40), country text, UNIQUE (a, country)",
            "calendar": "id int PRIMARY KEY, d daterange NOT NULL, EXCLUDE USING gist (d WITH &&)",
        ]
        let counts = try await Self.filled(tables, rows: 900)
        #expect(counts == Dictionary(uniqueKeysWithValues: tables.map { ($0.key, 900) }))
    }

    @Test func uniquenessOfSomeRowsOrOfExpressionsIsLeftToTheServer() async throws {
        let schema = """
            CREATE TABLE current (id int PRIMARY KEY, a int NOT NULL CHECK (a BETWEEN 1 AND 40), is_current boolean NOT NULL);
            CREATE UNIQUE INDEX ON current (a) WHERE is_current;
            CREATE TABLE spelled (id int PRIMARY KEY, a text NOT NULL CHECK (a ~ '^[a-z]{1,2}$'), b int);
            CREATE UNIQUE INDEX ON spelled (upper(a), coalesce(b, 0));
            """
        try await TestProject.withShop(schema) { project in
            try await #expect(project.generated(rows: 300) == "current +300, spelled +300")
            try await #expect(project.generated(rows: 300) == "current +0, spelled +0")
            try await #expect(project.generated(rows: 400) == "current +100, spelled +100")
        }
    }

    @Test func aTableTakesAsManyRowsAsItsKeyAllows() async throws {
        let tables: KeyValuePairs = [
            "bits": "bits int PRIMARY KEY CHECK (bits IN (0, 2048, 3072))",
            "single": "id int PRIMARY KEY CHECK (id = 1), v text",
            "small": "id int PRIMARY KEY CHECK (id BETWEEN 10 AND 19)",
        ]
        let counts = try await Self.filled(tables, rows: 100) { _, report in
            #expect(report.notes.contains("shop.bits: only 3 rows are possible"))
            #expect(report.notes.contains("shop.single: only 1 row is possible"))
        }
        #expect(counts == ["bits": 3, "single": 1, "small": 10])
    }

    @Test func partitionsWithoutADefaultTakeRowsWithinTheirBounds() async throws {
        let schema = """
            CREATE TABLE days (id int, d date NOT NULL, region text NOT NULL, PRIMARY KEY (id, d, region)) PARTITION BY RANGE (d);
            CREATE TABLE days1 PARTITION OF days FOR VALUES FROM ('2024-01-01') TO ('2024-02-01') PARTITION BY LIST (region);
            CREATE TABLE days11 PARTITION OF days1 FOR VALUES IN ('eu', 'us');
            CREATE TABLE lists (r text NOT NULL, id int) PARTITION BY LIST (r);
            CREATE TABLE lists1 PARTITION OF lists FOR VALUES IN ('eu', 'us'); CREATE TABLE lists2 PARTITION OF lists FOR VALUES IN ('jp');
            CREATE TABLE hashes (a text NOT NULL) PARTITION BY HASH (a);
            CREATE TABLE hashes1 PARTITION OF hashes FOR VALUES WITH (MODULUS 4, REMAINDER 1);
            """
        try await TestProject.withShop(schema) { project in
            try await #expect(project.generated(rows: 60) == "days +60, hashes +60, lists +60")
            try await #expect(project.rows("SELECT string_agg(DISTINCT r, ',' ORDER BY r) FROM lists") == "eu,jp,us")
        }
    }

    @Test func foreignKeysThatShareAColumnAgree() async throws {
        let schema = """
            CREATE TABLE tenants (id int PRIMARY KEY);
            CREATE TABLE projects (tenant int REFERENCES tenants, id int, PRIMARY KEY (tenant, id));
            CREATE TABLE users (tenant int REFERENCES tenants, id int, PRIMARY KEY (tenant, id));
            CREATE TABLE tasks (id int PRIMARY KEY, tenant int NOT NULL, project int NOT NULL, assignee int NOT NULL,
                FOREIGN KEY (tenant, project) REFERENCES projects, FOREIGN KEY (tenant, assignee) REFERENCES users);
            CREATE TABLE nodes (a int, b int, c int, PRIMARY KEY (a, b), FOREIGN KEY (c, b) REFERENCES nodes (a, b));
            CREATE TABLE flags (id int PRIMARY KEY REFERENCES tenants, project int, FOREIGN KEY (id, project) REFERENCES projects (tenant, id));
            """
        try await TestProject.withShop(schema) { project in
            try await #expect(
                project.generated(rows: 60) == "flags +60, nodes +60, projects +60, tasks +60, tenants +60, users +60"
            )
            try await #expect(
                project.generated(rows: 60) == "flags +0, nodes +0, projects +0, tasks +0, tenants +0, users +0"
            )
        }
    }

    @Test func circlesOfRequiredKeysAreFilled() async throws {
        let schema = """
            CREATE TABLE a (id int PRIMARY KEY, b_id int NOT NULL); CREATE TABLE b (id int PRIMARY KEY, a_id int NOT NULL REFERENCES a);
            ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES b DEFERRABLE;
            CREATE TABLE c (id uuid PRIMARY KEY, d_id int NOT NULL); CREATE TABLE d (id int PRIMARY KEY, c_id uuid NOT NULL REFERENCES c);
            ALTER TABLE c ADD CONSTRAINT c_d FOREIGN KEY (d_id) REFERENCES d;
            """
        try await TestProject.withShop(schema) { project in
            try await #expect(project.generated(rows: 50) == "a +50, b +50, c +50, d +50")
            // The foreign key is deferrable only for the duration of the transaction.
            try await #expect(
                project.rows("SELECT string_agg(conname, ',') FROM pg_constraint WHERE condeferrable") == "a_b"
            )
        }
    }

    @Test func constraintsThatFewCandidatesSatisfyAreFilled() async throws {
        try await TestProject.withShop(
            "CREATE TABLE rare (id int PRIMARY KEY, a text NOT NULL CHECK (hashtext(a) % 500 = 77))"
        ) { project in
            // Rows share the accepted candidates.
            try await #expect(project.generated(rows: 100) == "rare +100")
            try await #expect(project.rows("SELECT count(DISTINCT a) BETWEEN 5 AND 100 FROM rare") == "t")
        }
    }

    @Test func valuesAreSoughtFarFromTheBoundThatWasRead() async throws {
        let schema = """
            CREATE TABLE t (id int PRIMARY KEY, x int NOT NULL CHECK (x > 2000000000 AND x % 5003 = 77),
                y int NOT NULL CHECK (y < -2000000000 AND y % 5003 = -77), z int NOT NULL CHECK (z >= 5000 AND z < 90000 AND z % 1009 = 7))
            """
        try await TestProject.withShop(schema) { project in
            try await #expect(project.generated(rows: 100) == "t +100")
        }
    }

    @Test func checksOfGeneratedColumnsChooseTheValuesThatTheyAreMadeOf() async throws {
        let schema = """
            CREATE TABLE t (id int PRIMARY KEY, q int NOT NULL, p numeric(8,2) NOT NULL,
                "the total" numeric GENERATED ALWAYS AS (q * p) STORED CHECK ("the total" < 1000 AND abs("the total") > 1))
            """
        try await TestProject.withShop(schema) { project in
            try await #expect(project.generated(rows: 100) == "t +100")
        }
    }

    @Test(arguments: [
        """
        CREATE TABLE t (id int PRIMARY KEY, d date NOT NULL, date date GENERATED ALWAYS AS (d + 1) STORED
            CHECK (date > '2020-01-01'::date AND extract(isodow FROM date) = 1))
        """,
        """
        CREATE TYPE shop.grade AS ENUM ('low', 'high');
        CREATE TABLE t (id int PRIMARY KEY, q int NOT NULL, grade shop.grade GENERATED ALWAYS AS (
            CASE WHEN q > 10 THEN 'high'::shop.grade ELSE 'low'::shop.grade END) STORED CHECK (grade > 'low'::shop.grade))
        """,
    ])
    func aGeneratedColumnMayHaveTheNameOfItsType(schema: String) async throws {
        try await TestProject.withShop(schema) { project in
            try await #expect(project.generated(rows: 100) == "t +100")
        }
    }

    @Test func rangesAreAsLongAsTheirChecksSay() async throws {
        let schema = """
            CREATE TABLE t (id int PRIMARY KEY,
                a tstzrange NOT NULL CHECK (upper(a) - lower(a) BETWEEN interval '30 minutes' AND interval '4 hours'),
                b daterange NOT NULL CHECK (upper(b) - lower(b) > 300),
                c int4range NOT NULL CHECK (upper(c) - lower(c) = 2))
            """
        try await TestProject.withShop(schema) { project in
            try await #expect(project.generated(rows: 100) == "t +100")
        }
    }

    @Test func aTableThatCannotBeFilledDoesNotEmptyTheOthers() async throws {
        let schema = """
            CREATE TABLE good (id int PRIMARY KEY);
            CREATE TABLE bad (id int PRIMARY KEY, x int NOT NULL CHECK (x > 5 AND x < 3));
            CREATE TABLE needs_bad (id int PRIMARY KEY, bad_id int NOT NULL REFERENCES bad);
            CREATE TABLE knows_bad (id int PRIMARY KEY, bad_id int REFERENCES bad);
            """
        try await TestProject.withShop(schema) { project in
            let report = try await project.seed {
                $0.generate = (patterns: ["shop.*"], rows: 10)
                $0.candidates = 20_000
            }
            #expect(
                report.skipped.map { "\($0.table): \($0.reason)" } == [
                    "shop.bad: of 20,000 values drawn for x, bad_x_check accepts none",
                    "shop.needs_bad: the rows of shop.needs_bad refer to shop.bad, which has no rows",
                ]
            )
            #expect(
                report.skipped[0].hint
                    == "declare a generator in seeds/development/shop.bad.yaml, such as generate: {columns: {x: {between: [6, 6]}}}"
            )
            try await #expect(
                project.rows(
                    "SELECT (SELECT count(*) FROM good), (SELECT count(*) FROM knows_bad), (SELECT count(*) FROM bad)"
                )
                    == "10|10|0"
            )
        }
    }

    @Test func strictKeepsAllOrNothing() async throws {
        let schema =
            "CREATE TABLE good (id int PRIMARY KEY); CREATE TABLE bad (id int PRIMARY KEY REFERENCES good, x box CHECK (x IS NULL AND id < 0));"
        try await TestProject.withShop(schema) { project in
            let error = await failure {
                try await project.seed {
                    $0.generate = (patterns: ["shop.*"], rows: 10)
                    $0.isStrict = true
                    $0.candidates = 20_000
                }
            }
            #expect(error?.message.hasPrefix("shop.bad: of ") == true)
            try await #expect(project.rows("SELECT count(*) FROM good") == "0")
        }
    }

    @Test func declarationsOfAFileAlsoCountWithGenerate() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY, x int NOT NULL, y text)"
        let files: KeyValuePairs = [
            "development/t.yaml": "generate:\n  count: 5\n  columns:\n    x: 3\n    y: {pick: [a, b]}\n",
            "development/900_more.sql": "INSERT INTO t VALUES (-1, -1, 'c');\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            try await #expect(project.generated(rows: 40) == "t +40")
            try await #expect(project.rows("SELECT DISTINCT x FROM t") == "3", "scripts do not run")
        }
    }

    @Test func explainNamesTheConstraintsThatTheServerWasAskedAbout() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY, x int NOT NULL CHECK (x % 7 = 3), n int CHECK (n > 5))"
        try await TestProject.withShop(schema) { project in
            try await #expect(project.generated(rows: 10) == "t +10")
            let lines = try await project.seeder().explain("t")
            #expect(lines.map(\.constraints) == [[], ["t_x_check"], ["t_n_check"]])
        }
    }

    @Test func aConstraintThatWasDroppedIsAskedAboutNoMore() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY, x int NOT NULL CHECK (x % 7 = 3))"
        try await TestProject.withShop(schema) { project in
            try await #expect(project.generated(rows: 10) == "t +10")
            _ = try await psql(project.url, "ALTER TABLE shop.t DROP CONSTRAINT t_x_check")
            try await #expect(project.generated(rows: 20) == "t +10")
            _ = try await psql(project.url, "ALTER TABLE shop.t DROP COLUMN x")
            try await #expect(project.generated(rows: 30) == "t +10")
        }
    }

    @Test func declaredColumnsKeepTheirRelations() async throws {
        let schema = """
            CREATE TABLE users (id int PRIMARY KEY, created_at timestamptz NOT NULL);
            CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users, status text NOT NULL,
                created_at timestamptz NOT NULL, refunded_at timestamptz, total int NOT NULL,
                CHECK (refunded_at IS NULL OR total > 50), CHECK (extract(minute FROM created_at) < 30));
            """
        let orders = """
            generate:
              count: 300
              columns:
                status: {weighted: {paid: 60, refunded: 40}}
                created_at: {after: users.created_at, within: 100d}
                refunded_at: {when: status = refunded, after: created_at, within: 30d}
                total: {between: [1, 100]}
            """
        let users = "generate:\n  count: 40\n  columns:\n    created_at: {between: [-2y, now]}\n"
        let files: KeyValuePairs = ["development/users.yaml": users, "development/orders.yaml": orders]
        try await TestProject.withShop(schema, files) { project in
            try await #expect(project.told() == "users +40 ~0 =0 -0, orders +300 ~0 =0 -0")
            try await #expect(
                project.rows(
                    """
                    SELECT count(*) FILTER (WHERE (o.status = 'refunded') <> (refunded_at IS NOT NULL)),
                        count(*) FILTER (WHERE refunded_at < o.created_at), count(*) FILTER (WHERE o.created_at < u.created_at),
                        count(*) FILTER (WHERE status = 'refunded') > 10, count(DISTINCT user_id) > 10
                    FROM orders o JOIN users u ON u.id = user_id
                    """
                ) == "0|0|0|t|t"
            )
            try await #expect(project.told() == "users +0 ~0 =40 -0, orders +0 ~0 =300 -0")
        }
    }

    @Test func expressionsThatFailForSomeValuesAreAskedAbout() async throws {
        let tables: KeyValuePairs = [
            "spans":
                "id int PRIMARY KEY, s timestamptz NOT NULL, e timestamptz NOT NULL, EXCLUDE USING gist (tstzrange(s, e) WITH &&)",
            "names": "id int PRIMARY KEY, r int NOT NULL, found int NOT NULL, c int, CHECK (r / found = 3)",
            "pairs":
                "id int PRIMARY KEY, tags varchar(5)[] NOT NULL CHECK (cardinality(tags) = 2 AND tags[1] < tags[2])",
        ]
        let counts = try await Self.filled(tables, rows: 20)
        #expect(counts == Dictionary(uniqueKeysWithValues: tables.map { ($0.key, 20) }))
    }

    @Test func valuesThatAreTooLongAreDrawnAgain() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY, a varchar(4) NOT NULL, b char(3) NOT NULL)"
        let file = """
            generate: {count: 50, columns: {a: {pattern: "[a-z]{1,8}"}, b: {pattern: "[a-z]{2,5}"}}}
            """
        try await TestProject.withShop(schema, ["development/t.yaml": file]) { project in
            try await #expect(project.told() == "t +50 ~0 =0 -0")
            try await #expect(
                project.rows("SELECT max(length(a)), max(length(b)), count(DISTINCT a) > 20 FROM t") == "4|3|t"
            )
            try await #expect(project.told() == "t +0 ~0 =50 -0")
        }
    }

    @Test func valuesThatAreTooLongForAnIndexAreDrawnAgain() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL UNIQUE)"
        let file = """
            generate: {count: 50, columns: {a: {pattern: "([a-z]{8}|[a-z]{3000})"}}}
            """
        try await TestProject.withShop(schema, ["development/t.yaml": file]) { project in
            try await #expect(project.told() == "t +50 ~0 =0 -0")
            try await #expect(project.rows("SELECT max(length(a)) FROM t") == "8")
            try await #expect(project.told() == "t +0 ~0 =50 -0")
        }
    }

    @Test func existingRowsAreAvoided() async throws {
        let schema = """
            CREATE TABLE letters (id int PRIMARY KEY, a text NOT NULL UNIQUE CHECK (a ~ '^[a-z]$'));
            INSERT INTO letters SELECT -n, chr(96 + n) FROM generate_series(1, 6) n;
            CREATE TABLE days (id int PRIMARY KEY, d daterange NOT NULL, EXCLUDE USING gist (d WITH &&) DEFERRABLE);
            INSERT INTO days VALUES (-1, daterange(current_date - 2000, current_date - 20));
            """
        try await TestProject.withShop(schema) { project in
            let report = try await project.seed { $0.generate = (patterns: ["shop.*"], rows: 18) }
            #expect(report.skipped == [])
            #expect(report.notes == [])
            #expect(report.tables.map(\.inserted) == [18, 18])
            try await #expect(project.generated(rows: 18) == "days +0, letters +0")
        }
    }

    @Test func aPlanOfTablesThatReferToEachOtherIsLikeTheRun() async throws {
        let schema =
            "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a)"
        try await TestProject.withShop(schema) { project in
            let report = try await project.seed {
                $0.generate = (patterns: ["shop.*"], rows: 30)
                $0.planOnly = true
            }
            #expect(report.tables.map(\.inserted) == [30, 30])
            try await #expect(project.rows("SELECT count(*) FROM a") == "0")
        }
    }
}

extension TestProject {
    /// The rows that `--generate` inserted into all tables, such as `a +2, b +2`.
    fileprivate func generated(rows: Int) async throws -> String {
        let report = try await seed { $0.generate = (patterns: ["shop.*"], rows: rows) }
        #expect(report.skipped == [])
        return report.tables.sorted { $0.table < $1.table }.map { "\($0.table.name) +\($0.inserted)" }
            .joined(separator: ", ")
    }
}
