package import PostgresClient

/// The size of a table of Citus, added up over its shards. A shard that is on several nodes counts once.
package struct CitusSize: Sendable, Equatable {
    package var heapBytes = 0
    package var indexBytes = 0
    package var toastBytes = 0
    /// nil if a shard was never analysed.
    package var rowsEstimate: Int? = 0

    package init() {}

    /// Both together, such as two partitions.
    package func adding(_ other: CitusSize) -> CitusSize {
        var sum = self
        sum.heapBytes += other.heapBytes
        sum.indexBytes += other.indexBytes
        sum.toastBytes += other.toastBytes
        sum.rowsEstimate = rowsEstimate.flatMap { rows in other.rowsEstimate.map { rows + $0 } }
        return sum
    }
}

extension Session {
    /// The sizes of the tables of Citus by their OIDs on the coordinator, without those of which a node did not report a
    /// shard. One query on each node, which reads catalogs and files and locks nothing, unlike the size functions of
    /// Citus.
    ///
    /// - Parameter mayStat: Whether the role may call `pg_stat_file`.
    /// - Throws: `PostgresError`.
    package borrowing func citusSizes(mayStat: Bool) throws -> [UInt32: CitusSize] {
        // Since Citus 11.0.
        let canAsk = try query(
            "SELECT pg_catalog.to_regproc('pg_catalog.run_command_on_all_nodes') IS NOT NULL AS can"
        )[0].bool("can")
        guard canAsk else { return [:] }
        let shards = try query("SELECT shardid, logicalrelid::pg_catalog.oid AS oid FROM pg_catalog.pg_dist_shard")
        let answers = try query(
            "SELECT success, result FROM pg_catalog.run_command_on_all_nodes($1)",
            [ShardSize.command(mayStat: mayStat)]
        )
        var sizes: [Int: ShardSize] = [:]
        for answer in answers where answer.bool("success") {
            for line in (answer["result"] ?? "").split(separator: "\n") {
                guard let size = ShardSize(line) else { continue }
                sizes[size.shard] = sizes[size.shard].map { $0.larger(size) } ?? size
            }
        }
        var tables: [UInt32: CitusSize] = [:]
        var incomplete: Set<UInt32> = []
        for shard in shards {
            let table = shard.oid("oid")
            if let size = sizes[shard.int("shardid")] {
                tables[table, default: CitusSize()].add(size)
            } else {
                incomplete.insert(table)
            }
        }
        return tables.filter { !incomplete.contains($0.key) }
    }
}

/// The size of a shard on a node.
private struct ShardSize {
    var shard: Int
    var heap: Int
    var index: Int
    var toast: Int
    /// -1 if it was never analysed.
    var rows: Int

    /// - Parameter line: Five numbers.
    init?(_ line: Substring) {
        let numbers = line.split(separator: " ").compactMap { Int($0) }
        guard numbers.count == 5 else { return nil }
        (shard, heap, index, toast, rows) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4])
    }

    /// The copies of a shard have the same rows, but not always the same files.
    func larger(_ other: ShardSize) -> ShardSize {
        other.heap + other.index + other.toast > heap + index + toast ? other : self
    }

    /// The query for a node, whose result is a single text.
    static func command(mayStat: Bool) -> String {
        let size = RelationFileSize(of: "r", mayStat: mayStat)
        return """
            WITH shard AS MATERIALIZED (
                SELECT s.shardid, c.oid, c.reltuples, c.relpages, c.reltoastrelid
                FROM pg_catalog.pg_dist_shard s
                JOIN pg_catalog.pg_dist_placement l ON l.shardid = s.shardid
                JOIN pg_catalog.pg_dist_local_group g ON g.groupid = l.groupid
                JOIN pg_catalog.pg_class c
                    ON c.oid = pg_catalog.to_regclass(pg_catalog.shard_name(s.logicalrelid, s.shardid))
            ), parts (shardid, part, relation) AS (
                SELECT shardid, 'heap', oid FROM shard
                UNION ALL SELECT w.shardid, 'index', i.indexrelid FROM shard w JOIN pg_catalog.pg_index i ON i.indrelid = w.oid
                UNION ALL SELECT shardid, 'toast', reltoastrelid FROM shard WHERE reltoastrelid <> 0
                UNION ALL SELECT w.shardid, 'toast', i.indexrelid
                FROM shard w JOIN pg_catalog.pg_index i ON i.indrelid = w.reltoastrelid WHERE w.reltoastrelid <> 0
            ), sums AS (
                SELECT shardid, coalesce(pg_catalog.sum(bytes) FILTER (WHERE part = 'heap'), 0) AS heap,
                    coalesce(pg_catalog.sum(bytes) FILTER (WHERE part = 'index'), 0) AS indexes,
                    coalesce(pg_catalog.sum(bytes) FILTER (WHERE part = 'toast'), 0) AS toast
                FROM (SELECT parts.shardid, parts.part, \(size.expression) AS bytes
                    FROM parts JOIN pg_catalog.pg_class r ON r.oid = parts.relation AND r.relkind IN ('r', 'm', 'i', 't')
                    \(size.joins)) AS sizes
                GROUP BY shardid
            )
            SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', w.shardid, u.heap, u.indexes, u.toast,
                CASE WHEN w.reltuples > 0 OR w.relpages > 0 OR u.heap = 0 THEN w.reltuples::bigint ELSE -1 END), E'\\n')
            FROM shard w JOIN sums u ON u.shardid = w.shardid
            """
    }
}

extension CitusSize {
    fileprivate mutating func add(_ shard: ShardSize) {
        heapBytes += shard.heap
        indexBytes += shard.index
        toastBytes += shard.toast
        // An empty file has no rows, even if the shard was never analysed.
        let rows = shard.rows >= 0 ? shard.rows : shard.heap == 0 ? 0 : nil
        rowsEstimate = rowsEstimate.flatMap { sum in rows.map { sum + $0 } }
    }
}
