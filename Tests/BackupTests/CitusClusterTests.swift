import Archive
import Citus
import PostgresClient
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Backup

/// Backups of a real cluster.
@Suite(.enabled(if: CitusCluster.isAvailable, "\(CitusCluster.absence)"), .serialized)
struct CitusClusterTests {
    private func archive(
        _ server: ServerAddress,
        _ file: String,
        _ change: (inout BackupOptions) -> Void = { _ in }
    ) async throws -> BackupReport {
        var options = BackupOptions(output: .file(path: file, overwrite: true))
        change(&options)
        return try await BackupRun(options, server: server, logger: quietLogger) { _ in }.run()
    }

    /// A role that may read everything and lock no catalog, so that all is read through the coordinator.
    private func withReader<R>(
        _ nodes: [ServerAddress],
        _ body: (ServerAddress) async throws -> R
    ) async throws -> R {
        let role = "granary_reader_\(UInt32.random(in: 0 ... .max))"
        try await CitusCluster.run("CREATE ROLE \(role) LOGIN", nodes[0])
        // Citus creates roles on all nodes, and grants them the server's own roles on none of the workers.
        let grant = "SET citus.enable_ddl_propagation TO off;\nGRANT pg_read_all_data TO \(role)"
        for node in nodes { try await CitusCluster.run(grant, node) }
        let result: Result<R, any Error>
        do {
            result = .success(try await body(nodes[0].setting("user", to: role)))
        } catch {
            result = .failure(error)
        }
        try await CitusCluster.run("DROP ROLE \(role)", nodes[0])
        return try result.get()
    }

    // MARK: One moment

    private static let total = 20_000 * 1000
    private static let bank = """
        CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);
        SELECT create_distributed_table('accounts', 'id', shard_count => 8);
        INSERT INTO accounts SELECT i, 1000 FROM generate_series(1, 20000) i
        """

    /// Four writers that move money between shards, each transfer a transaction on two nodes.
    private func whileWritersTransfer<R: Sendable>(
        _ coordinator: ServerAddress,
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> (R, transfers: Int) {
        let bank = Bank()
        return try await withThrowingTaskGroup(of: R?.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    try await withSession(coordinator, logger: quietLogger) { session in
                        var random = SeededRandom(seed: UInt64(writer))
                        while !bank.isClosed.load(ordering: .relaxed) {
                            let pair = [
                                Int.random(in: 1...20000, using: &random), .random(in: 1...20000, using: &random),
                            ]
                            let amount = Int.random(in: 1...100, using: &random)
                            try session.execute(
                                """
                                BEGIN;
                                UPDATE public.accounts SET balance = balance - \(amount) WHERE id = \(pair.min()!);
                                UPDATE public.accounts SET balance = balance + \(amount) WHERE id = \(pair.max()!);
                                COMMIT
                                """
                            )
                            bank.transfers.add(1, ordering: .relaxed)
                        }
                    }
                    return nil
                }
            }
            group.addTask {
                defer { bank.isClosed.store(true, ordering: .relaxed) }
                return try await body()
            }
            var result: R?
            for try await outcome in group { result = outcome ?? result }
            return (result!, bank.transfers.load(ordering: .relaxed))
        }
    }

    private func balance(in file: String) async throws -> Int {
        let rows = try await runCommand("unzip", ["-p", file, "data/*-accounts/*"]).stdout
        return rows.split(separator: "\n").reduce(0) { sum, row in
            sum + (row.split(separator: "\t").last.flatMap { Int($0) } ?? 0)
        }
    }

    /// How many of `count` backups have another sum than the bank.
    private func wrongBackups(_ count: Int, of server: ServerAddress, in folder: ScratchFolder) async throws -> Int {
        var wrong = 0
        for _ in 0..<count {
            _ = try await archive(server, folder.file("bank.zip")) { $0.tables = ["accounts"] }
            if try await balance(in: folder.file("bank.zip")) != Self.total { wrong += 1 }
        }
        return wrong
    }

    @Test func allNodesAreReadAtOneMoment() async throws {
        try await CitusCluster.withNodes(Self.bank) { nodes in
            try await ScratchFolder.with { folder in
                let (wrong, transfers) = try await whileWritersTransfer(nodes[0]) {
                    try await wrongBackups(isLongRun ? 30 : 6, of: nodes[0], in: folder)
                }
                #expect(wrong == 0)
                #expect(transfers > 100)
            }
        }
    }

    /// Shows that the test above would notice it.
    @Test func throughTheCoordinatorTheRowsAreNotOfOneMoment() async throws {
        try await CitusCluster.withNodes(Self.bank) { nodes in
            try await ScratchFolder.with { folder in
                try await withReader(nodes) { reader in
                    let (wrong, _) = try await whileWritersTransfer(nodes[0]) {
                        var wrong = 0
                        for _ in 0..<30 where wrong == 0 {
                            wrong += try await wrongBackups(1, of: reader, in: folder)
                        }
                        return wrong
                    }
                    #expect(wrong > 0)
                    let manifest = try ArchiveReader(FileSource(path: folder.file("bank.zip"))).manifest
                    #expect(manifest.distribution?.moment == .coordinator)
                }
            }
        }
    }

    // MARK: Every kind of table

    private static let shop = """
        CREATE SCHEMA "My Shop";
        CREATE SCHEMA tenant;
        CREATE TABLE countries (code text PRIMARY KEY, gone int, name text);
        SELECT create_reference_table('countries');
        ALTER TABLE countries DROP COLUMN gone;
        INSERT INTO countries VALUES ('DE', 'Germany'), ('CH', E'Swit\\\\zer\\tland');
        CREATE TABLE "My Shop"."Orders, all of the customers, with a name that is much too long" (
            id int, gone text, total int, twice int GENERATED ALWAYS AS (total * 2) STORED, note text);
        SELECT create_distributed_table('"My Shop"."Orders, all of the customers, with a name that is much too long"', 'id');
        ALTER TABLE "My Shop"."Orders, all of the customers, with a name that is much too long" DROP COLUMN gone;
        ALTER TABLE "My Shop"."Orders, all of the customers, with a name that is much too long" ADD COLUMN late int DEFAULT 5;
        INSERT INTO "My Shop"."Orders, all of the customers, with a name that is much too long" (id, total, note)
            SELECT i, i, repeat('x', i % 3000) FROM generate_series(1, 3000) i;
        CREATE TABLE events (tenant int, at date) PARTITION BY RANGE (at);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
        CREATE TABLE events_2 PARTITION OF events DEFAULT;
        SELECT create_distributed_table('events', 'tenant', shard_count => 4);
        INSERT INTO events SELECT i, date '2020-12-01' + i FROM generate_series(1, 100) i;
        CREATE TABLE settings (key text PRIMARY KEY);
        SELECT citus_add_local_table_to_metadata('settings');
        INSERT INTO settings VALUES ('a');
        CREATE TABLE single (id int);
        SELECT create_distributed_table('single', NULL, colocate_with => 'none');
        INSERT INTO single VALUES (1), (2);
        CREATE TABLE tenant.users (id int);
        SELECT citus_schema_distribute('tenant');
        INSERT INTO tenant.users VALUES (7);
        CREATE TABLE plain (id int);
        INSERT INTO plain VALUES (3)
        """

    /// Without writers both ways read the same.
    @Test func theNodesHaveWhatTheCoordinatorShows() async throws {
        try await CitusCluster.withNodes(Self.shop) { nodes in
            try await ScratchFolder.with { folder in
                let report = try await archive(nodes[0], folder.file("nodes.zip")) { $0.splitBytes = 1 << 20 }
                #expect(report.notes.contains { $0.contains("read from 3 nodes at one moment") })
                try await withReader(nodes) { reader in
                    _ = try await archive(reader, folder.file("coordinator.zip"))
                }
                let found = try ["nodes.zip", "coordinator.zip"].map {
                    try ArchiveReader(FileSource(path: folder.file($0))).manifest
                }
                func content(_ manifest: Manifest) -> [String] {
                    manifest.tables.map { "\($0.schema).\($0.name) \($0.rows) \($0.digest)" }
                }
                #expect(content(found[0]) == content(found[1]))
                #expect(found[0].tables.reduce(0) { $0 + $1.rows } == 3107)
                #expect(found.map { $0.distribution?.moment } == [.nodes, .coordinator])
            }
        }
    }

    @Test func shardsThatMoveDuringABackupChangeNothing() async throws {
        try await CitusCluster.withNodes(Self.bank) { nodes in
            try await ScratchFolder.with { folder in
                let mover = Task {
                    for round in 0..<4 {
                        try await CitusCluster.run(
                            """
                            SELECT citus_move_shard_placement(p.shardid, w.nodename, w.nodeport, o.nodename, o.nodeport,
                                'block_writes')
                            FROM pg_dist_placement p JOIN pg_dist_node w ON w.groupid = p.groupid AND w.groupid <> 0
                            JOIN pg_dist_node o ON o.groupid NOT IN (0, w.groupid) ORDER BY p.shardid
                            OFFSET \(round) LIMIT 1
                            """,
                            nodes[0]
                        )
                    }
                }
                for _ in 0..<4 {
                    _ = try await archive(nodes[0], folder.file("bank.zip"))
                    #expect(try await balance(in: folder.file("bank.zip")) == Self.total)
                }
                try await mover.value
                _ = try await archive(nodes[0], folder.file("bank.zip"))
                #expect(try await balance(in: folder.file("bank.zip")) == Self.total)
            }
        }
    }
}

private final class Bank: Sendable {
    let transfers = Atomic(0)
    let isClosed = Atomic(false)
}
