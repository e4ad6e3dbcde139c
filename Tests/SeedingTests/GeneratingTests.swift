import PostgresClient
import Seeding
import TestSupport
import Testing

private let shop = """
    CREATE TYPE status AS ENUM ('paid', 'pending', 'refunded');
    CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL, first_name text NOT NULL, last_name text NOT NULL,
        username text NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9][a-z0-9._-]{2,38}$'), age int CHECK (age BETWEEN 18 AND 90), country char(2) CHECK (country ~ '^[A-Z]{2}$'),
        created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(), manager bigint REFERENCES users,
        CHECK (updated_at >= created_at));
    CREATE UNIQUE INDEX ON users (lower(email));
    CREATE TABLE profiles (user_id bigint PRIMARY KEY REFERENCES users, bio text CHECK (length(bio) <= 40), avatar bytea, tags text[] NOT NULL, prefs jsonb NOT NULL CHECK (jsonb_typeof(prefs) = 'object'));
    CREATE TABLE orders (id serial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, status status NOT NULL, total numeric(10,2) NOT NULL CHECK (total > 0),
        created_at timestamptz NOT NULL, refunded_at timestamptz, CHECK (status <> 'refunded' OR refunded_at IS NOT NULL));
    CREATE TABLE settings (user_id bigint NOT NULL REFERENCES users, area text NOT NULL CHECK (area IN ('a', 'b', 'c')), PRIMARY KEY (user_id, area));
    """

private let files: KeyValuePairs = [
    "seeds.yaml": "as_of: 2026-06-01\nseed: 7\n",
    "development/users.yaml":
        "key: username\nrows:\n  alice: {username: alice, email: alice@example.com, first_name: Alice, last_name: Test}\ngenerate: {count: 300}\n",
    "development/profiles.yaml":
        "rows:\n  - {user: \"@alice\", tags: [], prefs: {}}\ngenerate: {per: users, count: 1}\n",
    "development/orders.yaml": """
    generate:
      per: users
      count: {zipf: 1.1, mean: 4, max: 60, none: 20%}
      columns:
        status: {weighted: {paid: 70, pending: 20, refunded: 10}}
        created_at: {after: users.created_at, within: 400d}
        total: {lognormal: {median: 40, p99: 900}, round: 2, min: 0.01}
        refunded_at: {when: "status = refunded", after: created_at, within: 30d}
    """,
    "development/settings.yaml": "generate: {per: [users, {area: [a, b]}]}\n",
]

@Suite struct GeneratingTests {
    @Test func generatedRowsFitAndASecondRunChangesNothing() async throws {
        try await TestProject.withShop(shop, files) { project in
            let report = try await project.seed()
            let told = report.tables.map { "\($0.table.name) \($0.inserted)" }
            #expect(told[0] == "users 301")
            #expect(told.contains("profiles 301"))
            #expect(told.contains("settings 602"))
            try await #expect(
                project.rows(
                    "SELECT count(*) FROM users u WHERE (SELECT count(*) FROM profiles p WHERE p.user_id = u.id) <> 1"
                ) == "0"
            )
            // Four on average for each parent, some of which have none.
            try await #expect(project.rows("SELECT count(*) BETWEEN 600 AND 2000 FROM orders") == "t")
            try await #expect(
                project.rows(
                    "SELECT count(*) BETWEEN 30 AND 90 FROM users u WHERE NOT EXISTS (SELECT FROM orders o WHERE o.user_id = u.id)"
                ) == "t"
            )
            try await #expect(
                project.rows(
                    "SELECT count(*) FROM orders o JOIN users u ON u.id = o.user_id WHERE o.created_at < u.created_at AND u.username <> 'alice' OR o.created_at > u.created_at + interval '400 days'"
                ) == "0"
            )
            try await #expect(
                project.rows("SELECT count(*) FROM orders WHERE (refunded_at IS NULL) <> (status <> 'refunded')") == "0"
            )
            try await #expect(
                project.rows("SELECT count(*) FROM users WHERE email !~ '^[a-z.-]+[0-9]*@example\\.(com|org|net)$'")
                    == "0"
            )
            try await #expect(
                project.rows(
                    "SELECT count(*) FROM users WHERE id > 1000 AND email NOT LIKE lower(first_name) || '.' || lower(replace(last_name, ' ', '-')) || '%'"
                ) == "0"
            )
            try await #expect(project.rows("SELECT nextval('users_id_seq') > max(id) FROM users") == "t")
            let before = try await project.rows(
                "SELECT md5(string_agg(o::text || xmin, ',' ORDER BY id)) FROM orders o"
            )
            let again = try await project.seed()
            #expect(again.changesNothing, "\(again.tables)")
            try await #expect(
                project.rows("SELECT md5(string_agg(o::text || xmin, ',' ORDER BY id)) FROM orders o") == before
            )
        }
    }

    /// All values of the rows, as one text.
    private static let all =
        "SELECT md5(string_agg(t, ',' ORDER BY t)) FROM (SELECT u::text FROM users u UNION ALL SELECT o::text FROM orders o UNION ALL SELECT p::text FROM profiles p) x (t)"

    @Test func theNumberOfWorkersChangesNothing() async throws {
        var seen: Set<String> = []
        for jobs in [1, 2, 5] {
            try await TestProject.withShop(shop, files) { project in
                try project.writeSeed("generate: {count: 20000}\n", to: "development/users.yaml")
                try project.writeSeed("generate: {count: 10}\n", to: "development/profiles.yaml")
                try await project.seed { $0.jobs = jobs }
                seen.insert(try await project.rows(Self.all))
            }
        }
        #expect(seen.count == 1)
    }

    @Test func raisingACountKeepsTheExistingRows() async throws {
        try await TestProject.withShop(
            shop,
            [
                "seeds.yaml": "as_of: 2026-06-01\n",
                "development/users.yaml": "generate: {count: 100, columns: {manager: null}}\n",
            ]
        ) { project in
            try await project.seed()
            let before = try await project.rows("SELECT md5(string_agg(u::text || xmin, ',' ORDER BY id)) FROM users u")
            try project.writeSeed("generate: {count: 150, columns: {manager: null}}\n", to: "development/users.yaml")
            try await #expect(project.told() == "users +50 ~0 =100 -0")
            try await #expect(
                project.rows("SELECT md5(string_agg(u::text || xmin, ',' ORDER BY id)) FROM users u WHERE id <= 100")
                    == before
            )
            _ = try await project.rows("DELETE FROM users WHERE id IN (7, 8)")
            try await #expect(project.told() == "users +2 ~0 =148 -0")
            try await #expect(
                project.rows("SELECT md5(string_agg(u::text, ',' ORDER BY id)) IS NOT NULL FROM users u") == "t"
            )
        }
    }

    @Test func uniqueCombinationsAreVisibleToOtherColumns() async throws {
        let schema =
            "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE s (u int REFERENCES u, area text CHECK (area IN ('a', 'b', 'c')), n text, PRIMARY KEY (u, area))"
        let files: KeyValuePairs = [
            "development/u.yaml": "generate: 50\n",
            "development/s.yaml":
                "generate:\n  per: u\n  count: [1, 3]\n  columns:\n    n: {case: {area = a: one, area = b: two}, else: three}\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            try await project.seed()
            try await #expect(
                project.rows(
                    "SELECT count(*) > 60, count(*) FILTER (WHERE n <> (CASE area WHEN 'a' THEN 'one' WHEN 'b' THEN 'two' ELSE 'three' END)) FROM s"
                )
                    == "t|0"
            )
        }
    }

    @Test func scaleMultipliesCounts() async throws {
        try await TestProject.withShop(
            shop,
            [
                "seeds.yaml": "environments: {staging: {extends: development, scale: 0.1}}\n",
                "development/users.yaml": "generate: {count: 1_000}\n",
            ]
        ) { project in
            try await #expect(project.told("staging") == "users +100 ~0 =0 -0")
            try await #expect(
                project.told("staging") {
                    $0.scale = 0.15
                    $0.hasScale = true
                } == "users +50 ~0 =100 -0"
            )
        }
    }

    @Test func theCommonLayerAloneForgetsNothingOfTheOthers() async throws {
        let schema = "CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, code text UNIQUE, n int)"
        let files: KeyValuePairs = [
            "common/t.yaml": "key: code\nprune: true\nrows:\n  - {code: a, n: 1}\n",
            "development/t.yaml": "rows:\n  - {code: b, n: 2}\ngenerate: {count: 20}\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            try await #expect(project.told { $0.commonOnly = true } == "t +1 ~0 =0 -0")
            try await #expect(project.told() == "t +21 ~0 =1 -0")
            try await #expect(project.told { $0.commonOnly = true } == "t +0 ~0 =1 -0")
            try await #expect(project.told() == "t +0 ~0 =22 -0")
            // A changed declaration changes generated rows, but not listed ones.
            _ = try await project.rows("UPDATE t SET n = -1 WHERE id > 1000")
            try project.writeSeed("rows:\n  - {code: b, n: 3}\ngenerate: {count: 20}\n", to: "development/t.yaml")
            try await #expect(project.told() == "t +0 ~1 =21 -0")
            try project.writeSeed(
                "rows:\n  - {code: b, n: 3}\ngenerate: {count: 20, columns: {n: 7}}\n",
                to: "development/t.yaml"
            )
            try await #expect(project.told() == "t +0 ~20 =2 -0")
            try await #expect(project.told() == "t +0 ~0 =22 -0")
        }
    }

    @Test func aPlanOfGeneratedRowsWritesNone() async throws {
        try await TestProject.withShop(shop, files) { project in
            let report = try await project.seed { $0.planOnly = true }
            #expect(report.tables.first?.inserted == 301)
            try await #expect(
                project.rows(
                    "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM orders), (SELECT last_value FROM orders_id_seq)"
                ) == "0|0|1"
            )
        }
    }

    @Test(arguments: [
        (
            "settings", "generate: {per: users, count: 4}",
            "only 3 distinct values of shop.settings (area) are possible for each parent, but 4 rows are wanted"
        ),
        (
            "profiles", "generate: {count: 12}",
            "only 10 distinct values of shop.profiles (user_id) are possible, but 12 rows are wanted"
        ),
        ("orders", "generate: {count: 1, columns: {totl: 1}}", "shop.orders has no column totl"),
        ("orders", "generate: {count: 1, columns: {total: {betwen: [1, 2]}}}", "betwen is unknown"),
        (
            "orders", "generate: {per: settings, count: 1}",
            "per names settings, but no foreign key of shop.orders refers to it"
        ),
        (
            "orders", "generate: {count: 5, columns: {total: 0}}",
            "shop.orders: of 2,000 values drawn for total, orders_total_check accepts none"
        ),
        ("orders", "generate: {count: -1}", "count is negative"),
        ("orders", "generate: {columns: {}}", "generate has neither count nor per"),
    ])
    func impossibleDeclarationsAreReportedBeforeTheFirstRow(table: String, yaml: String, message: String) async throws {
        try await TestProject.withShop(
            shop,
            ["development/users.yaml": "generate: {count: 10}\n", "development/x.sql": ""]
        ) {
            project in
            try project.writeSeed(yaml, to: "development/\(table).yaml")
            await #expect(project.problem().hasPrefix("seeds/development/\(table).yaml:1: \(message)"))
            try await #expect(project.rows("SELECT count(*) FROM users") == "0")
        }
    }

    @Test func perCanNameOneOfSeveralKeysToATable() async throws {
        let schema = """
            CREATE TABLE users (id int PRIMARY KEY);
            CREATE TABLE messages (id int PRIMARY KEY, receiver int NOT NULL REFERENCES users, sender int NOT NULL REFERENCES users);
            """
        let files: KeyValuePairs = [
            "development/users.yaml": "generate: {count: 10}\n",
            "development/messages.yaml": "generate: {per: users, count: 2}\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            let error = await failure { try await project.seed() }
            #expect(
                error?.message == "per names users, but several foreign keys of shop.messages refer to it"
            )
            #expect(error?.hint == "name the column of one: per: receiver or per: sender")
            try project.writeSeed("generate: {per: sender, count: 2}\n", to: "development/messages.yaml")
            try await #expect(project.told() == "users +10 ~0 =0 -0, messages +20 ~0 =0 -0")
            try await #expect(
                project.rows("SELECT count(*) FROM (SELECT FROM messages GROUP BY sender HAVING count(*) = 2) s")
                    == "10"
            )
        }
    }

    @Test func declaredGeneratorsMakeTheDeclaredValues() async throws {
        let schema = """
            CREATE TABLE t (id int PRIMARY KEY, a int, b text, c text, d date, e timestamptz, f timestamptz, g numeric(8,2), h text, i text, j boolean, k text UNIQUE, l int, m text, n text);
            """
        let yaml = """
            generate:
              count: 1000
              columns:
                a: {between: [5, 9]}
                b: {pattern: "[A-C]{2}-[0-9]{3}"}
                c: {weighted: {x: 90, y: 10}}
                d: {between: [2026-01-01, 2026-01-31]}
                e: {between: [-2y, now], shape: growth}
                f: {after: e, within: 2d, at_least: 1h}
                g: {normal: {mean: 100, sd: 10}, min: 80, max: 120}
                h: {case: {"c = x": is x, "c = y": {pick: [one, two]}}}
                i: {template: "{c}-{n}", null: 10%}
                j: {chance: 25%}
                k: {template: "k{c}", unique: true}
                l: !sql "40 + 2"
                m: constant
                n: {when: "c = y", value: only y}
            """
        try await TestProject.withShop(schema, ["seeds.yaml": "as_of: 2026-06-01\n", "development/t.yaml": yaml]) {
            project in
            try await #expect(project.told() == "t +1000 ~0 =0 -0")
            let checks = """
                SELECT bool_and(a BETWEEN 5 AND 9), bool_and(b ~ '^[A-C]{2}-[0-9]{3}$'), count(*) FILTER (WHERE c = 'y') BETWEEN 70 AND 130,
                    bool_and(d BETWEEN '2026-01-01' AND '2026-01-31'), max(e) <= '2026-06-01' AND min(e) > '2024-05-30', bool_and(f BETWEEN e + interval '1 hour' AND e + interval '2 days' OR f > '2026-05-30'),
                    bool_and(g BETWEEN 80 AND 120) AND avg(g) BETWEEN 99 AND 101, bool_and(h = 'is x') FILTER (WHERE c = 'x'), bool_and(h IN ('one', 'two')) FILTER (WHERE c = 'y'),
                    count(*) FILTER (WHERE i IS NULL) BETWEEN 60 AND 140, bool_and(i = c || '-' || id) , count(*) FILTER (WHERE j) BETWEEN 200 AND 300, count(DISTINCT k),
                    bool_and(l = 42), bool_and(m = 'constant'), bool_and((n = 'only y') IS NOT DISTINCT FROM (CASE WHEN c = 'y' THEN true END)) FROM t
                """
            try await #expect(project.rows(checks) == "t|t|t|t|t|t|t|t|t|t|t|t|1000|t|t|t")
            let again = try await project.seed()
            #expect(again.changesNothing)
        }
    }

    @Test func anyTableIsFilledWithoutConfiguration() async throws {
        let schema =
            shop
                + """
                CREATE DOMAIN percent AS int CHECK (VALUE BETWEEN 0 AND 100);
                CREATE TABLE everything (id uuid PRIMARY KEY, p percent NOT NULL, r int4range, i interval, n inet, m macaddr, x xml, b bit(5), v varbit(8), pt point, ts tsvector, j json, a int[], ta text[],
                    t time, tz timetz, c char(3) UNIQUE, v3 varchar(3), f real, d double precision, mo money, dr daterange, by bytea NOT NULL, o boolean NOT NULL, s smallint NOT NULL, cc citext_like);
                """.replacing(", cc citext_like", with: "")
        try await TestProject.withShop(schema) { project in
            let report = try await project.seed {
                $0.generate = (patterns: ["shop.*"], rows: 200)
                $0.jobs = 2
            }
            #expect(report.tables.map(\.inserted).allSatisfy { $0 == 200 }, "\(report.tables)")
            let again = try await project.seed { $0.generate = (patterns: ["shop.*"], rows: 200) }
            #expect(again.changesNothing)
            let error = await failure {
                try await project.seed { $0.generate = (patterns: ["shop.nothing*"], rows: 2) }
            }
            #expect(error?.description == "no table matches shop.nothing*")
        }
    }

    @Test func explainShowsTheRuleThatChose() async throws {
        try await TestProject.withShop(shop, files) { project in
            let lines = try await project.seeder().explain("orders").map {
                "\($0.column): \($0.generator) (\($0.reason))"
            }
            #expect(
                lines == [
                    "id: 1, 2, … (primary key)", "user_id: its parent (foreign key to shop.users)",
                    "status: weighted: 3 (declared)", "total: lognormal (declared)",
                    "created_at: times after another (declared)",
                    "refunded_at: times after another, at times (declared)",
                ]
            )
            let users = try await project.seeder().explain("users")
            #expect(users.first { $0.column == "username" }?.reason == "named like a login")
            #expect(users.first { $0.column == "age" }?.generator == "number 18…90, 10 % null")
            let error = await failure { try await project.seeder().explain("nothing") }
            #expect(error?.code == .usage)
        }
    }

    @Test(arguments: ["en", "de", "ja"])
    func localesHaveTheirOwnNames(locale: String) async throws {
        try await TestProject.withShop(
            shop,
            ["seeds.yaml": "locale: \(locale)\n", "development/users.yaml": "generate: {count: 200}\n"]
        ) { project in
            try await project.seed()
            try await #expect(
                project.rows("SELECT bool_and(email ~ '^[a-z.-]+[0-9]+@example\\.(com|org|net)$') FROM users") == "t"
            )
            let isJapanese = try await project.rows("SELECT bool_or(last_name ~ '[一-龯]') FROM users")
            #expect(isJapanese == (locale == "ja" ? "t" : "f"))
        }
    }
}

@Suite struct RandomSchemaTests {
    /// Fills random tables, types, constraints and references. A second run changes nothing.
    @Test(arguments: 0..<6)
    func randomSchemasAreFilledValidly(number: Int) async throws {
        var random = SeededRandom(seed: UInt64(number) &+ 4711)
        let schema = RandomSchema.text(&random)
        try await TestProject.withShop(schema) { project in
            let report = try await project.seed {
                $0.generate = (patterns: ["shop.*"], rows: 60)
                $0.jobs = 2
            }
            for table in report.tables { #expect(table.inserted > 0, "\(table)\n\(schema)") }
            let again = try await project.seed { $0.generate = (patterns: ["shop.*"], rows: 60) }
            #expect(again.changesNothing, "\(again.tables)\n\(schema)")
        }
    }
}

enum RandomSchema {
    static func text(_ random: inout SeededRandom) -> String {
        var tables: [String] = []
        var late: [String] = []
        let count = Int.random(in: 2...6, using: &random)
        for table in 0..<count {
            var columns = [
                [
                    "id int PRIMARY KEY", "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "id serial PRIMARY KEY",
                    "id uuid PRIMARY KEY DEFAULT gen_random_uuid()",
                ].randomElement(using: &random)!
            ]
            for column in 0..<Int.random(in: 1...6, using: &random) {
                columns.append("c\(column) \(self.column("c\(column)", &random))")
            }
            for parent in 0..<table where Bool.random(using: &random) {
                let required = Bool.random(using: &random) ? " NOT NULL" : ""
                let unique = Int.random(in: 0..<5, using: &random) == 0 ? " UNIQUE" : ""
                let type = tables[parent].contains("id uuid") ? "uuid" : "bigint"
                columns.append("t\(parent)_id \(type)\(required)\(unique) REFERENCES t\(parent)")
            }
            if Bool.random(using: &random) {
                let type = columns[0].contains("uuid") ? "uuid" : "bigint"
                columns.append("self_id \(type) REFERENCES t\(table)")
            }
            tables.append("CREATE TABLE t\(table) (\(columns.joined(separator: ", ")))")
            // A cycle through a nullable reference to a later table.
            if table > 0, Int.random(in: 0..<3, using: &random) == 0 {
                let type = tables[table].contains("id uuid") ? "uuid" : "bigint"
                late.append("ALTER TABLE t0 ADD back\(table) \(type) REFERENCES t\(table)")
            }
        }
        return (tables + late).joined(separator: ";\n") + ";"
    }

    private static func column(_ name: String, _ random: inout SeededRandom) -> String {
        let low = Int.random(in: -50...50, using: &random)
        let high = low + Int.random(in: 100...5000, using: &random)
        let types = [
            "int CHECK (\(name) BETWEEN \(low) AND \(high))", "int CHECK (\(name) > \(low))",
            "smallint CHECK (\(name) <= \(high))", "numeric(9,3) CHECK (\(name) >= \(low) AND \(name) < \(high))",
            "text CHECK (length(\(name)) BETWEEN 3 AND 20)", "varchar(\(Int.random(in: 3...40, using: &random)))",
            "text CHECK (\(name) IN ('a', 'b', 'c'))", "text CHECK (\(name) ~ '^[A-Z]{3}-[0-9]{4,6}$')",
            "text CHECK (\(name) <> '')", "char(\(Int.random(in: 4...9, using: &random)))", "boolean", "date",
            "timestamptz", "jsonb", "jsonb CHECK (jsonb_typeof(\(name)) = 'array')", "int[]",
            "text[] CHECK (cardinality(\(name)) > 0)",
            "uuid", "bytea", "interval", "double precision CHECK (\(name) BETWEEN 0 AND 1)", "inet", "daterange",
        ]
        let type = types.randomElement(using: &random)!
        let required = Bool.random(using: &random) ? " NOT NULL" : ""
        let canBeUnique = [
            "text CHECK (length", "text CHECK (\(name) ~", "uuid", "timestamptz", "text CHECK (\(name) <>", "char",
            "int CHECK (\(name) BETWEEN",
        ].contains { type.hasPrefix($0) }
        let unique = canBeUnique && Int.random(in: 0..<3, using: &random) == 0 ? " UNIQUE" : ""
        return type + required + unique
    }
}
