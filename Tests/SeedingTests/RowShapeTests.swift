import PostgresClient
import Seeding
import TestSupport
import Testing

/// Listed rows with unusual values or keys.
@Suite struct RowShapeTests {
    @Test func aRowMayReferToAnotherOfItsFileBeforeItHasAKey() async throws {
        let schema =
            "CREATE TABLE e (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE NOT NULL, root int NOT NULL REFERENCES e)"
        let files: KeyValuePairs = [
            "development/e.yaml":
                "key: name\nrows:\n  b: {name: B, root: \"@a\"}\n  a: {name: A, root: \"@a\"}\n  c: {name: C, root: \"@b\"}\n"
        ]
        try await TestProject.withShop(schema, files) { project in
            try await #expect(project.told() == "e +3 ~0 =0 -0")
            try await #expect(
                project.rows(
                    "SELECT string_agg(e.name || r.name, ',' ORDER BY e.name) FROM e JOIN e r ON r.id = e.root"
                )
                    == "AA,BA,CB"
            )
            try await #expect(project.told() == "e +0 ~0 =3 -0")
        }
    }

    @Test func attributesOfCompositesTakeListsAndOtherComposites() async throws {
        let schema = """
            CREATE TYPE place AS (street text, tags text[], info jsonb); CREATE TYPE person AS (name text, home place);
            CREATE TABLE t (id int PRIMARY KEY, p person, all_places place[]);
            """
        let files: KeyValuePairs = [
            "development/t.yaml": """
            - id: 1
              p: {name: A, home: {street: 'x, "y"', tags: [a, "b c"], info: {k: [1, true]}}}
              all_places: [{street: z, tags: []}]
            """
        ]
        try await TestProject.withShop(schema, files) { project in
            try await #expect(project.told() == "t +1 ~0 =0 -0")
            try await #expect(
                project.rows(
                    "SELECT ((p).home).street, ((p).home).tags[2], ((p).home).info, cardinality(all_places[1].tags) FROM t"
                ) == #"x, "y"|b c|{"k": [1, true]}|0"#
            )
            try await #expect(project.told() == "t +0 ~0 =1 -0")
        }
    }

    @Test func aKeyWithNullFindsItsRowWhereNullsAreNotDistinct() async throws {
        let files: KeyValuePairs = [
            "development/t.yaml": "key: [a, b]\nrows:\n  - {a: 1, b: null, n: 1}\n  - {a: 1, b: 2, n: 2}\n"
        ]
        try await TestProject.withShop("CREATE TABLE t (a int, b int, n int, UNIQUE NULLS NOT DISTINCT (a, b))", files)
        {
            project in
            try await #expect(project.told() == "t +2 ~0 =0 -0")
            try await #expect(project.told() == "t +0 ~0 =2 -0")
            try project.writeSeed("key: [a, b]\nrows:\n  - {a: 1, b: null, n: 3}\n", to: "development/t.yaml")
            try await #expect(project.told() == "t +0 ~1 =0 -0")
        }
    }

    @Test func semicolonsAreSaid() async throws {
        try await TestProject.withShop(
            "CREATE TABLE t (id int PRIMARY KEY, n int)",
            ["development/t.csv": "id;n\n1;2\n"]
        ) {
            project in
            await #expect(
                project.problem()
                    == "seeds/development/t.csv:1: the fields are separated by semicolons, but CSV uses commas"
            )
        }
    }

    @Test func jsonBetweenTabsNeedsNoQuotes() async throws {
        let files: KeyValuePairs = ["development/t.tsv": "id\tj\n1\t{\"a\": [\"b\"]}\n2\t[\"c\"]\n"]
        try await TestProject.withShop("CREATE TABLE t (id int PRIMARY KEY, j jsonb)", files) { project in
            try await #expect(project.told() == "t +2 ~0 =0 -0")
            try await #expect(
                project.rows("SELECT string_agg(j::text, ' ' ORDER BY id) FROM t") == #"{"a": ["b"]} ["c"]"#
            )
        }
    }
}

@Suite struct WrittenGeneratorsTests {
    @Test func aWrittenDeclarationFillsTheTableAgain() async throws {
        let schema = """
            CREATE TYPE status AS ENUM ('paid', 'pending');
            CREATE TABLE t (id int PRIMARY KEY, s status NOT NULL, n int NOT NULL CHECK (n BETWEEN 1 AND 9), code text NOT NULL CHECK (code ~ '^[A-Z]{3}$'), at date NOT NULL)
            """
        try await TestProject.withShop(schema) { project in
            let folder = project.folder.file("seeds/development")
            let report = try await project.seed {
                $0.generate = (patterns: ["t"], rows: 20)
                $0.declarationFolder = folder
            }
            #expect(report.written == ["\(folder)/shop.t.yaml"])
            let text = String(decoding: project.folder.read("seeds/development/shop.t.yaml"), as: UTF8.self)
            #expect(text.contains("    s: {pick: [paid, pending]}  # enum shop.status\n"))
            #expect(text.contains("    \"n\": {between: [1, 9]}  # type integer (t_n_check)\n"))
            #expect(text.contains("    code: {pattern: \"^[A-Z]{3}$\"}  # the pattern of a CHECK (t_code_check)\n"))
            _ = try await project.rows("TRUNCATE t")
            try await #expect(project.told() == "t +20 ~0 =0 -0")
            // An existing file belongs to the user.
            let again = try await project.seed {
                $0.generate = (patterns: ["t"], rows: 20)
                $0.declarationFolder = folder
            }
            #expect(again.written == [])
            #expect(!again.isFileMissing)
            #expect(again.notes.contains("\(folder)/shop.t.yaml exists already and was not changed"))
        }
    }
}
