package import Citus
package import PostgresClient

/// The tables of a database with their sizes and the planner's row estimates.
///
/// Five queries, independently of the number of tables, on catalogs and functions that lock no table:
/// `pg_relation_size()` and similar functions would wait behind ACCESS EXCLUSIVE, and a migration would wait for them.
/// Sizes come from the files if the role may read those (`pg_stat_file`), else from `pg_class.relpages`, the state of
/// the last VACUUM or ANALYZE.
package struct TableReport: Sendable, Equatable {
    package var tables: [Table]
    /// False if sizes are those of the last VACUUM or ANALYZE.
    package var sizesAreCurrent: Bool

    package enum Kind: String, Sendable {
        case table
        case partitionedTable = "partitioned table"
        case materializedView = "materialized view"
        case foreignTable = "foreign table"
    }

    package struct Table: Sendable, Equatable {
        package var oid: UInt32
        package var name: TableName
        package var kind: Kind
        /// nil if unknown: never analysed, or foreign and not analysed.
        package var rowsEstimate: Int?
        package var isAnalysed: Bool
        /// Since the last VACUUM or ANALYZE; nil if the server does not record it.
        package var statisticsAgeSeconds: Int?
        package var heapBytes: Int
        package var indexBytes: Int
        package var toastBytes: Int
        /// The number of leaves that were added up.
        package var partitions: Int
        /// Whether the role may read the rows.
        package var isReadable: Bool
        /// False for a materialized view that was never filled and cannot be read.
        package var isPopulated: Bool
        package var held: HeldTable?
        /// How Citus stores it; nil for an ordinary table.
        package var distribution: CitusTable?
        /// False if a node of Citus did not tell the size of a shard. The sizes are then 0.
        package var sizeIsKnown = true
        /// The tables that hold the rows: the leaves, or the table itself.
        package var leaves: [Leaf]

        package var bytes: Int { heapBytes + indexBytes + toastBytes }
    }

    /// A table that itself holds rows.
    package struct Leaf: Sendable, Equatable {
        package var oid: UInt32
        package var name: TableName
        package var kind: Kind
        package var heapBytes: Int
        package var rowsEstimate: Int?
        package var isReadable: Bool
        package var isPopulated: Bool
        package var held: HeldTable?
        /// Whether its rows are in shards of Citus, so that its own file is empty.
        package var isDistributed: Bool
        package var sizeIsKnown: Bool
    }

    package var bytes: Int { tables.reduce(0) { $0 + $1.bytes } }
}

// Reading.
extension TableReport {
    /// - Throws: `PostgresError`.
    package static func read(_ scope: InspectionScope, _ session: borrowing Session) throws -> TableReport {
        try session.pinForLooking()
        let mayStat = try session.mayStat()
        let held = try session.heldTables()
        let cluster = try ClusterFacts.read(mayStat: mayStat, session)
        let rows = try session.query(statement(mayStat: mayStat), [scope.parameter])
        let parents = try session.query(
            """
            SELECT i.inhrelid, i.inhparent FROM pg_catalog.pg_inherits i
            JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relispartition
            """
        )
        let parent = Dictionary(
            parents.map { ($0.oid("inhrelid"), $0.oid("inhparent")) },
            uniquingKeysWith: { first, _ in first }
        )
        return TableReport(
            tables: rolledUp(rows.map { table($0, held, cluster) }, parent),
            sizesAreCurrent: mayStat
        )
    }

    private static func table(_ row: Rows.Row, _ held: [UInt32: HeldTable], _ cluster: ClusterFacts) -> Table {
        let kind: Kind =
            switch row.text("relkind") {
            case "p": .partitionedTable
            case "m": .materializedView
            case "f": .foreignTable
            default: .table
            }
        var table = Table(
            oid: row.oid("oid"),
            name: TableName(schema: row.text("nspname"), name: row.text("relname")),
            kind: kind,
            rowsEstimate: row["estimate"].flatMap { Int($0) },
            isAnalysed: row.bool("analysed"),
            statisticsAgeSeconds: row["age"].flatMap { Int($0) },
            heapBytes: row.int("heap"),
            indexBytes: row.int("indexes"),
            toastBytes: row.int("toast"),
            partitions: 0,
            isReadable: row.bool("readable"),
            isPopulated: row.bool("relispopulated"),
            held: held[row.oid("oid")],
            leaves: []
        )
        // An empty file has no rows, even if the table was never analysed.
        table.complete(cluster)
        if table.distribution == nil, row.bool("is_empty") && table.rowsEstimate == nil || !table.isPopulated {
            table.rowsEstimate = 0
        }
        if kind != .partitionedTable {
            table.leaves = [
                Leaf(
                    oid: table.oid,
                    name: table.name,
                    kind: kind,
                    heapBytes: table.heapBytes,
                    rowsEstimate: table.rowsEstimate,
                    isReadable: table.isReadable,
                    isPopulated: table.isPopulated,
                    held: table.held,
                    isDistributed: table.distribution != nil,
                    sizeIsKnown: table.sizeIsKnown
                )
            ]
        }
        return table
    }

    /// Adds each partition to its topmost parent in the list.
    private static func rolledUp(_ tables: [Table], _ parent: [UInt32: UInt32]) -> [Table] {
        let places = Dictionary(
            tables.enumerated().map { ($0.element.oid, $0.offset) },
            uniquingKeysWith: { first, _ in first }
        )
        var roots = tables
        var isPartition = Set<UInt32>()
        // Partitioned tables have no files. A parent's own estimate includes its leaves, which are added instead.
        for index in roots.indices where roots[index].kind == .partitionedTable { roots[index].rowsEstimate = nil }
        for table in tables {
            var root = table.oid
            while let next = parent[root], places[next] != nil { root = next }
            guard root != table.oid, let place = places[root] else { continue }
            isPartition.insert(table.oid)
            guard table.kind != .partitionedTable else { continue }
            roots[place].add(table)
        }
        return roots.filter { !isPartition.contains($0.oid) }.sorted { $0.name < $1.name }
    }

    private static func statement(mayStat: Bool) -> String {
        let size = RelationFileSize(of: "r", mayStat: mayStat)
        return """
            WITH wanted AS MATERIALIZED (
                SELECT c.oid, n.oid AS namespace, n.nspname, c.relname, c.relkind, c.reltuples, c.relpages, c.reltoastrelid,
                    c.relispopulated
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't' AND \(InspectionScope.condition)
            ), parts (owner, part, relation) AS (
                SELECT oid, 'heap', oid FROM wanted
                UNION ALL SELECT w.oid, 'index', i.indexrelid FROM wanted w JOIN pg_catalog.pg_index i ON i.indrelid = w.oid
                UNION ALL SELECT oid, 'toast', reltoastrelid FROM wanted WHERE reltoastrelid <> 0
                UNION ALL SELECT w.oid, 'toast', i.indexrelid
                FROM wanted w JOIN pg_catalog.pg_index i ON i.indrelid = w.reltoastrelid WHERE w.reltoastrelid <> 0
            ), sizes AS (
                SELECT parts.owner, parts.part, \(size.expression) AS bytes
                FROM parts JOIN pg_catalog.pg_class r ON r.oid = parts.relation AND r.relkind IN ('r', 'm', 'i', 't')
                \(size.joins)
            ), sums AS (
                SELECT owner, pg_catalog.sum(bytes) FILTER (WHERE part = 'heap') AS heap,
                    pg_catalog.sum(bytes) FILTER (WHERE part = 'index') AS indexes, pg_catalog.sum(bytes) FILTER (WHERE part = 'toast') AS toast
                FROM sizes GROUP BY owner
            )
            SELECT w.oid, w.nspname, w.relname, w.relkind, w.relispopulated, s.heap, s.indexes, s.toast,
                w.reltuples >= 0 AND (w.reltuples > 0 OR w.relpages > 0 OR t.at IS NOT NULL) AS analysed,
                CASE WHEN w.reltuples > 0 OR (w.reltuples = 0 AND (w.relpages > 0 OR t.at IS NOT NULL))
                    THEN w.reltuples::bigint
                    WHEN t.live > 0 THEN t.live END AS estimate,
                \(mayStat ? "w.relkind IN ('r', 'm') AND coalesce(s.heap, 0) = 0" : "false") AS is_empty,
                extract(epoch FROM pg_catalog.now() - t.at)::bigint AS age,
                pg_catalog.has_schema_privilege(w.namespace, 'USAGE') AND (pg_catalog.has_table_privilege(w.oid, 'SELECT')
                    OR pg_catalog.has_any_column_privilege(w.oid, 'SELECT')) AS readable
            FROM wanted w LEFT JOIN sums s ON s.owner = w.oid
            CROSS JOIN LATERAL (
                SELECT greatest(
                    pg_catalog.pg_stat_get_last_analyze_time(w.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(w.oid),
                    pg_catalog.pg_stat_get_last_vacuum_time(w.oid), pg_catalog.pg_stat_get_last_autovacuum_time(w.oid)) AS at,
                    pg_catalog.pg_stat_get_live_tuples(w.oid) AS live OFFSET 0) AS t
            ORDER BY w.nspname COLLATE "C", w.relname COLLATE "C"
            """
    }
}

extension TableReport.Table {
    /// Adds a partition. A value that is unknown for one of them is unknown for the whole.
    fileprivate mutating func add(_ partition: TableReport.Table) {
        let isFirst = leaves.isEmpty
        partitions += 1
        heapBytes += partition.heapBytes
        indexBytes += partition.indexBytes
        toastBytes += partition.toastBytes
        if isFirst {
            rowsEstimate = partition.rowsEstimate
            isAnalysed = partition.isAnalysed
            statisticsAgeSeconds = partition.statisticsAgeSeconds
        } else {
            rowsEstimate = rowsEstimate.flatMap { rows in partition.rowsEstimate.map { rows + $0 } }
            isAnalysed = isAnalysed && partition.isAnalysed
            statisticsAgeSeconds = statisticsAgeSeconds.flatMap { age in
                partition.statisticsAgeSeconds.map { max(age, $0) }
            }
        }
        held = held ?? partition.held
        sizeIsKnown = sizeIsKnown && partition.sizeIsKnown
        leaves += partition.leaves
    }
}

extension TableReport.Table {
    /// Replaces the figures of the empty table on the coordinator.
    fileprivate mutating func complete(_ cluster: ClusterFacts) {
        guard let distribution = cluster.tables[oid] else { return }
        self.distribution = distribution
        guard kind != .partitionedTable else { return }
        statisticsAgeSeconds = nil
        guard let size = cluster.sizes[oid] else {
            sizeIsKnown = false
            rowsEstimate = nil
            isAnalysed = false
            return
        }
        heapBytes = size.heapBytes
        indexBytes = size.indexBytes
        toastBytes = size.toastBytes
        rowsEstimate = size.rowsEstimate
        isAnalysed = size.rowsEstimate != nil
    }
}
