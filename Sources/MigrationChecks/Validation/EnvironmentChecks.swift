internal import Migrations
internal import Project
internal import SQLText

/// Checks that staging has the same tables as production.
struct EnvironmentChecks {
    let tree: ServiceTree

    func findings() -> [Finding] {
        let staging = "staging"
        guard tree.environments.names.contains(staging) else { return [] }
        return tree.environments.environments.filter(\.isProduction).map(\.name).flatMap { production -> [Finding] in
            guard tree.layout == .overlay || (tree.folders[staging] != nil && tree.folders[production] != nil) else {
                return []
            }
            return only(in: staging, not: production) + only(in: production, not: staging)
        }
    }

    /// Compares by content, because a copy may have another number.
    private func only(in one: String, not other: String) -> [Finding] {
        let migrations = tree.migrations(in: one)
        // Most services have only the base folder. Then no digest needs to be computed.
        guard !migrations.isEmpty else { return [] }
        let known = Set(tree.view(other).compactMap { $0.migration.up?.sha256 })
        return migrations.compactMap { migration in
            guard let up = migration.up, !known.contains(up.file.sha256), let statement = Self.structural(up) else {
                return nil
            }
            return up.finding(
                .environmentsDiffer,
                at: statement,
                "it changes the schema of \(one), but no migration of \(other) does the same",
                hint:
                    "move it to the base folder if both need it, or to the folder of development if it is an experiment"
            )
        }
    }

    /// The first statement that creates or changes a table, view, type, function or schema.
    private static func structural(_ file: ParsedFile) -> SQLStatement? {
        let temporary = file.temporaryNames
        return file.statements.first { _, effects in
            effects.touches.contains { touch in
                (touch.kind.isRelation || [.type, .function, .schema].contains(touch.kind)) && !touch.isInBody
                    && [.create, .alter, .rename, .drop].contains(touch.action) && !temporary.contains(touch.name)
            }
        }?.statement
    }
}
