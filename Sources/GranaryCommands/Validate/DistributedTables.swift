internal import Bookkeeping
internal import Citus
internal import MigrationChecks
internal import PostgresClient
internal import SQLText

/// What rules about Citus need from the database.
struct DistributedTables: Sendable {
    /// nil without Citus.
    var tables: [RelationName: TableDistribution]?
    /// Tables that are stored together.
    var groups: [RelationName: ColocationGroup] = [:]
    /// The applied versions by service.
    var applied: [String: Set<Int>] = [:]

    /// - Throws: `PostgresError`, `CancellationError`.
    static func read(_ server: ServerAddress, _ state: StateSchema, _ console: Console) async throws -> Self {
        try await withSession(server, logger: console.logger) { session in
            guard try session.hasCitus() else { return Self() }
            var found = Self(tables: [:])
            for table in try session.citusTables() {
                let name = RelationName(schema: table.name.schema, name: table.name.name)
                found.tables?[name] = distribution(of: table)
                found.groups[name] = table.group.map { ColocationGroup(number: $0) }
            }
            if try state.exists(session), try state.mayRead(session) {
                for row in try Ledger.applied(state, session) {
                    found.applied[row.service, default: []].insert(row.version)
                }
            }
            return found
        }
    }

    private static func distribution(of table: CitusTable) -> TableDistribution {
        switch table.kind {
        case .distributed: table.column.map { .hash(column: $0) } ?? .single
        case .reference: .reference
        case .singleShard, .schema: .single
        case .managedLocal: .local
        }
    }
}
