// Citus spreads tables over several servers (https://docs.citusdata.com).
//
//     coordinator     the node that clients connect to
//     worker          another node
//     shard           a part of a distributed table: an ordinary table on one node, such as orders_102008
//     placement       the node of a shard
//     group           tables whose shards with the same number are on the same node (colocated tables)
//     reference       a table that is complete on every node

package import Archive
package import PostgresClient

extension Session {
    /// How Citus distributes the tables of the database. Reads the catalogs, not Citus's views, which query every node.
    ///
    /// - Returns: nil without Citus, and if no table is distributed.
    /// - Throws: `PostgresError`.
    package borrowing func distribution() throws -> Manifest.Distribution? {
        guard try hasCitus() else { return nil }
        // Schemas are distributed since Citus 12.0.
        let schemas =
            try hasCatalog("pg_dist_schema")
            ? query(
                """
                SELECT n.nspname FROM pg_catalog.pg_dist_schema s
                JOIN pg_catalog.pg_namespace n ON n.oid = s.schemaid ORDER BY n.nspname
                """
            ).map { $0.text("nspname") } : []
        var groups = GroupNumbers()
        let tables = try distributedTables(besides: schemas, &groups)
        let functions = try distributedFunctions(&groups)
        guard !(tables.isEmpty && schemas.isEmpty) else { return nil }
        let version = try query("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'citus'")
        return Manifest.Distribution(
            version: version.first?.text("extversion") ?? "",
            tables: tables,
            schemas: schemas,
            functions: functions
        )
    }

    private borrowing func hasCatalog(_ name: String) throws -> Bool {
        try query("SELECT pg_catalog.to_regclass('pg_catalog.' || $1) IS NOT NULL AS there", [name])[0].bool("there")
    }

    private borrowing func distributedTables(
        besides schemas: [String],
        _ groups: inout GroupNumbers
    ) throws -> [Manifest.Distribution.Table] {
        let rows = try query(
            """
            SELECT n.nspname, c.relname, p.partmethod, p.repmodel, p.colocationid, g.shardcount, g.replicationfactor,
                CASE WHEN p.partmethod <> 'n' AND p.partkey IS NOT NULL
                    THEN pg_catalog.column_to_column_name(p.logicalrelid, p.partkey) END AS key
            FROM pg_catalog.pg_dist_partition p
            JOIN pg_catalog.pg_class c ON c.oid = p.logicalrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_dist_colocation g ON g.colocationid = p.colocationid
            WHERE NOT c.relispartition AND NOT p.autoconverted AND n.nspname <> ALL ($1::pg_catalog.text[])
            ORDER BY n.nspname, c.relname
            """,
            [QuotedText.array(schemas)]
        )
        return rows.map { row in
            let kind = Self.kind(row.text("partmethod"), row.text("repmodel"), isInGroup: row.int("colocationid") > 0)
            let isSpread = kind != .reference && kind != .local
            return Manifest.Distribution.Table(
                schema: row.text("nspname"),
                name: row.text("relname"),
                kind: kind,
                column: row["key"],
                group: isSpread ? groups.number(of: row.int("colocationid")) : nil,
                shards: kind == .hash ? row["shardcount"].flatMap { Int($0) } : nil,
                replicas: isSpread ? row["replicationfactor"].flatMap { Int($0) }.flatMap { $0 > 1 ? $0 : nil } : nil
            )
        }
    }

    private static func kind(_ method: String, _ model: String, isInGroup: Bool) -> Manifest.Distribution.Kind {
        switch method {
        case "h": .hash
        case "r": .range
        case "a": .append
        default: model == "t" ? .reference : isInGroup ? .single : .local
        }
    }

    /// Other functions need nothing: Citus creates them on all nodes.
    private borrowing func distributedFunctions(
        _ groups: inout GroupNumbers
    ) throws -> [Manifest.Distribution.Function] {
        guard try hasCatalog("pg_dist_object") else { return [] }
        return try query(
            """
            SELECT o.objid::pg_catalog.regprocedure::pg_catalog.text AS name, o.distribution_argument_index AS argument,
                coalesce(o.colocationid, 0) AS colocationid, coalesce(o.force_delegation, false) AS forced
            FROM pg_catalog.pg_dist_object o JOIN pg_catalog.pg_proc p ON p.oid = o.objid
            WHERE o.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                AND (o.distribution_argument_index IS NOT NULL OR o.colocationid > 0 OR o.force_delegation)
            ORDER BY name
            """
        ).map { row in
            Manifest.Distribution.Function(
                name: row.text("name"),
                argument: row["argument"].flatMap { Int($0) }.map { $0 + 1 },
                group: row.int("colocationid") > 0 ? groups.number(of: row.int("colocationid")) : nil,
                isForced: row.bool("forced")
            )
        }
    }
}

/// Numbers for the groups, from 1, in the order of their first occurrence.
private struct GroupNumbers {
    private var numbers: [Int: Int] = [:]

    /// - Parameter id: The cluster's number of the group.
    mutating func number(of id: Int) -> Int {
        let number = numbers[id] ?? numbers.count + 1
        numbers[id] = number
        return number
    }
}
