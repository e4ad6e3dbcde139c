import Seeding
import TestSupport
import Testing

/// Seeds of tables that Citus stores. Without a cluster its catalogs say so of ordinary tables, so that the statements
/// are the same.
@Suite struct CitusSeedTests {
    enum Place: CaseIterable { case ordinary, catalogs, cluster }

    static let places: [Place] = CitusCluster.isAvailable ? Place.allCases : [.ordinary, .catalogs]

    private static let tables = [
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.kinds (code text PRIMARY KEY, title text, parent text REFERENCES shop.kinds)",
        "CREATE TABLE shop.people (id bigserial PRIMARY KEY, name text NOT NULL, note jsonb, kind text)",
        "CREATE TABLE shop.plain (id int PRIMARY KEY, note text)", "CREATE TABLE shop.loose (place int, note text)",
    ]
    private static let distribution = [
        "SELECT create_distributed_table('shop.people', 'id', colocate_with => 'none', shard_count => 4)",
        "SELECT create_reference_table('shop.kinds')",
        "SELECT citus_add_local_table_to_metadata('shop.plain')",
        "SELECT create_distributed_table('shop.loose', 'place', colocate_with => 'none', shard_count => 4)",
    ]
    private static let keys = [
        "ALTER TABLE shop.people ADD CONSTRAINT kind FOREIGN KEY (kind) REFERENCES shop.kinds (code)",
        "INSERT INTO shop.people (name) VALUES ('there')", "INSERT INTO shop.kinds VALUES ('old', 'Old')",
    ]

    private static func with(_ place: Place, _ body: (TestProject) async throws -> Void) async throws {
        let files: KeyValuePairs = [
            "seeds/common/kinds.yaml": """
            key: code
            prune: true
            rows:
              cook: {code: cook, title: Cook, parent: "@none"}
              none: {code: none, title: null, parent: "@cook"}
            """,
            "seeds/common/people.yaml": """
            key: id
            prune: true
            rows:
              a: {id: 10, name: Ann, kind: "@cook"}
              b: {id: 11, name: Bob, note: {likes: [tea]}}
              c: {id: 1, name: Cyd}
            """, "seeds/common/plain.yaml": "key: id\nrows:\n  - {id: 1, note: x}\n",
        ]
        switch place {
        case .ordinary: try await TestProject.with((tables + keys).joined(separator: ";\n"), files: files, body)
        case .catalogs:
            let sql = tables.joined(separator: ";\n") + ";\n" + CitusCatalog.sql()
            try await TestProject.with(
                sql + (distribution + keys).joined(separator: ";\n"),
                files: files,
                body
            )
        case .cluster: try await TestProject.onCluster(tables + distribution + keys, files: files, body)
        }
    }

    private static let all = "SELECT id, name, note, kind FROM people ORDER BY id"

    @Test(arguments: places) func listedRowsAreInsertedChangedAndPruned(place: Place) async throws {
        try await Self.with(place) { project in
            try await #expect(project.told() == "kinds +2 ~0 =0 -0, people +2 ~1 =0 -0, plain +1 ~0 =0 -0")
            try await #expect(
                project.rows(Self.all) == #"1|Cyd|| 10|Ann||cook 11|Bob|{"likes": ["tea"]}|"#
            )
            try await #expect(project.told() == "kinds +0 ~0 =2 -0, people +0 ~0 =3 -0, plain +0 ~0 =1 -0")
            try await #expect(project.rows("SELECT nextval('shop.people_id_seq')") == "12")

            _ = try await project.rows("UPDATE kinds SET title = 'x'; UPDATE plain SET note = NULL")
            try project.writeSeed(
                """
                key: id
                prune: true
                rows:
                  a: {id: 10, name: Anna, note: null, kind: cook}
                  c: {id: 1, name: Cyd, note: 5}
                """,
                to: "common/people.yaml"
            )
            try project.writeSeed(
                "key: code\nprune: true\nrows:\n- {code: cook, title: Chef, parent: old}\n",
                to: "common/kinds.yaml"
            )
            try await #expect(
                project.told { $0.planOnly = true } == "kinds +0 ~1 =0 -1, people +0 ~2 =0 -1, plain +0 ~1 =0 -0"
            )
            try await #expect(project.told() == "kinds +0 ~1 =0 -1, people +0 ~2 =0 -1, plain +0 ~1 =0 -0")
            try await #expect(project.rows(Self.all) == "1|Cyd|5| 10|Anna||cook")
            try await #expect(project.rows("SELECT * FROM kinds ORDER BY 1") == "cook|Chef|old old|x|")
        }
    }

    @Test(arguments: places) func aRowThatDiffersIsAnErrorWithItsPlace(place: Place) async throws {
        try await Self.with(place) { project in
            try project.writeSeed(
                "key: code\non_conflict: error\nrows:\n- {code: old, title: New}\n",
                to: "common/kinds.yaml"
            )
            try project.folder.write("key: id\nrows: []\n", to: "seeds/common/people.yaml")
            let problem = await project.problem()
            #expect(problem.hasPrefix("seeds/common/kinds.yaml:4: the row exists already in shop.kinds and differs"))
            try project.writeSeed(
                "key: code\nrows:\n- {code: old, title: New}\n- {code: null}\n",
                to: "common/kinds.yaml"
            )
            #expect(await project.problem().hasPrefix("seeds/common/kinds.yaml:4: "))
            try await #expect(project.rows("SELECT * FROM kinds") == "old|Old|")
        }
    }

    @Test(arguments: places.filter { $0 != .ordinary }) func theDistributionColumnIsNeverNull(place: Place) async throws
    {
        try await Self.with(place) { project in
            try project.folder.write("generate: {count: 40}\n", to: "seeds/development/loose.yaml")
            try await #expect(project.told().hasPrefix("kinds +2 ~0 =0 -0, loose +40 "))
            try await #expect(project.rows("SELECT count(*) FROM loose WHERE place IS NULL") == "0")
        }
    }

    @Test(arguments: places) func rowsAreGenerated(place: Place) async throws {
        try await Self.with(place) { project in
            try project.folder.write("generate: {count: 50}\n", to: "seeds/common/people.yaml")
            try await #expect(project.told() == "kinds +2 ~0 =0 -0, people +50 ~0 =0 -0, plain +1 ~0 =0 -0")
            try await #expect(project.rows("SELECT count(*) FROM people") == "51")
            try await #expect(project.told() == "kinds +0 ~0 =2 -0, people +0 ~0 =50 -0, plain +0 ~0 =1 -0")
            try project.folder.write(
                "generate: {count: 60, columns: {note: null}}\n",
                to: "seeds/common/people.yaml"
            )
            let told = try await project.told()
            #expect(told.hasPrefix("kinds +0 ~0 =2 -0, people +10 ~"), "\(told)")
        }
    }
}
