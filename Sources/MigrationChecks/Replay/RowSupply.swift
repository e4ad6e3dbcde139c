internal import Logging
internal import Migrations
internal import PostgresClient
internal import SQLText

/// Fills empty tables with rows, so that a down file has rows to lose.
///
/// Generating rows takes longer than most migrations. So the empty tables are filled, all together, only when a
/// migration may concern one of them.
struct RowSupply {
    let schemas: Set<String>
    let scratch: ServerAddress
    let fill: @Sendable (_ server: ServerAddress, _ tables: [String]) async throws -> Void
    /// The OIDs of the tables that were tried.
    private var tried: Set<String> = []

    init(
        schemas: Set<String>,
        scratch: ServerAddress,
        fill: @escaping @Sendable (_ server: ServerAddress, _ tables: [String]) async throws -> Void
    ) {
        self.schemas = schemas
        self.scratch = scratch
        self.fill = fill
    }

    /// - Returns: Whether rows were written.
    /// - Throws: `PostgresError` for a lost connection; `CancellationError`. If rows cannot be generated, the migration
    ///   is tested without them.
    mutating func supply(for step: ReplayStep, _ session: inout Session, _ logger: Logger) throws -> Bool {
        let empty = try RowDigests.emptyTables(in: schemas, session).filter { !tried.contains($0.oid) }
        guard !empty.isEmpty, step.concerns(empty.map(\.name)) else { return false }
        tried.formUnion(empty.map(\.oid))
        try supply(empty.map(\.name), &session, logger)
        return true
    }

    /// If the tables cannot be filled together, tries each half of them.
    private func supply(_ tables: [String], _ session: inout Session, _ logger: Logger) throws {
        do {
            let (fill, scratch) = (fill, scratch)
            try session.waiting { try await fill(scratch, tables) }
        } catch let error as CancellationError {
            throw error
        } catch let error as PostgresError where error.code == .connectionLost {
            throw error
        } catch {
            guard tables.count > 1 else {
                logger.debug("no rows were made for \(tables[0]): \(error)")
                return
            }
            let middle = tables.count / 2
            try supply(Array(tables[..<middle]), &session, logger)
            try supply(Array(tables[middle...]), &session, logger)
        }
    }
}

extension ReplayStep {
    /// Whether the migration changes one of the tables, or may do so.
    fileprivate func concerns(_ tables: [String]) -> Bool {
        let statements = up.script.statements + (down?.statements ?? [])
        let isOpaque = statements.contains { statement in
            !statement.effects.isParsed || ["DO", "CALL", "SELECT"].contains(statement.tag)
                || statement.effects.destruction.contains { $0.cascades || $0.means == .deleting }
        }
        guard !isOpaque else { return true }
        let names = Set(tables.compactMap { $0.split(separator: ".").last.map { $0.filter { $0 != "\"" } } })
        return statements.contains { statement in
            statement.effects.touches.contains { touch in
                ![.create, .comment, .grant, .reference].contains(touch.action) && names.contains(touch.name)
            }
        }
    }
}
