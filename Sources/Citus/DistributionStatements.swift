package import Archive
package import PostgresClient

/// The statements that distribute tables again, while they are empty and have no foreign keys.
package struct DistributionStatements: Sendable {
    /// A statement, and what it distributes.
    package struct Statement: Sendable, Equatable {
        package var object: String
        package var sql: String
    }

    package private(set) var statements: [Statement] = []
    /// What cannot be distributed again, each with the reason.
    package private(set) var impossible: [(object: String, reason: String)] = []

    /// - Parameters:
    ///   - wants: Whether a table is among those to distribute.
    ///   - wantsSchema: Whether a distributed schema is.
    ///   - present: Distributed tables that exist. Tables of their groups are stored together with them.
    package init(
        _ distribution: Manifest.Distribution,
        wants: (TableName) -> Bool = { _ in true },
        wantsSchema: (String) -> Bool = { _ in true },
        present: Set<TableName> = [],
        _ session: borrowing Session
    ) {
        var anchors: [Int: TableName] = [:]
        for table in distribution.tables where present.contains(table.tableName) && !wants(table.tableName) {
            if let group = table.group { anchors[group] = anchors[group] ?? table.tableName }
        }
        let tables = distribution.tables.filter { wants($0.tableName) }
        for table in tables.filter({ $0.kind == .reference }) {
            add(table.tableName.spelling, Self.call("create_reference_table", [Self.literal(table.tableName, session)]))
        }
        for table in tables where table.kind != .reference {
            let name = table.tableName
            switch table.kind {
            case .reference: continue
            case .local:
                add(name.spelling, Self.call("citus_add_local_table_to_metadata", [Self.literal(name, session)]))
            case .range, .append:
                impossible.append((name.spelling, "its shards were made by \(table.kind.rawValue), by hand"))
            case .hash, .single:
                let sql = Self.distribute(table, with: table.group.flatMap { anchors[$0] }, session)
                add(name.spelling, sql)
                if let group = table.group { anchors[group] = anchors[group] ?? name }
            }
        }
        for schema in distribution.schemas where wantsSchema(schema) {
            add(schema, Self.call("citus_schema_distribute", [session.literal(session.quoted(schema))]))
        }
        for function in distribution.functions { add(function, anchors, session) }
    }

    private mutating func add(_ object: String, _ sql: String) {
        statements.append(Statement(object: object, sql: sql))
    }

    private mutating func add(
        _ function: Manifest.Distribution.Function,
        _ anchors: [Int: TableName],
        _ session: borrowing Session
    ) {
        var arguments = [session.literal(function.name)]
        if let argument = function.argument { arguments.append("'$\(argument)'") }
        if let group = function.group {
            guard let anchor = anchors[group] else {
                return impossible.append((function.name, "none of the tables that it belongs to is distributed"))
            }
            arguments.append("colocate_with => \(Self.literal(anchor, session))")
        }
        if function.isForced { arguments.append("force_delegation => true") }
        add(function.name, Self.call("create_distributed_function", arguments))
    }

    private static func distribute(
        _ table: Manifest.Distribution.Table,
        with anchor: TableName?,
        _ session: borrowing Session
    ) -> String {
        let column = table.kind == .hash ? table.column.map { session.literal($0) } : nil
        var arguments = [literal(table.tableName, session), column ?? "NULL"]
        arguments.append("colocate_with => \(anchor.map { literal($0, session) } ?? "'none'")")
        if anchor == nil, let shards = table.shards { arguments.append("shard_count => \(shards)") }
        let call = call("create_distributed_table", arguments)
        guard anchor == nil, let replicas = table.replicas else { return call }
        return "SET citus.shard_replication_factor TO \(replicas);\n\(call);\nRESET citus.shard_replication_factor"
    }

    private static func call(_ function: String, _ arguments: [String]) -> String {
        "SELECT pg_catalog.\(function)(\(arguments.joined(separator: ", ")))"
    }

    private static func literal(_ table: TableName, _ session: borrowing Session) -> String {
        session.literal(session.quoted(table))
    }
}

extension DistributionStatements {
    /// `schema/citus.sql`: all statements, for psql.
    package var script: String {
        let lines = statements.map { "\($0.sql);\n" } + impossible.map { "-- Not distributed, because \($0.reason).\n" }
        return
            "-- Distributes the tables over the nodes of a Citus cluster. They are empty, and have no foreign keys.\n\n"
            + lines.joined()
    }
}

extension Manifest.Distribution.Table {
    package var tableName: TableName { TableName(schema: schema, name: name) }
}
