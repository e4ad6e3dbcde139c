package import SQLText

/// A migration's file and what the parser sees in it, read once for every check.
package struct ParsedFile: Sendable {
    package var file: MigrationFile
    package var migration: Migration
    package var script: SQLScript
    /// One for each statement of the script.
    package var effects: ScriptEffects
    package var markers: FileMarkers

    package var path: String { file.path }
    package var direction: Direction { file.name.direction }

    /// - Throws: `SQLTextError` for a text that cannot be split into statements.
    package init(_ file: MigrationFile, of migration: Migration) throws(SQLTextError) {
        self.file = file
        self.migration = migration
        script = try SQLScript(splitting: file.text)
        effects = ScriptEffects(of: script)
        markers = FileMarkers(file.text)
    }
}
