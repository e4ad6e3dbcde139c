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

    @Test func recordsTakeLittleMoreMemoryThanTheirFile() async {
        await #expect(processExitsWith: .success) {
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
