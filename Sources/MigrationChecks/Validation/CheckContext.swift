internal import Migrations
internal import Project
internal import SQLText
internal import Storage

/// What the checks of a migration need to know about the others.
struct CheckContext: Sendable {
    let service: Service
    let dependencies: DependenciesFile
    /// The schemas that this service may write into.
    let ownSchemas: Set<String>
    /// The services of other schemas, if they are known.
    let servicesBySchema: [String: String]
    let stateSchema: String
    /// The layers that run in production.
    let productionLayers: Set<String>
    /// The pages of migrations by name; nil if the project has none.
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

    /// The declared schemas and those that the service's migrations create. If no object is created in any of them, the
    /// schema with the most created objects, because the folder's name says little about an undeclared service.
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
    /// The text shows everything that happens: every statement is parsed, and none is a block.
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
