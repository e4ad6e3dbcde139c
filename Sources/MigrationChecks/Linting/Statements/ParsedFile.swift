package import Migrations
package import SQLText

/// The file of a migration with its parse result, read once for all checks.
///
/// A class, because checks pass it to each other, and copying its content would cost more than some of them.
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

    /// - Throws: `SQLTextError` for text that cannot be divided into statements.
    package init(_ file: MigrationFile, of migration: Migration) throws(SQLTextError) {
        self.file = file
        self.migration = migration
        script = try SQLScript(splitting: file.text)
        effects = ScriptEffects(of: script)
        markers = FileMarkers(file.text)
        statements = Array(zip(script.statements, effects.statements))
    }
}
