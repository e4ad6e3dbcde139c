internal import Project

extension DependenciesFile {
    /// Adds the approval of a migration to the text of the file, and keeps the rest of the text unchanged.
    ///
    /// - Throws: `MigrationError` if the file has no entry for the migration.
    package func approving(_ migration: Migration, by: String, at time: String) throws -> [UInt8] {
        guard let text, let entry = entry(migration.version), let up = migration.up else {
            throw MigrationError(
                .usage,
                "\(path) has no entry for \(migration.name) to be approved in",
                hint: "add \"\(migration.digits)\": {} to its migrations"
            )
        }
        let approval =
            "{\"sha256\": \"\(up.sha256)\", \"by\": \(JSONEdits.quoted(by)), \"at\": \"\(time)\"}"
        guard let node = text.root["migrations"]?[entry.key] else { return text.bytes }
        var edits = JSONEdits(text)
        if let old = node["approved"] {
            edits.replace(old, with: approval)
        } else {
            edits.append("approved", approval, to: node)
        }
        return edits.bytes
    }

    /// Replaces the file completely or not at all.
    package static func write(_ bytes: [UInt8], to path: String) throws {
        try FileChanges.replace(path, bytes)
    }
}
