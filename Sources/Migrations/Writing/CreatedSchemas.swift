package import Project
internal import SQLText

/// The schemas in which the migrations of a folder create tables, in the order of the files. A table without a schema
/// counts as one in `public`.
package enum CreatedSchemas {
    /// - Throws: `MigrationError` with `.file`.
    package static func read(_ folder: String, _ environments: EnvironmentsFile) throws(MigrationError) -> [String] {
        var schemas: [String] = []
        for migration in try Migration.all(in: folder, environments).sorted(by: { $0.version < $1.version }) {
            guard let text = migration.up?.text, let script = try? SQLScript(splitting: text) else { continue }
            for touch in ScriptEffects(of: script).touches where touch.action == .create && touch.kind == .table {
                let schema = touch.schema ?? "public"
                if !schemas.contains(schema) { schemas.append(schema) }
            }
        }
        return schemas
    }
}
