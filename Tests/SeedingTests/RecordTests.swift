import FoundationEssentials
import Seeding
import TestSupport
import Testing

private let people = """
    CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, note text, boss int REFERENCES people, prefs jsonb);
    """

/// Rows of CSV and TSV, which stay in their file until the server gets them.
@Suite struct RecordTests {
    @Test func fieldsArriveAsTheyAreWritten() async throws {
        let csv =
            "id,name,note,prefs\n1,a\\b,,\"{\"\"k\"\": \"\"x\"\"}\"\n2,\"tab\there, \"\"two\nlines\"\"\",\"\",[1]\r\n3,\u{e9}\\N,\\N,\n"
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            try await #expect(project.told() == "people +3 ~0 =0 -0")
            let query = "SELECT json_agg(json_build_array(id, name, note, prefs) ORDER BY id)::text FROM people"
            let expected = #"""
                [[1, "a\\b", null, {"k": "x"}], [2, "tab\there, \"two\nlines\"", "", [1]], [3, "é\\N", "\\N", null]]
                """#
            try await #expect(project.rows(query) == expected)
        }
    }

    @Test func someRecordsReferToOthersByLabel() async throws {
        let csv = "_label,id,name,boss\n,1,a,@carol\n,2,b,\ncarol,3,c,2\n"
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            try await project.seed()
            try await #expect(project.rows("SELECT id, boss FROM people ORDER BY 1") == "1|3 2| 3|2")
            try await #expect(project.seed().changesNothing)
        }
    }

    @Test func anotherLayerChangesOneRecord() async throws {
        let files: KeyValuePairs = [
            "common/people.csv": "id,name,note\n1,a,x\n2,b,y\n3,c,z\n", "development/people.csv": "id,name\n2,B\n",
        ]
        try await TestProject.withShop(people, files) { project in
            try await #expect(project.told() == "people +3 ~0 =0 -0")
            try await #expect(project.rows("SELECT id, name, note FROM people ORDER BY 1") == "1|a|x 2|B|y 3|c|z")
        }
    }

    @Test func aRecordKeepsItsJSONWhenALayerOfYAMLChangesTheRow() async throws {
        let files: KeyValuePairs = [
            "common/people.csv": "id,name,prefs\n1,a,\"{\"\"k\"\": 1}\"\n2,b,[2]\n",
            "development/people.yaml": "- {id: 1, name: A}\n- {id: 2, prefs: text}\n",
        ]
        try await TestProject.withShop(people, files) { project in
            try await project.seed()
            let query = "SELECT id, name, prefs FROM people ORDER BY 1"
            try await #expect(project.rows(query) == #"1|A|{"k": 1} 2|b|"text""#)
        }
    }

    @Test func aRowOfYAMLKeepsItsJSONWhenALayerOfCSVChangesIt() async throws {
        let files: KeyValuePairs = [
            "common/people.yaml": "- {id: 1, name: a, prefs: text}\n", "development/people.csv": "id,name\n1,A\n",
        ]
        try await TestProject.withShop(people, files) { project in
            try await project.seed()
            try await #expect(project.rows("SELECT id, name, prefs FROM people") == #"1|A|"text""#)
        }
    }

    @Test func longRecordsArriveWhole() async throws {
        let length = { (id: Int) in id * 7919 % 3000 + (id == 50 ? 500_000 : 0) }
        let csv =
            "id,name\n"
            + (1...400).map { "\($0),\"\(String(repeating: "\u{e9}\"\"\t\n", count: length($0)))\"\n" }.joined()
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            try await #expect(project.told() == "people +400 ~0 =0 -0")
            let query = """
                SELECT count(*) FROM people WHERE name =
                    repeat(U&'\\00e9"\\0009\\000a', id * 7919 % 3000 + CASE id WHEN 50 THEN 500000 ELSE 0 END)
                """
            try await #expect(project.rows(query) == "400")
            try await #expect(project.seed().changesNothing)
        }
    }

    @Test func aByteThatTheServerRejectsIsReportedWithTheLineOfItsRecord() async throws {
        try await TestProject.withShop(people, ["common/people.csv": "id,name\n1,a\n2,b\u{0}c\n"]) { project in
            await #expect(project.problem().hasPrefix("seeds/common/people.csv:3: shop.people"))
        }
    }

    @Test func aTextWithAnAtSignIsAValueInOtherColumns() async throws {
        try await TestProject.withShop(people, ["common/people.csv": "id,name,boss\n1,@b,\n"]) { project in
            try await project.seed()
            try await #expect(project.rows("SELECT name FROM people") == "@b")
        }
    }

    @Test func aWrongNullIsReportedWithTheLineOfItsRecord() async throws {
        try await TestProject.withShop(people, ["common/people.csv": "id,name\n1,a\n2,\n"]) { project in
            await #expect(
                project.problem() == "seeds/common/people.csv:3: shop.people.name is null, but the column is NOT NULL"
            )
        }
    }

    @Test func aValueThatTheServerRejectsIsReportedWithTheLineOfItsRecord() async throws {
        let csv = "id,name,note\n1,a,\"two\nlines\"\nx2,b,c\n"
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            await #expect(project.problem().hasPrefix("seeds/common/people.csv:4: shop.people.id: invalid input"))
        }
    }

    @Test func aRunWithTheSameFilesRestoresWhatChangedInTheDatabase() async throws {
        let csv = "id,name,note\n1,a,x\n2,b,y\n3,c,z\n"
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            try await project.seed()
            _ = try await project.rows("UPDATE people SET note = 'other' WHERE id = 2; DELETE FROM people WHERE id = 3")
            try await #expect(project.told() == "people +1 ~1 =1 -0")
            try await #expect(project.rows("SELECT id, note FROM people ORDER BY 1") == "1|x 2|y 3|z")
        }
    }

    @Test func aRunWithTheSameFilesWritesNoRows() async throws {
        let csv = "id,name\n" + (1...3000).map { "\($0),n\n" }.joined()
        try await TestProject.withShop(people, ["common/people.csv": csv]) { project in
            try await project.seed()
            // Rows of temporary tables count, too.
            let query = "SELECT tup_updated FROM pg_stat_database WHERE datname = current_database()"
            let before = try #require(Int(try await project.rows(query)))
            try await #expect(project.told() == "people +0 ~0 =3000 -0")
            let after = try #require(Int(try await project.rows(query)))
            #expect(after - before < 3000)
        }
    }

    @Test func aTableThatWasEmptiedIsFilledAgain() async throws {
        try await TestProject.withShop(people, ["common/people.csv": "id,name\n1,a\n2,b\n"]) { project in
            try await project.seed()
            _ = try await project.rows("TRUNCATE people")
            try await #expect(project.told() == "people +2 ~0 =0 -0")
        }
    }

    @Test func rowsWithDifferentColumnsAreComparedInTheirColumns() async throws {
        let yaml = "- {id: 1, name: a, note: x}\n- {id: 2, name: b}\n- {id: 3, name: c, boss: 1}\n"
        try await TestProject.withShop(people, ["common/people.yaml": yaml]) { project in
            try await project.seed()
            _ = try await project.rows("UPDATE people SET note = 'mine' WHERE id = 2")
            try await #expect(project.told() == "people +0 ~0 =3 -0")
            _ = try await project.rows("UPDATE people SET note = 'mine', boss = NULL")
            try await #expect(project.told() == "people +0 ~2 =1 -0")
            try await #expect(project.rows("SELECT id, note, boss FROM people ORDER BY 1") == "1|x| 2|mine| 3|mine|1")
        }
    }

    @Test func afterAChangeOfTheFileOnlyTheOtherRowsAreWritten() async throws {
        let csv = { (rows: String) in "id,name,note\n1,a,x\n2,b,y\n3,c,z\n" + rows }
        try await TestProject.withShop(people, ["common/people.csv": csv("4,d,\n5,e,\n")]) { project in
            try await project.seed()
            _ = try await project.rows("DELETE FROM people WHERE id = 1; UPDATE people SET note = NULL WHERE id = 2")
            try project.writeSeed(csv("4,D,\n6,f,\n"), to: "common/people.csv")
            try await #expect(project.told() == "people +2 ~2 =1 -0")
            let query = "SELECT id, name, note FROM people ORDER BY 1"
            try await #expect(project.rows(query) == "1|a|x 2|b|y 3|c|z 4|D| 5|e| 6|f|")
        }
    }

    @Test(arguments: [
        ("keep", "people +1 ~0 =1 -0"),
        ("error", "seeds/common/people.yaml:4: the row exists already in shop.people and differs"),
    ])
    func aRunWithTheSameFilesFollowsTheRuleForConflicts(rule: String, result: String) async throws {
        let yaml = "on_conflict: \(rule)\nrows:\n- {id: 1, name: a}\n- {id: 2, name: b}\n"
        try await TestProject.withShop(people, ["common/people.yaml": yaml]) { project in
            try await project.seed()
            _ = try await project.rows("DELETE FROM people WHERE id = 1; UPDATE people SET name = 'mine' WHERE id = 2")
            if rule == "keep" {
                try await #expect(project.told() == result)
            } else {
                await #expect(project.problem() == result)
            }
            try await #expect(project.rows("SELECT name FROM people WHERE id = 2") == "mine")
        }
    }

    @Test func rowsOfACircleAreFilledAlsoIfTheFilesAreTheSame() async throws {
        let yaml = "key: name\nrows:\n  a: {name: a, boss: \"@b\"}\n  b: {name: b, boss: \"@a\"}\n"
        let table = """
            CREATE TABLE people (id serial PRIMARY KEY, name text UNIQUE NOT NULL, boss int REFERENCES people);
            """
        try await TestProject.withShop(table, ["common/people.yaml": yaml]) { project in
            try await project.seed()
            try await #expect(project.seed().changesNothing)
            _ = try await project.rows("UPDATE people SET boss = NULL WHERE name = 'a'")
            try await #expect(project.told() == "people +0 ~1 =1 -0")
        }
    }

    @Test func aScriptOfTheRunMayChangeRowsOfTheSameFile() async throws {
        try await TestProject.withShop(people, ["common/10_people.csv": "id,name\n1,a\n2,b\n"]) { project in
            try await project.seed()
            try project.writeSeed("UPDATE shop.people SET name = 'mine' WHERE id = 1;", to: "common/05_first.sql")
            try await #expect(project.told() == "people +0 ~1 =1 -0")
            try await #expect(project.rows("SELECT name FROM people ORDER BY id") == "a b")
        }
    }

    @Test func aKeyThatTheServerFindsTwiceIsAnErrorAlsoIfTheFilesAreTheSame() async throws {
        let csv = "id,name\n1,a\n01,b\n"
        try await TestProject.withShop(
            "CREATE TABLE people (id text PRIMARY KEY, name text)",
            ["common/people.csv": csv]
        ) { project in
            try await project.seed()
            _ = try await project.rows(
                "DELETE FROM people WHERE id = '01'; ALTER TABLE people ALTER id TYPE int USING id::int"
            )
            await #expect(
                project.problem()
                    == "seeds/common/people.csv:3: the key (id) is also in seeds/common/people.csv:2"
            )
        }
    }

    @Test func rowsThatTheFileNoLongerListsArePruned() async throws {
        let rows = { (ids: ClosedRange<Int>) in
            "key: [id]\nprune: true\nrows:\n" + ids.map { "- {id: \($0), name: n}\n" }.joined()
        }
        try await TestProject.withShop(people, ["common/people.yaml": rows(1...5)]) { project in
            try await project.seed()
            try project.writeSeed(rows(1...6), to: "common/people.yaml")
            try await #expect(project.told() == "people +1 ~0 =5 -0")
            try project.writeSeed(rows(3...6), to: "common/people.yaml")
            try await #expect(project.told() == "people +0 ~0 =4 -2")
        }
    }

    @Test func aChangedRowDoesNotRewriteTheOthers() async throws {
        let csv = { (name: String) in "id,name\n0,\(name)\n" + (1...3000).map { "\($0),n\n" }.joined() }
        try await TestProject.withShop(people, ["common/people.csv": csv("a")]) { project in
            try await project.seed()
            try project.writeSeed(csv("b"), to: "common/people.csv")
            // Rows of temporary tables count, too.
            let query = "SELECT tup_updated FROM pg_stat_database WHERE datname = current_database()"
            let before = try #require(Int(try await project.rows(query)))
            try await #expect(project.told() == "people +0 ~1 =3000 -0")
            let after = try #require(Int(try await project.rows(query)))
            #expect(after - before < 3000)
        }
    }

    /// The reference is part of the key, so it cannot be filled after the other rows are inserted.
    @Test func aRecordGetsItsNumberBeforeALaterRowRefersToIt() async throws {
        let table = """
            CREATE TABLE t (id serial PRIMARY KEY, code text NOT NULL, boss int REFERENCES t,
                UNIQUE NULLS NOT DISTINCT (code, boss));
            INSERT INTO t (code) VALUES ('root');
            SELECT setval('t_id_seq', 100);
            """
        let csv = "_label,code,boss\n,first,1\nmiddle,a,1\n,b,@middle\n"
        try await TestProject.withShop(table, ["common/t.csv": csv]) { project in
            let query = "SELECT c.code, p.code FROM t c JOIN t p ON p.id = c.boss ORDER BY 1"
            try await #expect(project.told() == "t +3 ~0 =0 -0")
            try await #expect(project.rows(query) == "a|root b|a first|root")
            try await #expect(project.seed().changesNothing)
        }
    }

    @Test func lineBreaksInTextsTakeNoMemory() async throws {
        try await inOwnProcess {
            for separator in [",", "\t"] {
                let header = (1...400).map { "c\($0)" }.joined(separator: separator)
                let text = "\"\(String(repeating: "\n", count: 1_000_000))\""
                let record = text + String(repeating: separator, count: 399)
                let bytes = Array("\(header)\n\(record)\n".utf8)
                let before = try memory("VmPeak")
                let records = try DelimitedText(bytes, separator: Array(separator.utf8)[0], path: "t")
                let more = try memory("VmPeak") - before
                #expect(records.count == 1)
                #expect(more < 100_000_000)
            }
        }
    }

    @Test func recordsTakeLittleMoreMemoryThanTheirFile() async throws {
        try await inOwnProcess {
            let text =
                "id,name,note\n" + (1...40_000).map { "\($0),name of row \($0),a note about row \($0)\n" }.joined()
            let file = try #require(SeedFile(layer: "common", file: "t.csv", folder: "seeds"))
            let before = try memory("VmRSS")
            let rows = try LayerMerge.merge([TableFile(file, bytes: Array(text.utf8))], key: ["id"])
            let more = try memory("VmHWM") - before
            #expect(rows.count == 40_000)
            #expect(more < 5 * text.utf8.count)
        }
    }
}

/// A figure of this process in bytes, by its name in /proc/self/status.
private func memory(_ name: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("\(name):") })
    return try #require(Int(line.filter(\.isNumber))) * 1024
}
