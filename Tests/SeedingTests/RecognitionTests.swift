import Seeding
import TestSupport
import Testing

private let people = """
    CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, born timestamptz, note json, size box);
    \(comparisons)
    """

/// Notes each temporary table that a run makes to compare rows.
private let comparisons = """
    CREATE TABLE public.made (tag text);
    CREATE FUNCTION public.note() RETURNS event_trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO public.made VALUES (tg_tag); END';
    CREATE EVENT TRIGGER note ON ddl_command_end WHEN TAG IN ('CREATE TABLE AS') EXECUTE FUNCTION public.note();
    """

private let csv = """
    id,name,born,note,size
    1,a,2026-01-01 10:00,"{""k"": 1}","(2,2),(1,1)"
    2,b,,,
    3,c,2026-03-01 10:00,,

    """

/// Tables that a run recognizes by their digests, so that it sends no rows.
@Suite struct RecognitionTests {
    @Test func aTableThatHoldsItsRowsIsRecognized() async throws {
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            try await #expect(project.told() == "people +3 ~0 =0 -0")
            let recorded = try await project.record()
            let made = try await project.made()
            try await #expect(project.told() == "people +0 ~0 =3 -0")
            try await #expect(project.told { $0.planOnly = true } == "people +0 ~0 =3 -0")
            try await #expect(project.told { $0.only = ["people"] } == "people +0 ~0 =3 -0")
            try await #expect(project.made() == made)
            try await #expect(project.record() == recorded)
        }
    }

    @Test(arguments: [
        ("UPDATE people SET name = 'x' WHERE id = 2", "people +0 ~1 =2 -0"),
        ("UPDATE people SET note = '{\"k\":  1}' WHERE id = 1", "people +0 ~1 =2 -0"),
        ("UPDATE people SET size = '(3,3),(1,1)' WHERE id = 1", "people +0 ~1 =2 -0"),
        ("DELETE FROM people WHERE id = 3", "people +1 ~0 =2 -0"),
        ("TRUNCATE people", "people +3 ~0 =0 -0"),
        ("INSERT INTO people VALUES (4, 'd')", "people +0 ~0 =3 -0"),
        ("UPDATE people SET id = id + 1 WHERE id = 3", "people +1 ~0 =2 -0"),
        ("ALTER TABLE people ALTER name TYPE varchar(20)", "people +0 ~0 =3 -0"),
        ("ALTER TABLE people ALTER name TYPE text COLLATE \"C\"", "people +0 ~0 =3 -0"),
        ("ALTER TABLE people ALTER name SET DEFAULT 'x'", "people +0 ~0 =3 -0"),
        ("ALTER TABLE people ALTER born TYPE timestamp", "people +0 ~0 =3 -0"),
        ("ALTER TABLE people ADD more int", "people +0 ~0 =3 -0"),
        ("ALTER TABLE people ADD twice int GENERATED ALWAYS AS (id * 2) STORED", "people +0 ~0 =3 -0"),
        ("CREATE RULE r AS ON UPDATE TO people DO NOTHING", "people +0 ~0 =3 -0"),
    ])
    func anyChangeOfTheTableIsNoticed(sql: String, result: String) async throws {
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            try await project.seed()
            let made = try await project.made()
            _ = try await project.rows(sql)
            try await #expect(project.told() == result)
            try await #expect(project.made() == made + 1)
            try await #expect(project.rows("SELECT id, name FROM people WHERE id < 4 ORDER BY 1") == "1|a 2|b 3|c")
            try await #expect(project.told() == "people +0 ~0 =3 -0")
        }
    }

    /// The server's hashes of the old and the new value are equal, or have the same sum over both rows.
    @Test func valuesWithEqualHashesAreToldApart() async throws {
        let tables = """
            CREATE TABLE t (id int PRIMARY KEY, f float8, n numeric, b bigint, s text); \(comparisons)
            """
        let csv = "id,f,n,b,s\n1,,5,1,a\n2,0,NaN,2,b\n3,1,0,3,c\n4,2,1,4,d\n5,3,2,5,e\n6,4,3,6,f\n"
        let exchanges = (1...5).map { id in
            ("s = (SELECT s FROM t o WHERE o.id = \(2 * id + 1) - t.id) WHERE id IN (\(id), \(id + 1))", 2)
        }
        let changes = [
            ("f = 0 WHERE id = 1", 1), ("n = -5 WHERE id = 1", 1), ("n = NULL WHERE id = 2", 1),
            ("b = 4294967296 WHERE id = 1", 1),
        ]
        try await TestProject.withShop(tables, ["common/t.csv": csv]) { project in
            for (change, count) in changes + exchanges {
                // Records the state.
                try await project.seed()
                _ = try await project.rows("UPDATE t SET \(change)")
                try await #expect(project.told() == "t +0 ~\(count) =\(6 - count) -0", "\(change)")
            }
        }
    }

    @Test func textsWithTooFewDigitsAreNotHashed() async throws {
        let tables = "CREATE TABLE t (id int PRIMARY KEY, list float8[]); \(comparisons)"
        let files: KeyValuePairs = [
            "common/05_first.sql": "-- granary: always\nSET extra_float_digits = 0;\n",
            "common/10_t.csv": "id,list\n1,{0.1}\n",
        ]
        try await TestProject.withShop(tables, files) { project in
            try await project.seed()
            try await #expect(!project.record().contains("state"))
            _ = try await project.rows("UPDATE t SET list = '{0.10000000000000002}'")
            try await #expect(project.told() == "t +0 ~1 =0 -0")
        }
    }

    /// The texts of the file then mean other times.
    @Test func aScriptThatSetsATimeZoneIsNoticed() async throws {
        try await TestProject.withShop(people, ["common/10_people.csv": csv]) { project in
            try await project.seed()
            try project.writeSeed("-- granary: always\nSET timezone = 'Asia/Tokyo';\n", to: "common/05_first.sql")
            let earliest = "SELECT born AT TIME ZONE 'UTC' FROM people ORDER BY id LIMIT 1"
            try await #expect(project.told() == "people +0 ~2 =1 -0")
            try await #expect(project.rows(earliest) == "2026-01-01 01:00:00")
            try project.writeSeed("-- granary: always\n", to: "common/05_first.sql")
            try await #expect(project.told() == "people +0 ~2 =1 -0")
            try await #expect(project.rows(earliest) == "2026-01-01 10:00:00")
        }
    }

    /// Values are read under fixed settings, so those of the database change nothing.
    @Test func settingsOfTheDatabaseDoNotCount() async throws {
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            try await project.seed()
            for setting in ["timezone = $$Asia/Tokyo$$", "extra_float_digits = 0"] {
                _ = try await project.rows(
                    "DO $do$ BEGIN EXECUTE format('ALTER DATABASE %I SET \(setting)', current_database()); END $do$"
                )
            }
            let made = try await project.made()
            try await #expect(project.told() == "people +0 ~0 =3 -0")
            try await #expect(project.made() == made)
        }
    }

    @Test func anyChangeOfTheFilesIsNoticed() async throws {
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            try await project.seed()
            try project.writeSeed(csv.replacing("b,", with: "B,"), to: "common/people.csv")
            try await #expect(project.told() == "people +0 ~1 =2 -0")
            try project.writeSeed("on_conflict: keep\nrows: []\n", to: "development/people.yaml")
            _ = try await project.rows("UPDATE people SET name = 'mine' WHERE id = 1")
            try await #expect(project.told() == "people +0 ~0 =3 -0")
            try await #expect(project.rows("SELECT name FROM people ORDER BY id") == "mine B c")
            // The other environment has no such layer.
            try await #expect(project.told("test") == "people +0 ~1 =2 -0")
        }
    }

    /// The rows are those of the database, whether or not the files are the same.
    @Test func aReferenceThatFindsAnotherRowIsNoticed() async throws {
        let tables = """
            CREATE TABLE teams (id int PRIMARY KEY, name text UNIQUE);
            INSERT INTO teams VALUES (1, 'red'), (2, 'blue');
            CREATE TABLE players (id int PRIMARY KEY, team_id int REFERENCES teams);
            \(comparisons)
            """
        let yaml = "- {id: 1, team_id: !ref \"teams{name: red}\"}\n"
        try await TestProject.withShop(tables, ["common/players.yaml": yaml]) { project in
            try await project.seed()
            let made = try await project.made()
            try await #expect(project.told() == "players +0 ~0 =1 -0")
            try await #expect(project.made() == made)
            _ = try await project.rows(
                "UPDATE teams SET name = 'x' WHERE id = 1; UPDATE teams SET name = 'red' WHERE id = 2"
            )
            try await #expect(project.told() == "players +0 ~1 =0 -0")
        }
    }

    /// After a run that found rows in the table, the next one compares them once more.
    @Test func aComparisonIsRecorded() async throws {
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            _ = try await project.rows("INSERT INTO people VALUES (1, 'x')")
            try await #expect(project.told() == "people +2 ~1 =0 -0")
            let made = try await project.made()
            for count in [1, 1, 1] {
                try await #expect(project.told() == "people +0 ~0 =3 -0")
                try await #expect(project.made() == made + count)
            }
        }
    }

    @Test func wordsForTheDayAreReadInEachRun() async throws {
        let csv = "id,name,born\n1,today,Yesterday 10:00\n"
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            try await project.seed()
            _ = try await project.rows("UPDATE people SET born = born - interval '1 day'")
            try await #expect(project.told() == "people +0 ~1 =0 -0")
            let made = try await project.made()
            try await #expect(project.seed().changesNothing)
            try await #expect(project.made() == made + 1)
        }
    }

    @Test func aTableWithManyOtherRowsIsNotReadWhole() async throws {
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            _ = try await project.rows("INSERT INTO people SELECT i, 'other' FROM generate_series(10, 13) i")
            try await project.seed()
            let made = try await project.made()
            for count in 1...2 {
                try await #expect(project.told() == "people +0 ~0 =3 -0")
                try await #expect(project.made() == made + count)
            }
            try await #expect(!project.record().contains("state"))
        }
    }

    @Test func rowsThatATriggerChangesAreComparedInEachRun() async throws {
        let trigger = """
            CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN NEW.name := upper(NEW.name); RETURN NEW; END';
            CREATE TRIGGER louder BEFORE INSERT OR UPDATE ON people FOR EACH ROW EXECUTE FUNCTION louder();
            """
        try await TestProject.withShop(people + trigger, ["common/people.csv": csv]) { project in
            try await project.seed()
            let made = try await project.made()
            for count in 1...2 {
                try await #expect(project.told() == "people +0 ~0 =3 -0")
                try await #expect(project.made() == made + count)
            }
            _ = try await project.rows("DROP TRIGGER louder ON people")
            try await #expect(project.told() == "people +0 ~3 =0 -0")
        }
    }

    /// The server checks the statements, and the run goes on without a digest.
    @Test func aRoleThatMayNotReadAColumnSeedsTheOthers() async throws {
        let role = "seeder_of_two_columns"
        let tables = "CREATE TABLE t (id int PRIMARY KEY, name text, secret text); \(comparisons)"
        try await TestProject.withShop(tables, ["common/t.csv": "id,name\n1,a\n"]) { project in
            _ = try await project.rows(
                """
                DROP ROLE IF EXISTS \(role); CREATE ROLE \(role) LOGIN; GRANT USAGE ON SCHEMA shop TO \(role); GRANT INSERT ON public.made TO \(role);
                GRANT SELECT (id, name), INSERT, UPDATE ON t TO \(role);
                DO $$ BEGIN EXECUTE format('GRANT CREATE, TEMPORARY ON DATABASE %I TO \(role)', current_database()); END $$
                """
            )
            let own = TestProject(
                server: project.server,
                url: project.url.replacing("user=granary", with: "user=\(role)"),
                folder: project.folder
            )
            try await #expect(own.told() == "t +1 ~0 =0 -0")
            try await #expect(own.told() == "t +0 ~0 =1 -0")
            _ = try await project.rows("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }
}

extension TestProject {
    /// How many temporary tables runs have made.
    fileprivate func made() async throws -> Int { Int(try await rows("SELECT count(*) FROM public.made")) ?? -1 }

    fileprivate func record() async throws -> String {
        try await rows("SELECT seeded_at, details FROM granary.seeds ORDER BY source")
    }
}
