package import PostgresClient

/// The schema of our own tables, `granary` unless `--state-schema` says otherwise.
///
/// It stands beside the services' schemas, so that `DROP SCHEMA user_service CASCADE` in a first down migration leaves
/// its own ledger alone.
package struct StateSchema: Sendable, Hashable {
    package enum Table: String, Sendable, CaseIterable {
        /// The marker.
        case environment
        /// What is applied now, per service and version.
        case migrations
        /// Every run of every file; rows are added and finished, never taken away.
        case migrationLog = "migration_log"
        /// What was seeded.
        case seeds
    }

    package let name: String

    package static let usual = StateSchema(checked: "granary")

    private init(checked name: String) { self.name = name }

    /// - Throws: `EnvironmentsError.usage` for a name that no schema can have.
    package init(_ name: String) throws {
        if let problem = NameRule.schema.problem(with: name) {
            throw EnvironmentsError(.usage, "--state-schema: \(problem)", hint: NameRule.schema.hint)
        }
        self.name = name
    }

    package subscript(table: Table) -> TableName { TableName(schema: name, name: table.rawValue) }

    package var environment: TableName { self[.environment] }
    package var migrations: TableName { self[.migrations] }
    package var migrationLog: TableName { self[.migrationLog] }
    package var seeds: TableName { self[.seeds] }

    /// Which of the tables are there. Needs no rights on the schema, and writes nothing.
    package func tables(_ session: borrowing Session) throws -> Set<Table> {
        Set(
            try session.query(
                """
                SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')
                """,
                [name]
            ).compactMap { Table(rawValue: $0.text("relname")) }
        )
    }

    /// Whether all tables are there.
    package func exists(_ session: borrowing Session) throws -> Bool {
        try tables(session).count == Table.allCases.count
    }
}
