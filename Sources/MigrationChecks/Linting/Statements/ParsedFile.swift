package import Migrations
package import SQLText

/// A migration file with its parse result, parsed once for all checks.
///
/// A class, because the checks pass it around and copying its content would be expensive.
package final class ParsedFile: Sendable {
    package let file: MigrationFile
    package let migration: Migration
    package let script: SQLScript
    /// The effects of each statement of the script.
    package let effects: ScriptEffects
    package let markers: FileMarkers
    /// Each statement with its effects.
    let statements: [(statement: SQLStatement, effects: StatementEffects)]

    package var path: String { file.path }
    package var direction: Direction { file.name.direction }

    /// - Throws: `SQLTextError` if the text cannot be split into statements.
    package init(_ file: MigrationFile, of migration: Migration) throws(SQLTextError) {
        self.file = file
        self.migration = migration
        script = try SQLScript(splitting: file.text)
        effects = ScriptEffects(of: script)
        markers = FileMarkers(file.text)
        statements = Array(zip(script.statements, effects.statements))
    }
}
