internal import Migrations
internal import Project
internal import SQLText
internal import Storage

/// The information about the service and its other migrations that the checks of a migration need.
struct CheckContext: Sendable {
    let service: Service
    let dependencies: DependenciesFile
    /// The schemas that this service may write into.
    let ownSchemas: Set<String>
    /// The name of another service for each of its schemas, as far as they are known.
    let servicesBySchema: [String: String]
    let stateSchema: String
    /// The layers that run in production.
    let productionLayers: Set<String>
    /// The names of the files with descriptions of migrations; nil if the project has no such folder.
    let pages: (folder: String, names: Set<String>)?

    init(_ tree: ServiceTree, others: [Service], stateSchema: String) {
        service = tree.service
        dependencies = tree.dependencies
        self.stateSchema = stateSchema
        var owners: [String: String] = [:]
        for other in others where other.name != tree.service.name {
            for schema in other.schemas { owners[schema] = other.name }
        }
        servicesBySchema = owners
        ownSchemas = Self.ownSchemas(tree, owners)
        productionLayers = Set(tree.environments.environments.filter(\.isProduction).map(\.name) + [""])
        let parent = tree.service.folder.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = (parent + ["docs", "migrations"]).joined(separator: "/")
        pages = (try? Files.names(in: folder)).map { (folder, Set($0)) }
    }

    /// The declared schemas and those that the service's migrations create. If they create no table in any of these,
    /// also the schema in which they create the most tables, because the name of a folder says little about an
    /// undeclared service.
    private static func ownSchemas(_ tree: ServiceTree, _ owners: [String: String]) -> Set<String> {
        var own = Set(tree.service.schemas)
        var counts: [String: Int] = [:]
        for migration in tree.migrations {
            for touch in migration.up?.effects.touches ?? [] where touch.action == .create && !touch.isInBody {
                if touch.kind == .schema {
                    if owners[touch.name] == nil { own.insert(touch.name) }
                } else if touch.kind == .table, let schema = touch.schema, owners[schema] == nil {
                    counts[schema, default: 0] += 1
                }
            }
        }
        if own.allSatisfy({ counts[$0] == nil }), let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) })
        {
            own.insert(most.key)
        }
        return own
    }

    func runsInProduction(_ migration: CheckedMigration) -> Bool { productionLayers.contains(migration.layer) }
}

extension ParsedFile {
    /// Whether the text shows all effects: every statement could be parsed, and none is a DO block or a CALL.
    var isTransparent: Bool {
        script.statements.allSatisfy {
            $0.tree != nil && $0.tree?.isKind("DoStmt") != true && $0.tree?.isKind("CallStmt") != true
        }
    }

    func finding(
        _ rule: ValidationRule,
        _ severity: Finding.Severity? = nil,
        at statement: SQLStatement,
        offset: Int? = nil,
        _ message: String,
        hint: String? = nil
    ) -> Finding {
        let offset = max(offset ?? statement.offset, statement.offset)
        let place = statement.place(ofOffset: offset)
        return Finding(
            rule,
            severity,
            file: path,
            line: place.line,
            column: place.column,
            message,
            hint: hint
        )
    }

    /// Relations that end with the session.
    var temporaryNames: Set<String> {
        var names: Set<String> = []
        for tree in script.statements.compactMap(\.tree) {
            for relation in [
                tree["relation"], tree["into"]["rel"], tree["view"], tree["sequence"], tree["intoClause"]["rel"],
            ] where relation["relpersistence"].string == "t" || relation["schemaname"].string == "pg_temp" {
                if let name = relation["relname"].string { names.insert(name) }
            }
        }
        return names
    }
}
