package import Migrations
package import SQLText

/// A migration's file and what the parser sees in it, read once for every check.
///
/// A class, because checks hand it to each other, and to copy what is in it costs more than some of them.
package final class ParsedFile: Sendable {
    package let file: MigrationFile
    package let migration: Migration
    package let script: SQLScript
    /// One for each statement of the script.
    package let effects: ScriptEffects
    package let markers: FileMarkers
    /// Each statement with its effects.
    let statements: [(statement: SQLStatement, effects: StatementEffects)]

    package var path: String { file.path }
    package var direction: Direction { file.name.direction }

    /// - Throws: `SQLTextError` for a text that cannot be split into statements.
    package init(_ file: MigrationFile, of migration: Migration) throws(SQLTextError) {
        self.file = file
        self.migration = migration
        script = try SQLScript(splitting: file.text)
        effects = ScriptEffects(of: script)
        markers = FileMarkers(file.text)
        statements = Array(zip(script.statements, effects.statements))
    }
}
