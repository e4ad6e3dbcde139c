internal import Archive
internal import Citus
internal import Logging
internal import PostgresClient

/// Takes the snapshots of all nodes of a cluster at one moment, in sessions that stay open.
///
/// As on a single server, the locks come before the snapshots: first those of the tables on the coordinator, which every
/// change of a table takes first, then those of the shards on each node.
struct ClusterSnapshotTaker: Sendable {
    let taker: SnapshotTaker
    let servers: ClusterServers
    let expected: SnapshotTaker.Expected
    /// The shards of the tables, as they were before the locks.
    let shards: [Shard]
    let logger: Logger

    /// How long the tables stay locked while the locks for the moment are not free. A change of a distributed table may
    /// wait for the tables, and the moment for that change.
    private static let patience = Duration.seconds(3)

    /// nil if no table to back up has shards.
    init?(
        _ taker: SnapshotTaker,
        _ expected: SnapshotTaker.Expected,
        _ logger: Logger,
        _ session: borrowing Session
    ) throws {
        guard try session.hasCitus() else { return nil }
        shards = try session.shards(of: expected.catalog.tables.map(\.oid))
        guard !shards.isEmpty else { return nil }
        servers = ClusterServers(nodes: try session.citusNodes(), coordinator: session.pinnedAddress)
        (self.taker, self.expected, self.logger) = (taker, expected, logger)
    }

    /// Why the shards cannot be read from the nodes; nil if they can.
    ///
    /// - Throws: `CancellationError`.
    func obstacle() async throws -> String? {
        let groups = Set(servers.nodes.map(\.group))
        guard shards.allSatisfy({ $0.source.map(groups.contains) ?? false }) else {
            return "a node that has rows of them is not active"
        }
        return try await servers.obstacle(logger: logger)
    }

    /// The addresses of all nodes but the coordinator.
    var workers: [ServerAddress] { Array(servers.addresses.dropFirst()) }

    /// - Parameters:
    ///   - leader: With the coordinator, after `SnapshotTaker.prepare`.
    ///   - workers: With the other nodes.
    /// - Throws: `BackupError.busy`, `BackupError.changing`, `PostgresError`.
    func take(_ leader: DirectedSession, _ workers: [DirectedSession]) async throws -> ExportedSnapshot {
        let sessions = [leader] + workers
        let lockings = try await sessions.perform { try prepare(onNode: $0, &$1) }
        // From here to the moment no statement may need a snapshot: the first one would be that of the transaction.
        try await leader.perform { try taker.lock(expected, &$0) }
        try await sessions.perform { try lockShards(onNode: $0, lockings[$0], &$1) }
        let names: [String]
        do {
            names = try await ClusterMoment(servers, logger: logger)
                .snapshots(of: sessions, patience: min(Self.patience, taker.lockTimeout))
        } catch let error as CitusError {
            throw BackupError(.busy, error.message, hint: error.hint)
        }
        var snapshot = try await leader.perform { session in
            // In the snapshot, so that no shard has moved between the two, and no node writes that was not locked.
            let isSame =
                try session.shards(of: expected.catalog.tables.map(\.oid)) == shards
                && servers.isMade(of: session.citusNodes())
            guard isSame else {
                throw BackupError(
                    .changing,
                    "shards or nodes were moved, made or dropped while the snapshot was taken",
                    hint: "run the backup while the cluster is not rebalanced"
                )
            }
            return try taker.describe(expected, snapshot: names[0], session)
        }
        let sizes = try await sessions.perform { try shardSizes(onNode: $0, $1) }
        snapshot.cluster = cluster(names, lockings, sizes)
        snapshot.distribution?.moment = .nodes
        snapshot.notes += notes(snapshot, unfinished: try await UnfinishedTransactions.count(sessions))
        return snapshot
    }

    private func shards(onNode index: Int) -> [Shard] {
        let group = servers.nodes[index].group
        return shards.filter { $0.source == group }
    }

    private func prepare(onNode index: Int, _ session: inout Session) throws -> TableLocking {
        try session.openShards()
        if index > 0 {
            try session.pin([("row_security", "off")])
            try session.refuseViews()
            try session.setLockTimeout(taker.lockTimeout)
        }
        let needed = shards(onNode: index).count * (taker.jobs + 1)
        return LockNeed(needed: needed, room: try session.lockRoom()).locking
    }

    private func lockShards(onNode index: Int, _ locking: TableLocking, _ session: inout Session) throws {
        if index > 0 { try session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") }
        if locking == .everyTable { try lock(shards(onNode: index), on: servers.nodes[index], &session) }
    }

    private func lock(_ shards: [Shard], on node: CitusNode, _ session: inout Session) throws {
        for start in stride(from: 0, to: shards.count, by: 500) {
            let names = shards[start..<min(start + 500, shards.count)].map { "ONLY " + session.quoted($0.name) }
            do {
                try session.execute("LOCK TABLE \(names.joined(separator: ", ")) IN ACCESS SHARE MODE")
            } catch let error as PostgresError where error.isLockTrouble {
                throw BackupError(.busy, "shards on \(node.place) are locked by another session", hint: "try again")
            } catch let error as PostgresError where error.sqlState == "42P01" {
                throw BackupError(.changing, "a shard on \(node.place) was dropped while the snapshot was taken")
            } catch let error as PostgresError where error.sqlState == "42501" {
                throw SnapshotTaker.denied(error, session)
            }
        }
    }

    /// The sizes of the node's shards, in their order.
    private func shardSizes(onNode index: Int, _ session: borrowing Session) throws -> [TableSize] {
        let names = shards(onNode: index).map { session.quoted($0.name) }
        guard !names.isEmpty else { return [] }
        return try session.query(
            """
            SELECT coalesce(pg_catalog.pg_relation_size(s.shard), 0) AS rows,
                coalesce(pg_catalog.pg_relation_size(s.shard), 0) / pg_catalog.current_setting('block_size')::bigint AS blocks,
                coalesce(pg_catalog.pg_table_size(s.shard) - pg_catalog.pg_relation_size(s.shard)
                    - pg_catalog.pg_relation_size(s.shard, 'fsm') - pg_catalog.pg_relation_size(s.shard, 'vm'), 0) AS toast
            FROM (SELECT pg_catalog.to_regclass(n.name) AS shard, n.position
                FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS n (name, position)) s
            ORDER BY s.position
            """,
            [QuotedText.array(names)]
        ).map { row in
            let (rows, toast) = (row.int("rows"), row.int("toast"))
            return TableSize(bytes: rows + toast, toastBytes: toast, blocks: row.int("blocks"))
        }
    }

    private func cluster(_ names: [String], _ lockings: [TableLocking], _ sizes: [[TableSize]]) -> ClusterSnapshot {
        let partitioned = Set(expected.catalog.tables.filter(\.isPartitioned).map(\.oid))
        var cluster = ClusterSnapshot(nodes: [], parts: [:])
        for (index, node) in servers.nodes.enumerated() {
            let shards = shards(onNode: index)
            cluster.nodes.append(
                ClusterSnapshot.Node(
                    place: node.place,
                    address: servers.address(node),
                    snapshot: names[index],
                    locking: lockings[index],
                    tables: shards.map(\.name)
                )
            )
            for (shard, size) in zip(shards, sizes[index]) where !partitioned.contains(shard.table) {
                cluster.parts[shard.table, default: []].append(
                    ClusterSnapshot.Part(name: shard.name, node: index, size: size)
                )
            }
        }
        return cluster
    }

    private func notes(_ snapshot: ExportedSnapshot, unfinished: [Int]) -> [String] {
        let distributed = snapshot.distributed.map(\.spelling)
        let nodes = Set(shards.compactMap(\.source)).count
        let waiting = zip(servers.nodes, unfinished).filter { $0.1 > 0 }.map { node, count in
            """
            \(node.place) was without \(counted(count, "transaction")) that \(count == 1 ? "is" : "are") committed elsewhere and \
            \(count == 1 ? "waits" : "wait") there for the end: SELECT recover_prepared_transactions() on every node settles \
            this
            """
        }
        return ["Citus distributes \(distributed.listed()): read from \(counted(nodes, "node")) at one moment"]
            + waiting
    }
}

extension ExportedSnapshot {
    /// All rows are read through the coordinator, for this reason.
    mutating func readThroughCoordinator(because reason: String?) {
        guard !distributed.isEmpty else { return }
        distribution?.moment = .coordinator
        notes.append(
            """
            Citus distributes \(distributed.map(\.spelling).listed()): their rows are not of one moment, because each node is \
            read at a moment of its own\(reason.map { " (\($0))" } ?? "")
            """
        )
    }
}
