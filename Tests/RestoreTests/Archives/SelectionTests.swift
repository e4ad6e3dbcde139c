import Archive
import Testing

@testable import Restore

@Suite struct SelectionTests {
    private func manifest(_ tables: (schema: String, name: String)...) -> Manifest {
        var manifest = Manifest(
            granary: "0.1.0",
            createdAt: "2026-11-23T07:15:00Z",
            database: .init(name: "shop", encoding: "UTF8", collate: "C", ctype: "C", owner: "shop"),
            server: .init(version: "15.18", versionNumber: 150018),
            snapshot: "1"
        )
        for (number, table) in tables.enumerated() {
            manifest.tables.append(
                .init(
                    number: number + 1,
                    oid: UInt32(number + 1),
                    schema: table.schema,
                    name: table.name,
                    columns: [],
                    rows: 1
                )
            )
        }
        return manifest
    }

    /// Whatever the schema of granary's own tables is called where the backup was made, or where it is restored.
    @Test(arguments: ["granary", "books", "public"]) func theSameTablesAreCountedAsByOtherCommands(
        stateSchema: String
    ) throws {
        let manifest = manifest(
            ("public", "t"),
            ("books", "migrations"),
            ("books", "migration_log"),
            ("books", "seeds"),
            ("granary", "u")
        )
        var options = RestoreOptions(file: "a.zip")
        options.stateSchema = stateSchema
        let selection = try Selection(manifest, options)
        #expect(selection.countedTables.map(\.name) == ["t", "u"])
        #expect(selection.countedTables == manifest.countedTables)
        #expect((selection.rows, selection.tablesWithRows.count) == (2, 5))
    }
}
