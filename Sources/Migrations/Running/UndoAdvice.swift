package import PostgresClient
package import Project
internal import SQLText

/// How to restore the rows that a run has destroyed, from the backup that was made before it. No way changes an
/// existing row, so the advice stays valid later.
package struct UndoAdvice: Sendable, Equatable {
    package enum Way: Sendable, Equatable, CaseIterable {
        /// Restore into tables that are empty.
        case whenEmpty
        /// Restore only the rows whose keys are missing.
        case missing
        /// Create dropped tables again, with their rows.
        case again
        /// Restore a copy beside the table, because its rows still exist but some of their values do not.
        case beside
        /// Restore a database beside this one, for objects that cannot be restored here.
        case database
    }

    /// The version to which a service must be migrated first, because reverting dropped its tables.
    package struct Target: Sendable, Equatable {
        package var service: Service
        package var version: Int
    }

    package struct Part: Sendable, Equatable {
        package var way: Way
        package var tables: [TableName]
    }

    /// The backup.
    package var file: String
    package var targets: [Target]
    /// One for each way, in order.
    package var parts: [Part]
    /// Whether some constraints of the tables were NOT VALID before.
    package var allowsInvalid: Bool
}

/// The tables from which a plan deletes rows or values, in their state before the run.
struct DoomedTables: Sendable {
    fileprivate struct Loss: Sendable {
        var service: String
        var version: Int
        var direction: Direction
        var what: Destruction
    }

    fileprivate struct Table: Sendable {
        var name: TableName
        var hasKey: Bool
        var isPartitioned: Bool
        var hasInvalid: Bool
        var losses: [Loss] = []
    }

    fileprivate var tables: [Table] = []

    init(_ plan: MigrationPlan, _ session: borrowing Session) throws {
        for step in plan.steps {
            for (_, what) in step.script.destruction {
                let loss = Loss(service: step.service, version: step.version, direction: step.direction, what: what)
                for table in try Self.tables(of: what, session) {
                    let place = tables.firstIndex { $0.name == table.name } ?? tables.count
                    if place == tables.count { tables.append(table) }
                    tables[place].losses.append(loss)
                }
            }
        }
    }

    /// The tables that a destruction affects. For a schema, all tables in it. Partitions are omitted, because their
    /// parent is included.
    private static func tables(of what: Destruction, _ session: borrowing Session) throws -> [Table] {
        let isSchema = what.kind == .schema
        guard isSchema || what.kind == .table || what.column != nil else { return [] }
        let name =
            what.schema.map { "\(session.quoted($0)).\(session.quoted(what.name))" } ?? session.quoted(what.name)
        let oid = isSchema ? nil : try session.relation(named: name)
        return try session.query(
            """
            SELECT n.nspname, c.relname, c.relkind = 'p' AS is_partitioned,
                EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS has_key,
                EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND NOT k.convalidated)
                    AS has_invalid
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p')
                AND CASE WHEN $1 THEN n.nspname = $2 AND NOT c.relispartition ELSE c.oid = $3 END
            ORDER BY 1, 2
            """,
            [isSchema ? "true" : "false", what.name, oid.map(String.init)]
        ).map { row in
            Table(
                name: TableName(schema: row.text("nspname"), name: row.text("relname")),
                hasKey: row.bool("has_key"),
                isPartitioned: row.bool("is_partitioned"),
                hasInvalid: row.bool("has_invalid")
            )
        }
    }
}

extension DoomedTables {
    /// - Returns: nil if no executed step has destroyed anything.
    func advice(
        _ report: MigrationReport,
        file: String,
        _ folders: [MigratorOptions.Folder],
        _ session: borrowing Session
    ) throws -> UndoAdvice? {
        var parts = UndoAdvice.Way.allCases.map { UndoAdvice.Part(way: $0, tables: []) }
        var targets: [UndoAdvice.Target] = []
        var allowsInvalid = false
        for table in tables {
            let losses = table.losses.filter(report.isDone)
            guard !losses.isEmpty else { continue }
            let reverted = losses.last {
                $0.direction == .down && !report.applied(service: $0.service).contains($0.version)
            }
            let (way, needsTarget) = try way(of: table, losses, isReverted: reverted != nil, report, session)
            parts[UndoAdvice.Way.allCases.firstIndex(of: way) ?? 0].tables.append(table.name)
            allowsInvalid = allowsInvalid || table.hasInvalid
            guard needsTarget, let service = reverted?.service,
                let folder = folders.first(where: { $0.service.name == service }),
                !targets.contains(where: { $0.service.name == service })
            else { continue }
            let version = report.revertedSteps.filter { $0.service == service }.map(\.version).max() ?? 0
            targets.append(UndoAdvice.Target(service: folder.service, version: version))
        }
        parts.removeAll(where: \.tables.isEmpty)
        guard !parts.isEmpty else { return nil }
        return UndoAdvice(file: file, targets: targets, parts: parts, allowsInvalid: allowsInvalid)
    }

    private func way(
        of table: Table,
        _ losses: [Loss],
        isReverted: Bool,
        _ report: MigrationReport,
        _ session: borrowing Session
    ) throws -> (UndoAdvice.Way, needsTarget: Bool) {
        let beside: UndoAdvice.Way = table.isPartitioned ? .database : .beside
        let name = session.quoted(table.name)
        guard try session.exists(table.name) else {
            guard isReverted else { return (try session.exists(schema: table.name.schema) ? .again : .database, false) }
            // If the migrations insert rows, the table is filled as soon as it exists again.
            guard report.revertedFilesWrite(table.name) else { return (.whenEmpty, true) }
            return (table.hasKey ? .missing : beside, true)
        }
        guard !losses.contains(where: { $0.what.means == .rewriting || $0.what.column != nil }) else {
            return (beside, false)
        }
        guard try session.query("SELECT EXISTS (SELECT 1 FROM \(name)) AS filled")[0].bool("filled") else {
            return (.whenEmpty, false)
        }
        return (table.hasKey ? .missing : beside, false)
    }
}

extension MigrationReport {
    fileprivate func isDone(_ loss: DoomedTables.Loss) -> Bool {
        let steps = loss.direction == .up ? appliedSteps : revertedSteps
        return steps.contains { $0.service == loss.service && $0.version == loss.version }
    }

    /// Whether the up files of reverted migrations insert rows into a table.
    fileprivate func revertedFilesWrite(_ table: TableName) -> Bool {
        revertedSteps.contains { step in
            guard let state = services.first(where: { $0.name == step.service }),
                let text = state.tree.migration(step.version)?.up?.text, let script = try? SQLScript(splitting: text)
            else { return false }
            return ScriptEffects(of: script).touches.contains { touch in
                touch.action.writes && touch.name == table.name && (touch.schema ?? table.schema) == table.schema
            }
        }
    }
}
