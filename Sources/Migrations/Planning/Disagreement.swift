internal import Bookkeeping
internal import PostgresClient
internal import SQLText

/// A contradiction between ledger and catalog, as after the restore of a plain dump that had no ledger or an older one.
package struct Disagreement: Sendable, Equatable {
    package enum Problem: String, Sendable {
        /// A table that an applied migration creates does not exist.
        case missing
        /// A table that a pending migration will create exists already.
        case present
        /// golang-migrate's row has another version.
        case row
        /// Another tool has run since its ledger was adopted.
        case ledger
    }

    package var problem: Problem
    /// The version of the migration.
    package var version: Int?
    package var name: String?
    package var table: String?
    package var message: String
}

/// Compares the migrations of a service with the catalog. Queries the catalog once, and parses only the files in
/// question.
struct CatalogComparison {
    private let state: ServiceState
    private let applied: [Source]
    private let pending: [Source]

    /// A migration, with the tables that its up file mentions.
    private struct Source {
        var version: Int
        var name: String
        /// nil if the text that ran is unknown.
        var text: String?
        var mentions: TableMentions
        /// Whether a newer release has applied a migration that this folder does not have.
        var isNewer = false
    }

    init(_ state: ServiceState) {
        self.state = state
        let others = state.tree.others.compactMap(\.up)
        applied = state.standings.all.filter(\.isApplied)
            .sorted { ($0.entry?.order ?? 0, $0.version) < ($1.entry?.order ?? 0, $1.version) }
            .map { standing in
                var text: String?
                switch standing.state {
                case .applied, .unverified: text = standing.migration?.up?.text
                case .otherLayer:
                    text = standing.entry?.upSHA256.flatMap { sum in
                        others.first { $0.matches(sum) }?.text
                    }
                default: break
                }
                return Source(
                    version: standing.version,
                    name: standing.name,
                    text: text,
                    // Without the up file: a table that the down file creates was dropped by the up file.
                    mentions: TableMentions(text ?? standing.entry?.downSQL ?? ""),
                    isNewer: standing.state == .newer
                )
            }
        pending = state.standings.all
            .filter { [.pending, .outOfOrder].contains($0.state) && !$0.isRunning }
            .compactMap { standing in
                standing.migration?.up.map {
                    Source(
                        version: standing.version,
                        name: standing.name,
                        text: $0.text,
                        mentions: TableMentions($0.text)
                    )
                }
            }
    }

    func disagreements(_ session: borrowing Session) throws -> [Disagreement] {
        let catalog = try CatalogTables(
            named: Set((applied + pending).flatMap { $0.text == nil ? [] : $0.mentions.created.map(\.name) }),
            session
        )
        var found =
            Adoption.obstacle(state).map {
                [Disagreement(problem: state.adoptedChange == nil ? .row : .ledger, message: $0.message)]
            } ?? []
        for (place, source) in applied.enumerated() where source.text != nil {
            for table in source.mentions.created where !catalog.mayHave(table) {
                guard isMade(table, at: place) else { continue }
                found.append(
                    Disagreement(
                        problem: .missing,
                        version: source.version,
                        name: source.name,
                        table: table.description,
                        message: "\(source.name) is applied, but the table \(table) that it creates does not exist"
                    )
                )
            }
        }
        for (place, source) in pending.enumerated() {
            for table in source.mentions.created where catalog.has(table) {
                guard isInTheWay(table, at: place) else { continue }
                found.append(
                    Disagreement(
                        problem: .present,
                        version: source.version,
                        name: source.name,
                        table: table.description,
                        message: "\(source.name) is not applied, but the table \(table) that it creates exists already"
                    )
                )
            }
        }
        return found
    }

    /// Whether an applied migration creates the table, and the table should still exist. False if a later migration may
    /// have dropped the table, or if the text of a later migration is unknown.
    private func isMade(_ table: RelationName, at place: Int) -> Bool {
        guard fate(of: table, in: applied[place]) == .there, !applied.contains(where: \.isNewer) else { return false }
        for source in applied[(place + 1)...] where source.mentions.concern(table) {
            guard source.text != nil else { return false }
            switch fate(of: table, in: source) {
            case .there, .untouched: continue
            case .gone, .unknown: return false
            }
        }
        return true
    }

    /// Whether the table still exists when the pending migration is about to create it.
    private func isInTheWay(_ table: RelationName, at place: Int) -> Bool {
        for source in pending[..<place] where source.mentions.concern(table) {
            let fate = fate(of: table, in: source)
            if fate == .gone || fate == .unknown { return false }
        }
        return fate(of: table, in: pending[place], stopsAtCreation: true) == .there
    }

    private enum Fate { case there, gone, untouched, unknown }

    /// The state of a table after a script has run.
    ///
    /// - Parameter stopsAtCreation: Whether to stop at the statement that creates the table. The result is then `.gone`
    ///   if an earlier statement dropped the table.
    private func fate(of table: RelationName, in source: Source, stopsAtCreation: Bool = false) -> Fate {
        guard let text = source.text, let script = try? SQLScript(splitting: text) else { return .unknown }
        if source.mentions.hasBodies, Self.hidesChanges(of: table, text) { return .unknown }
        var fate = Fate.untouched
        let all = ScriptEffects(of: script).statements
        let undone = stopsAtCreation ? [] : RolledBackWork.undoneBySavepoints(script.statements, all)
        for (index, statement) in script.statements.enumerated() where !undone.contains(index) {
            let effects = all[index]
            guard effects.isParsed else { return .unknown }
            if table.schema == nil, effects.settings.contains(where: { $0.name == "search_path" }) { return .unknown }
            let moves = statement.tree?.isKind("AlterObjectSchemaStmt") == true
            for touch in effects.touches where !touch.isInBody {
                if touch.kind == .schema, touch.action == .drop || touch.action == .rename {
                    if table.schema == nil || touch.name == table.schema { fate = .gone }
                }
                guard touch.name == table.name, [.table, .foreignTable].contains(touch.kind),
                    table.schema == nil || touch.schema == nil || touch.schema == table.schema
                else { continue }
                switch touch.action {
                // IF NOT EXISTS skips a table that exists.
                case .create where stopsAtCreation && statement.tree?["if_not_exists"].isTrue == true: continue
                case .create:
                    if stopsAtCreation { return fate == .gone ? .gone : .there }
                    fate = .there
                case .drop, .rename: fate = .gone
                case .alter where moves: fate = .gone
                default: break
                }
            }
        }
        return fate
    }

    /// Whether the routines or DO blocks of a script may change the table in a way that its statements do not show.
    private static func hidesChanges(of table: RelationName, _ text: String) -> Bool {
        let lower = text.lowercased()
        return ["drop", "rename", "execute", "set schema"].contains { lower.contains($0) }
            && lower.contains(table.name.lowercased())
    }
}

extension TableMentions {
    /// Whether a script may change the table.
    fileprivate func concern(_ table: RelationName) -> Bool {
        changesSchemas || hasBodies || changed.contains(table.name) || created.contains { $0.name == table.name }
    }
}

/// The tables, views and foreign tables with certain names.
private struct CatalogTables {
    private let schemas: [String: Set<String>]
    /// The schema in which a table without a schema would be created.
    private let current: String?

    init(named names: Set<String>, _ session: borrowing Session) throws {
        guard !names.isEmpty else {
            schemas = [:]
            current = nil
            return
        }
        let rows = try session.query(
            """
            SELECT c.relname, n.nspname FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = ANY ($1) AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
            """,
            [QuotedText.array(names.sorted())]
        )
        var schemas: [String: Set<String>] = [:]
        for row in rows { schemas[row.text("relname"), default: []].insert(row.text("nspname")) }
        self.schemas = schemas
        current = try session.underDatabaseSearchPath {
            try $0.query("SELECT pg_catalog.current_schema() AS name")[0]["name"]
        }
    }

    /// Without a schema the table may be in any schema, because the file may have set the search path.
    func mayHave(_ table: RelationName) -> Bool {
        guard let there = schemas[table.name] else { return false }
        return table.schema.map(there.contains) ?? true
    }

    func has(_ table: RelationName) -> Bool {
        guard let schema = table.schema ?? current else { return false }
        return schemas[table.name]?.contains(schema) == true
    }
}
