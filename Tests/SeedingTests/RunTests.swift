import PostgresClient
import Seeding
import TestSupport
import Testing

private let users = """
    CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, role text NOT NULL DEFAULT 'user',
        age int, prefs jsonb, tags text[], boss bigint REFERENCES users, made timestamptz NOT NULL DEFAULT now());
    """

@Suite struct RunTests {
    @Test func rowsAreInsertedThenLeftThenUpdated() async throws {
        let files: KeyValuePairs = [
            "common/users.yaml": "- {email: a@example.com, age: 7}\n- {email: b@example.com, role: admin}\n"
        ]
        try await TestProject.withShop(users, files) { project in
            try await #expect(project.told() == "users +2 ~0 =0 -0")
            let before = try await project.rows("SELECT xmin, ctid FROM users ORDER BY id")
            let report = try await project.seed()
            #expect(report.changesNothing)
            try await #expect(project.rows("SELECT xmin, ctid FROM users ORDER BY id") == before)
            try project.writeSeed(
                "- {email: a@example.com, age: 8}\n- {email: b@example.com, role: admin}\n",
                to: "common/users.yaml"
            )
            try await #expect(project.told() == "users +0 ~1 =1 -0")
            try await #expect(
                project.rows("SELECT email, age, role FROM users ORDER BY id")
                    == "a@example.com|8|user b@example.com||admin"
            )
        }
    }

    @Test func aPlanChangesNothingAndLeavesSequencesAlone() async throws {
        let files: KeyValuePairs = ["common/users.yaml": "- {email: a@example.com}\n- {email: b@example.com}\n"]
        try await TestProject.withShop(users, files) { project in
            try await #expect(project.told { $0.planOnly = true } == "users +2 ~0 =0 -0")
            try await #expect(project.rows("SELECT count(*) FROM users") == "0")
            try await #expect(project.rows("SELECT last_value, is_called FROM users_id_seq") == "1|f")
            try await #expect(project.rows("SELECT to_regnamespace('granary') IS NULL") == "t")
        }
    }

    @Test func aWipedTableIsSeededAgain() async throws {
        try await TestProject.withShop(users, ["common/users.yaml": "- {email: a@example.com}\n"]) { project in
            try await project.seed()
            _ = try await project.rows("DELETE FROM users")
            try await #expect(project.told() == "users +1 ~0 =0 -0")
        }
    }

    @Test func theServerReadsValuesWhateverTheirType() async throws {
        let schema = """
            CREATE TYPE mood AS ENUM ('no', 'yes'); CREATE TYPE pair AS (a int, b text); CREATE DOMAIN code AS varchar(5);
            CREATE TABLE t (id int PRIMARY KEY, m mood, p pair, c code, n numeric, b bytea, r int4range, j jsonb, x json,
                a text[], aa int[], d date, t text, e float8, v varchar(3));
            """
        let yaml = """
            - id: 1
              m: no
              p: {b: "x, y", a: 1}
              c: 007
              n: 12345678901234567890.10
              b: '\\xDEAD'
              r: "[1,5)"
              j: {beta: true, n: 7, s: "7", list: [1, null, yes], z: 007}
              x: 1.50
              a: ["a b", 'q"', null, no]
              aa: [[1, 2], [3, 4]]
              d: 2026-01-31
              t: "tab\\tand \\\\ and\\nline"
              e: 1e3
            - {id: 2, t: "", v: abc}
            """
        try await TestProject.withShop(schema, ["common/t.yaml": yaml]) { project in
            try await project.seed()
            try await #expect(
                project.rows("SELECT m, p, c, n, b, r, j, x, a, aa, d, e FROM t WHERE id = 1")
                    == #"no|(1,"x, y")|007|12345678901234567890.10|\xdead|[1,5)|{"j": 0}"#.replacing(
                        #"{"j": 0}"#,
                        with:
                            #"{"n": 7, "s": "7", "z": "007", "beta": true, "list": [1, null, "yes"]}|1.50|{"a b","q\"",NULL,no}|{{1,2},{3,4}}|2026-01-31|1000"#
                    )
            )
            try await #expect(project.rows(#"SELECT t = E'tab\tand \\ and\nline' FROM t WHERE id = 1"#) == "t")
            try await #expect(project.rows("SELECT t = '', v FROM t WHERE id = 2") == "t|abc")
            let again = try await project.seed()
            #expect(again.changesNothing)
        }
    }

    @Test func csvAndJSONBringTheSameRows() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY, a text, j jsonb)"
        try await TestProject.withShop(
            schema,
            [
                "common/t.csv": "id,a,j\n1,,\"{\"\"x\"\": true}\"\n2,\"\",\n",
                "development/t.json": #"[{"id": 3, "a": "x", "j": [1, "1"]}]"#,
            ]
        ) { project in
            try await #expect(project.told() == "t +3 ~0 =0 -0")
            try await #expect(
                project.rows("SELECT id, a IS NULL, j FROM t ORDER BY id") == #"1|t|{"x": true} 2|f| 3|f|[1, "1"]"#
            )
        }
    }

    @Test func referencesTakeTheKeysOfLabelledRows() async throws {
        let schema =
            users + """
                CREATE TABLE roles (code text PRIMARY KEY); CREATE TABLE user_roles (user_id bigint REFERENCES users, role text REFERENCES roles, PRIMARY KEY (user_id, role));
                CREATE TABLE notes (id serial PRIMARY KEY, author text, about bigint);
                INSERT INTO users (email) VALUES ('old@example.com');
                """
        let files: KeyValuePairs = [
            "common/roles.csv": "code\nadmin\nstaff\n",
            "common/users.yaml": "alice: {email: a@example.com}\nbob: {email: b@example.com, boss: \"@alice\"}\n",
            "common/user_roles.yaml":
                "key: [user_id, role]\nrows:\n  - {user: \"@alice\", role: [admin, staff]}\n  - {user_id: !ref bob, role: staff}\n",
            "common/notes.yaml":
                "key: id\nrows:\n  - {id: 1, author: \"@no ref\", about: !ref users.bob}\n  - {id: 2, about: !ref users{email: old@example.com}}\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            try await #expect(
                project.told() == "roles +2 ~0 =0 -0, users +2 ~0 =0 -0, notes +2 ~0 =0 -0, user_roles +3 ~0 =0 -0"
            )
            try await #expect(
                project.rows("SELECT id, email, boss FROM users ORDER BY id")
                    == "1|old@example.com| 2|a@example.com| 3|b@example.com|2"
            )
            try await #expect(project.rows("SELECT * FROM user_roles ORDER BY 1, 2") == "2|admin 2|staff 3|staff")
            try await #expect(project.rows("SELECT * FROM notes ORDER BY 1") == "1|@no ref|3 2||1")
            let again = try await project.seed()
            #expect(again.changesNothing)
            // The IDs of the notes were given explicitly. The next one follows them.
            try await #expect(project.rows("INSERT INTO notes (about) VALUES (1) RETURNING id") == "3")
        }
    }

    @Test func compositeKeysAreTakenWhole() async throws {
        let schema = """
            CREATE TABLE places (country text, code text, name text, PRIMARY KEY (country, code));
            CREATE TABLE shops (id int PRIMARY KEY, country text, place text, FOREIGN KEY (country, place) REFERENCES places);
            """
        let files: KeyValuePairs = [
            "common/places.yaml": "here: {country: DE, code: B}\n",
            "common/shops.yaml": "- {id: 1, place: \"@here\"}\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            try await project.seed()
            try await #expect(project.rows("SELECT * FROM shops") == "1|DE|B")
        }
    }

    @Test func circlesOfNullableColumnsAreClosedAtTheEnd() async throws {
        let schema = """
            CREATE TABLE a (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text UNIQUE, b int);
            CREATE TABLE b (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text UNIQUE, a int NOT NULL REFERENCES a);
            ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
            """
        let files: KeyValuePairs = [
            "common/a.yaml": "x: {name: x, b: \"@y\"}\n", "common/b.yaml": "y: {name: y, a: \"@x\"}\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            try await #expect(project.told() == "a +1 ~0 =0 -0, b +1 ~0 =0 -0")
            try await #expect(project.rows("SELECT a.b = b.id AND b.a = a.id FROM a, b") == "t")
            let report = try await project.seed()
            #expect(report.changesNothing)
            _ = try await project.rows("UPDATE a SET b = NULL")
            try await #expect(project.told() == "a +0 ~1 =0 -0, b +0 ~0 =1 -0")
        }
    }

    @Test func circlesOfDeferrableKeysAreCheckedAtTheEnd() async throws {
        let schema = """
            CREATE TABLE a (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text UNIQUE, b int NOT NULL);
            CREATE TABLE b (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text UNIQUE, a int NOT NULL REFERENCES a);
            ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE;
            """
        let files: KeyValuePairs = [
            "common/a.yaml": "x: {name: x, b: \"@y\"}\n", "common/b.yaml": "y: {name: y, a: \"@x\"}\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            try await #expect(project.told() == "a +1 ~0 =0 -0, b +1 ~0 =0 -0")
            try await #expect(project.rows("SELECT a.b = b.id AND b.a = a.id FROM a, b") == "t")
            try await #expect(project.told() == "a +0 ~0 =1 -0, b +0 ~0 =1 -0")
            try await #expect(project.told { $0.planOnly = true } == "a +0 ~0 =1 -0, b +0 ~0 =1 -0")
        }
    }

    @Test func aConstraintThatIsCheckedAtTheEndIsNamed() async throws {
        let schema =
            "CREATE TABLE t (id int PRIMARY KEY, code int CONSTRAINT one_code UNIQUE DEFERRABLE INITIALLY DEFERRED);"
        let rows = "- {id: 1, code: 1}\n- {id: 2, code: 1}\n"
        try await TestProject.withShop(schema, ["common/t.yaml": rows]) { project in
            let error = await failure { try await project.seed() }
            #expect(
                error?.message
                    == "shop.t: one_code rejects rows at the end of the run: duplicate key value violates unique "
                    + "constraint \"one_code\" (SQLSTATE 23505)"
            )
            #expect(error?.hint == "give the rows of shop.t other values, or declare generators for its columns")
            try await #expect(project.rows("SELECT count(*) FROM t") == "0")
        }
    }

    @Test func anotherCircleIsNamed() async throws {
        let schema = """
            CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL); CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a);
            ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b;
            """
        try await TestProject.withShop(
            schema,
            ["common/a.yaml": "- {id: 1, b: 1}\n", "common/b.yaml": "- {id: 1, a: 1}\n"]
        ) {
            project in
            await #expect(
                project.problem()
                    == "shop.a → shop.b → shop.a refer to each other in a cycle whose columns are all NOT NULL"
            )
        }
    }

    @Test func theKeyIsTheOneThatRowsGive() async throws {
        let schema =
            "CREATE TABLE t (id int PRIMARY KEY, code text UNIQUE, n int); CREATE TABLE log (at int, what text)"
        try await TestProject.withShop(schema, ["common/t.yaml": "- {id: 1, code: a}\n"]) { project in
            try project.writeSeed("- {n: 1}\n", to: "common/t.yaml")
            await #expect(
                project.problem()
                    == "seeds/common/t.yaml:1: the rows of shop.t cannot be identified: no key has values in all rows"
            )
            try project.writeSeed("- {cod: a}\n", to: "common/t.yaml")
            let seeder = project.seeder("development") { _ in }
            let error = await failure { try await seeder.run() }
            #expect(error?.hint?.hasPrefix("it has no column cod; its keys are ") == true, "\(error?.hint ?? "")")
            try project.writeSeed("key: id\nrows:\n  - {id: 1, code: a}\n", to: "common/t.yaml")
            try project.writeSeed("at,what\n1,x\n1,x\n", to: "common/log.csv")
            try await #expect(project.told() == "log +2 ~0 =0 -0, t +1 ~0 =0 -0")
            // The table has no unique columns, so it is seeded only while it is empty.
            try await #expect(project.told() == "log +0 ~0 =2 -0, t +0 ~0 =1 -0")
        }
    }

    /// Seeds that work must not fail because a migration adds a unique index.
    @Test func thePrimaryKeyGoesBeforeOtherKeys() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY, code text, a_first text); INSERT INTO t VALUES (1, 'x')"
        try await TestProject.withShop(schema, ["common/t.yaml": "- {id: 1, code: a, a_first: b}\n"]) { project in
            try await #expect(project.told() == "t +0 ~1 =0 -0")
            try await psql(
                project.url,
                "CREATE UNIQUE INDEX a ON shop.t (code); CREATE UNIQUE INDEX b ON shop.t (a_first)"
            )
            try await #expect(project.told() == "t +0 ~0 =1 -0")
            // Without the primary key it is not decided which of two counts.
            try project.writeSeed("- {code: a, a_first: b}\n", to: "common/t.yaml")
            await #expect(
                project.problem()
                    == "seeds/common/t.yaml:1: the rows of shop.t have values for several keys: a (code), b (a_first)"
            )
        }
    }

    @Test func rowsThatDifferAreKeptOrRefusedWhereThatIsSaid() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 10)"
        try await TestProject.withShop(
            schema,
            ["common/t.yaml": "on_conflict: keep\nrows:\n  - {id: 1, n: 1}\n  - {id: 2, n: 2}\n"]
        ) { project in
            try await #expect(project.told() == "t +1 ~0 =1 -0")
            try await #expect(project.rows("SELECT * FROM t ORDER BY 1") == "1|10 2|2")
            try project.writeSeed(
                "on_conflict: error\nrows:\n  - {id: 2, n: 2}\n  - {id: 1, n: 1}\n",
                to: "common/t.yaml"
            )
            await #expect(project.problem() == "seeds/common/t.yaml:4: the row exists already in shop.t and differs")
        }
    }

    @Test func pruneDeletesWhatSeedingInsertedAndNothingElse() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1), (9, 9)"
        try await TestProject.withShop(schema, ["common/t.csv": "id,n\n1,1\n2,2\n3,3\n"]) { project in
            try await project.seed()
            try project.writeSeed("id,n\n3,3\n", to: "common/t.csv")
            try await #expect(project.told() == "t +0 ~0 =1 -0")
            try project.writeSeed("prune: true\nrows:\n  - {id: 3, n: 3}\n", to: "common/t.yaml")
            try project.writeSeed("id,n\n3,3\n", to: "common/t.csv")
            try await #expect(project.told { $0.planOnly = true } == "t +0 ~0 =1 -1")
            try await #expect(project.told() == "t +0 ~0 =1 -1")
            // Row 1 existed before, and row 9 is not listed.
            try await #expect(project.rows("SELECT id FROM t ORDER BY 1") == "1 3 9")
        }
    }

    @Test func expressionsApplyToInsertsAndDefaultsToUnlistedColumns() async throws {
        let yaml = "- {email: a@example.com, age: !sql \"40 + 2\"}\n- {email: b@example.com}\n"
        try await TestProject.withShop(users, ["common/users.yaml": yaml]) { project in
            try await project.seed()
            try await #expect(project.rows("SELECT age, role FROM users ORDER BY id") == "42|user |user")
            _ = try await project.rows("UPDATE users SET age = 1, role = 'x'")
            let report = try await project.seed()
            #expect(report.changesNothing)
        }
    }

    @Test(arguments: [
        ("- {email: a@example.com, agee: 1}\n", "seeds/common/users.yaml:1: shop.users has no column agee"),
        (
            "- email: a@example.com\n  age: ten\n",
            #"seeds/common/users.yaml:2: shop.users.age: invalid input syntax for type integer: "ten" (SQLSTATE 22P02)"#
        ),
        (
            "- {email: a@example.com, boss: \"@nobody\"}\n",
            "seeds/common/users.yaml:1: no row of shop.users is labelled nobody"
        ),
        (
            "- {email: a@example.com}\n- {email: b@example.com, boss: 99}\n",
            #"seeds/common/users.yaml:2: shop.users.boss: insert or update on table "users" violates foreign key constraint "users_boss_fkey" (SQLSTATE 23503)"#
        ),
        ("- {email: null}\n", "seeds/common/users.yaml:1: shop.users.email is null, but the column is NOT NULL"),
        ("- {email: [a, b]}\n", "seeds/common/users.yaml:1: the column email is text, but the value is a list"),
        (
            "- {email: a@example.com, age: !sql 'nosuch()'}\n",
            "seeds/common/users.yaml:1: shop.users: function nosuch() does not exist (SQLSTATE 42883)"
        ),
    ])
    func errorsNameFileLineTableAndColumn(yaml: String, message: String) async throws {
        try await TestProject.withShop(users, ["common/users.yaml": yaml]) { project in
            await #expect(project.problem() == message)
            try await #expect(project.rows("SELECT count(*) FROM users") == "0")
        }
    }

    @Test func aRowThatBreaksAConstraintIsFoundAmongMany() async throws {
        let lines = (1...500).map { "\($0),\($0 == 347 ? -1 : $0)" }
        let schema = "CREATE TABLE t (id int PRIMARY KEY, n int CONSTRAINT positive CHECK (n > 0))"
        try await TestProject.withShop(schema, ["common/t.csv": "id,n\n" + lines.joined(separator: "\n")]) { project in
            await #expect(
                project.problem()
                    == #"seeds/common/t.csv:348: shop.t: new row for relation "t" violates check constraint "positive" (SQLSTATE 23514)"#
            )
        }
    }

    @Test func scriptsRunOnceAroundTheTables() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY, n int); CREATE TABLE seen (step text, rows bigint)"
        let files: KeyValuePairs = [
            "common/010_first.sql":
                "INSERT INTO seen SELECT 'first', count(*) FROM t;\nCOPY seen FROM stdin;\nrow\t7\n\\.\n",
            "common/020_t.csv": "id\n1\n2\n",
            "common/030_then.sql": "INSERT INTO seen SELECT 'then', count(*) FROM t;",
            "common/040_always.sql": "-- granary: always\nINSERT INTO seen SELECT 'always', count(*) FROM t;",
        ]
        try await TestProject.withShop(schema, files) { project in
            let report = try await project.seed()
            #expect(report.scripts.map(\.runs) == [true, true, true])
            try await #expect(project.rows("SELECT * FROM seen") == "first|0 row|7 then|2 always|2")
            let again = try await project.seed()
            #expect(again.scripts.map(\.reason) == ["it has already run", "it has already run", "it is marked always"])
            try project.writeSeed("INSERT INTO seen VALUES ('new', 0);", to: "common/030_then.sql")
            try await #expect(project.seed().scripts.map(\.runs) == [false, true, true])
            _ = try await project.rows("DELETE FROM granary.seeds")
            try await #expect(project.seed().scripts.map(\.runs) == [true, true, true])
        }
    }

    @Test(arguments: [
        ("SELECT 1;\n\\d t\n", #"seeds/common/x.sql:2: \d is a psql command, which seeding does not support"#),
        ("SELECT 1;\nCOMMIT;\n", "seeds/common/x.sql:2: COMMIT would end or divide the run's own transaction"),
        ("\n\nVACUUM;\n", "seeds/common/x.sql:3: VACUUM cannot run inside a transaction block"),
        ("SELECT 1;\nSELEC 1;\n", #"seeds/common/x.sql:2: syntax error at or near "SELEC" (SQLSTATE 42601)"#),
        (
            "COPY t FROM stdin;\n1\nx\n\\.\n",
            #"seeds/common/x.sql:3: invalid input syntax for type integer: "x" (SQLSTATE 22P02)"#
        ),
    ])
    func scriptsAreRefusedByLine(text: String, message: String) async throws {
        try await TestProject.withShop("CREATE TABLE t (id int PRIMARY KEY)", ["common/x.sql": text]) { project in
            await #expect(project.problem() == message)
        }
    }

    @Test func productionTakesReferenceTablesAndLosesNothing() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY, n int); CREATE TABLE u (id int PRIMARY KEY)"
        let files: KeyValuePairs = [
            "seeds.yaml": "reference: [t]\n",
            "common/t.yaml": "prune: true\nrows:\n  - {id: 1, n: 1}\n  - {id: 2, n: 2}\n",
            "common/x.sql": "INSERT INTO u VALUES (1);",
        ]
        try await TestProject.withShop(schema, files) { project in
            let report = try await project.seed("production")
            #expect(report.scripts.map(\.reason) == ["scripts are forbidden in production"])
            try project.writeSeed("prune: true\nrows:\n  - {id: 1, n: 3}\n", to: "common/t.yaml")
            try await #expect(project.told("production") == "t +0 ~1 =0 -0")
            try await #expect(project.rows("SELECT * FROM t ORDER BY 1") == "1|3 2|2")
            try await #expect(project.rows("SELECT count(*) FROM u") == "0")
            try project.writeSeed("id\n1\n", to: "production/u.csv")
            let error = await failure { try await project.seed("production") }
            #expect(error?.code == .refused)
            #expect(
                error?.description.hasSuffix("production allows reference tables only, and shop.u is not one") == true
            )
            try project.writeSeed("generate: 5\n", to: "production/t.yaml")
            try project.writeSeed("reference: [t, u]\n", to: "seeds.yaml")
            await #expect(
                project.problem("production") == "seeds/production/t.yaml:1: generated rows are forbidden in production"
            )
        }
    }

    @Test func referenceTakesPatternsOfTablesAndNotOfSchemas() async throws {
        let schema =
            "CREATE TABLE ref_a (id int PRIMARY KEY); CREATE SCHEMA ref_b; CREATE TABLE ref_b.t (id int PRIMARY KEY)"
        let files: KeyValuePairs = ["seeds.yml": "reference: ref_*\n", "common/ref_a.csv": "id\n1\n"]
        try await TestProject.withShop(schema, files) { project in
            try await #expect(project.told("production") == "ref_a +1 ~0 =0 -0")
            try project.writeSeed("id\n1\n", to: "common/ref_b.t.csv")
            await #expect(
                project.problem("production").hasSuffix(
                    "production allows reference tables only, and ref_b.t is not one"
                )
            )
            try project.writeSeed("reference: [ref_*, 'ref_b.*']\n", to: "seeds.yml")
            try await #expect(project.told("production") == "t +1 ~0 =0 -0, ref_a +0 ~0 =1 -0")
        }
    }

    @Test func onlyIsForSomeTablesAndFindsTheRowsOfOthers() async throws {
        let schema = users + "CREATE TABLE notes (id int PRIMARY KEY, user_id bigint NOT NULL REFERENCES users)"
        let files: KeyValuePairs = [
            "common/users.yaml": "alice: {email: a@example.com}\n",
            "common/notes.yaml": "- {id: 1, user: \"@alice\"}\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            await #expect(
                project.problem { $0.only = ["notes"] }
                    == "seeds/common/notes.yaml:1: shop.users has no row with this email"
            )
            try await #expect(project.told { $0.only = ["users"] } == "users +1 ~0 =0 -0")
            try await #expect(project.told { $0.only = ["shop.note*"] } == "notes +1 ~0 =0 -0")
            await #expect(project.problem { $0.only = ["x"] } == "--only names x, for which there are no seeds")
        }
    }

    @Test func findingsNameRuleFileAndLine() async throws {
        let schema = users + "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL)"
        let files: KeyValuePairs = [
            "common/users.yaml": "a: {email: a@example.com, bos: \"@b\"}\nc:\n  email: c@example.com\n  boss: \"@b\"\n",
            "common/t.csv": "id\n1\n", "common/userz.csv": "id\n1\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            let found = try await project.seeder().findings().map {
                "\($0.rule) \($0.file.split(separator: "/").last ?? ""):\($0.line) \($0.message)"
            }
            #expect(
                found == [
                    "seed-unknown-table userz.csv:1 there is no table shop.userz",
                    "seed-missing-column t.csv:2 the row has no n, which shop.t requires",
                    "seed-unknown-column users.yaml:1 shop.users has no column bos",
                    "seed-unknown-label users.yaml:4 no row of shop.users is labelled b",
                ]
            )
            try project.writeSeed("a: {email: a@example.com, age: x}\n", to: "common/users.yaml")
            try project.writeSeed("id,n\n1,1\n", to: "common/t.csv")
            try project.writeSeed("", to: "common/userz.yaml")
        }
    }

    @Test func aKilledRunLeavesNothing() async throws {
        let schema = "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE z (id int PRIMARY KEY)"
        let files: KeyValuePairs = [
            "common/t.csv": "id\n1\n", "common/900_x.sql": "SELECT pg_terminate_backend(pg_backend_pid());",
            "common/z.csv": "id\n1\n",
        ]
        try await TestProject.withShop(schema, files) { project in
            await #expect(throws: PostgresError.self) { try await project.seed() }
            try await #expect(
                project.rows(
                    "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM z), (SELECT count(*) FROM granary.seeds)"
                ) == "0|0|0"
            )
        }
    }
}
