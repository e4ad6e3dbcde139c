import Archive
import PostgresClient
import Storage
import TestSupport
import Testing

@testable import Backup
@testable import Citus

/// Two servers whose catalogs say that they are the coordinator and a worker of a cluster. `CitusClusterTests` has a real
/// one.
@Suite struct ClusterTests {
    private static let worker = Task {
        try await ThrowawayServer.start(options: ["max_prepared_transactions": "4"])
    }

    /// The worker has the rows of `accounts`, in two shards whose columns are in another order; the coordinator has one
    /// that only a whole-table COPY there shows.
    private func withNodes(
        host: String? = nil,
        _ body: (_ coordinator: String, _ worker: String, _ folder: ScratchFolder) async throws -> Void
    ) async throws {
        let worker = try await Self.worker.value
        let name = "nodes_\(UInt32.random(in: 0 ... .max))"
        try await ScratchFolder.with { folder in
            try await ThrowawayServer.shared().withDatabase(name) { coordinator in
                try await worker.withDatabase(name) { other in
                    try await psql(
                        coordinator,
                        CitusCatalog.sql()
                            + """
                            CREATE TABLE accounts (id int, half int GENERATED ALWAYS AS (balance / 2) STORED, balance int);
                            INSERT INTO accounts (id, balance) VALUES (0, 7);
                            CREATE TABLE plain (id int); INSERT INTO plain VALUES (1);
                            SELECT create_distributed_table('accounts', 'id', 'none', 2);
                            INSERT INTO pg_dist_shard VALUES ('accounts', 102008), ('accounts', 102009);
                            INSERT INTO pg_dist_placement VALUES (102008, 1, 1), (102009, 1, 1);
                            INSERT INTO pg_dist_node VALUES (1, 0, 'coordinator', 1, 'primary', true),
                                (2, 1, '\(host ?? worker.folder)', 5432, 'primary', true);
                            INSERT INTO pg_dist_local_group VALUES (0);
                            """
                    )
                    let start = try await psql(
                        other,
                        "SELECT (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint"
                    )
                    // What the coordinator hears from the worker.
                    try await psql(
                        coordinator,
                        """
                        CREATE SCHEMA heard; CREATE TABLE heard.answer AS SELECT '\(start)' AS text;
                        SET allow_system_table_mods = on;
                        CREATE FUNCTION pg_catalog.run_command_on_workers(command text, parallel boolean DEFAULT true)
                            RETURNS TABLE (nodename text, nodeport int, success boolean, result text) LANGUAGE sql AS $f$
                            SELECT n.nodename, n.nodeport, true, a.text FROM pg_catalog.pg_dist_node n, heard.answer a
                            WHERE n.groupid <> 0 $f$;
                        """
                    )
                    try await psql(
                        other,
                        CitusCatalog.sql()
                            + """
                            INSERT INTO pg_dist_local_group VALUES (1);
                            CREATE TABLE accounts_102008 (gone int, balance int, id int, half int);
                            ALTER TABLE accounts_102008 DROP COLUMN gone;
                            CREATE TABLE accounts_102009 (LIKE accounts_102008);
                            INSERT INTO accounts_102008 (id, balance) VALUES (1, 10), (2, 20);
                            INSERT INTO accounts_102009 (id, balance) VALUES (3, 30);
                            """
                    )
                    try await body(coordinator, other, folder)
                }
            }
        }
    }

    private func run(_ url: String, _ file: String, _ change: (inout BackupOptions) -> Void = { _ in }) -> BackupRun {
        var options = BackupOptions(output: .file(path: file, overwrite: false))
        // Only Citus's own package has the extension, which a whole database would need.
        options.tables = ["accounts", "plain"]
        change(&options)
        return BackupRun(options, server: ServerAddress(url), logger: quietLogger) { _ in }
    }

    private let strongLocks = """
        SELECT count(*) FROM pg_locks WHERE mode = 'ExclusiveLock' AND locktype = 'relation'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """

    @Test func shardsAreReadFromTheirNodeAtOneMoment() async throws {
        try await withNodes { coordinator, worker, folder in
            let file = folder.file("a.zip")
            let report = try await run(coordinator, file).run()
            #expect(report.notes == ["Citus distributes public.accounts: read from 1 node at one moment"])
            let reader = try ArchiveReader(FileSource(path: file))
            #expect(reader.manifest.distribution?.moment == .nodes)
            let accounts = try #require(reader.manifest.tables.first { $0.name == "accounts" })
            #expect(accounts.rows == 3 && accounts.chunks.count == 1)
            let text = try await runCommand("unzip", ["-p", file, accounts.chunks[0].member]).stdout
            #expect(text == "1\t10\n2\t20\n3\t30\n")
            #expect(try await psql(worker, strongLocks) == "0")
            #expect(try await psql(coordinator, strongLocks) == "0")
        }
    }

    @Test func databasesThatAreReadOnlyByDefaultAreReadAtOneMoment() async throws {
        try await withNodes { coordinator, worker, folder in
            for url in [coordinator, worker] {
                try await psql(
                    url,
                    """
                    DO $$ BEGIN
                        EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
                    END $$
                    """
                )
            }
            let report = try await run(coordinator, folder.file("a.zip")).run()
            #expect(report.notes == ["Citus distributes public.accounts: read from 1 node at one moment"])
        }
    }

    /// The coordinator has only whole tables; a query by blocks would find nothing there.
    @Test func aNodeThatCannotBeReachedIsReadThroughTheCoordinator() async throws {
        try await withNodes(host: "/nowhere") { coordinator, _, folder in
            let file = folder.file("a.zip")
            let report = try await run(coordinator, file) { $0.splitBytes = 1 }.run()
            let note = try #require(report.notes.first { $0.contains("not of one moment") })
            #expect(note.contains("the node /nowhere:5432 cannot be used"))
            let manifest = try ArchiveReader(FileSource(path: file)).manifest
            #expect(manifest.distribution?.moment == .coordinator)
            #expect(manifest.tables.first { $0.name == "accounts" }?.rows == 1)
        }
    }

    @Test func aRoleThatMayNotLockTheCatalogsReadsThroughTheCoordinator() async throws {
        try await withNodes { coordinator, worker, folder in
            let role = "reader_\(UInt32.random(in: 0 ... .max))"
            for url in [coordinator, worker] {
                try await psql(url, "CREATE ROLE \(role) LOGIN; GRANT pg_read_all_data TO \(role)")
            }
            let address = ServerAddress(coordinator).setting("user", to: role)
            let options = run(coordinator, folder.file("a.zip")).options
            let report = try await BackupRun(options, server: address, logger: quietLogger) { _ in }.run()
            #expect(
                report.notes.contains { $0.contains("\(role) may not lock the catalogs of Citus on the coordinator") }
            )
            for url in [coordinator, worker] { try await psql(url, "DROP OWNED BY \(role); DROP ROLE \(role)") }
        }
    }

    @Test func anotherServerAtTheAddressOfANodeIsNoticed() async throws {
        try await withNodes { coordinator, worker, folder in
            try await psql(worker, "UPDATE pg_dist_local_group SET groupid = 2")
            let report = try await run(coordinator, folder.file("a.zip")).run()
            #expect(report.notes.contains { $0.contains("is another node than that of the cluster") })
        }
    }

    /// Another cluster has the same numbers of groups and shards.
    @Test func aServerThatTheCoordinatorDoesNotReachIsNoticed() async throws {
        try await withNodes { coordinator, _, folder in
            try await psql(coordinator, "UPDATE heard.answer SET text = '1'")
            let report = try await run(coordinator, folder.file("a.zip")).run()
            #expect(report.notes.contains { $0.contains("is not the one that the coordinator reaches there") })
            #expect(
                try ArchiveReader(FileSource(path: folder.file("a.zip"))).manifest.distribution?.moment == .coordinator
            )
        }
    }

    @Test func aWorkerIsNotTakenForTheCoordinator() async throws {
        try await withNodes { coordinator, _, folder in
            try await psql(coordinator, "UPDATE pg_dist_local_group SET groupid = 1")
            let report = try await run(coordinator, folder.file("a.zip")).run()
            #expect(report.notes.contains { $0.contains("with a worker instead of the coordinator") })
            #expect(
                try ArchiveReader(FileSource(path: folder.file("a.zip"))).manifest.distribution?.moment == .coordinator
            )
        }
    }

    /// As after a table was distributed when the backup had asked for shards.
    @Test func aTableWithoutKnownShardsIsNotOfOneMoment() async throws {
        try await withNodes { coordinator, _, folder in
            try await psql(coordinator, "DELETE FROM pg_dist_placement; DELETE FROM pg_dist_shard")
            let report = try await run(coordinator, folder.file("a.zip")).run()
            #expect(report.notes.contains { $0.contains("not of one moment") })
            #expect(
                try ArchiveReader(FileSource(path: folder.file("a.zip"))).manifest.distribution?.moment == .coordinator
            )
        }
    }

    /// A writer that does not end its transaction on a node.
    private func whileAWriterHasItsLock(
        on url: String,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withHeldSession(
            ServerAddress(url),
            logger: quietLogger,
            prepare: { try $0.execute("BEGIN; INSERT INTO pg_catalog.pg_dist_transaction VALUES (1, 'x')") },
            while: { try await body() }
        )
    }

    @Test func aLockThatIsNotFreeIsTriedAgainAndNoLockStays() async throws {
        try await withNodes { coordinator, worker, folder in
            let (strongLocks, file) = (strongLocks, folder.file("a.zip"))
            let run = run(coordinator, file) { $0.lockTimeout = .seconds(1) }
            try await whileAWriterHasItsLock(on: worker) {
                let backup = Task { try await run.run() }
                // Writers on other nodes wait for a moment only.
                for _ in 0..<10 {
                    try await psql(
                        coordinator,
                        """
                        SET lock_timeout = '2s'; BEGIN; INSERT INTO pg_dist_transaction VALUES (1, 'y'); ROLLBACK
                        """
                    )
                }
                let error = await #expect(throws: BackupError.self) { try await backup.value }
                #expect(error?.code == .busy)
                #expect(try await psql(coordinator, strongLocks) == "0")
            }
            #expect(folder.names() == [])
            _ = try await run.run()
        }
    }

    @Test func aCancelledBackupLeavesNoLock() async throws {
        try await withNodes { coordinator, worker, folder in
            let (strongLocks, run) = (strongLocks, run(coordinator, folder.file("a.zip")))
            try await whileAWriterHasItsLock(on: worker) {
                let backup = Task { try await run.run() }
                try await eventually { try await psql(coordinator, strongLocks) == "2" }
                backup.cancel()
                await #expect(throws: CancellationError.self) { try await backup.value }
            }
            try await eventually { try await psql(coordinator, strongLocks) == "0" }
            try await eventually { try await psql(worker, strongLocks) == "0" }
            #expect(folder.names() == [])
        }
    }

    /// If the process cannot end them, the server does.
    @Test func locksThatAreHeldTooLongAreGivenUpByTheServer() async throws {
        try await withNodes { coordinator, worker, _ in
            let servers = ClusterServers(
                nodes: [],
                coordinator: ServerAddress(coordinator)
            )
            let strongLocks = strongLocks
            try await withDirectedSessions([ServerAddress(coordinator)], logger: quietLogger) { sessions in
                async let slow: Void = sessions[0].perform { try $0.execute("SELECT pg_catalog.pg_sleep(6)") }
                try await Task.sleep(for: .milliseconds(100))
                let start = ContinuousClock.now
                async let error = #expect(throws: CitusError.self) {
                    try await ClusterMoment(servers, logger: quietLogger)
                        .snapshots(of: sessions, patience: .seconds(10))
                }
                try await Task.sleep(for: .milliseconds(1500))
                // Long before the slow session answers.
                #expect(try await psql(coordinator, strongLocks) == "0")
                #expect(ContinuousClock.now - start < .milliseconds(5800))
                #expect(await error?.message.contains("in time") == true)
                try? await slow
            }
        }
    }

    /// Three answers of this node, for the lock, the snapshot and the end, take longer than writers wait elsewhere.
    @Test func aFarNodeIsGivenTheTimeOfItsAnswers() async throws {
        let proxy = try FaultProxy(before: try await Self.worker.value)
        defer { proxy.close() }
        try await withNodes { coordinator, worker, _ in
            proxy.delay(by: .milliseconds(250))
            let servers = ClusterServers(
                nodes: [CitusNode(id: 2, group: 1, host: "127.0.0.1", port: proxy.port)],
                coordinator: ServerAddress(coordinator).setting("sslmode", to: "disable")
                    .setting("gssencmode", to: "disable")
            )
            try await withDirectedSessions(servers.addresses, logger: quietLogger) { sessions in
                try await sessions.perform { try $1.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") }
                let names = try await ClusterMoment(servers, logger: quietLogger)
                    .snapshots(of: sessions, patience: .zero)
                #expect(names.count == 2)
            }
        }
    }

    /// As docs/citus.md says.
    @Test(arguments: [(0, 300, 500), (20, 340, 600), (500, 1300, 3000), (2000, 1300, 3000)])
    func theTimesOfAnAttemptGrowWithTheAnswers(answer: Int, waiting: Int, holding: Int) {
        let limits = ClusterMoment.Limits(answer: .milliseconds(answer))
        #expect(limits.waiting == .milliseconds(waiting))
        #expect(limits.holding == .milliseconds(holding))
    }

    /// A node that has joined writes without a lock.
    @Test(arguments: [
        "UPDATE pg_dist_placement SET groupid = 0 WHERE shardid = 102009",
        "INSERT INTO pg_dist_node VALUES (3, 2, 'elsewhere', 5432, 'primary', true)",
    ])
    func aClusterThatChangesBeforeTheMomentBeginsTheBackupAgain(change: String) async throws {
        try await withNodes { coordinator, worker, folder in
            let run = run(coordinator, folder.file("a.zip"))
            let (taker, address) = (run.snapshotTaker, ServerAddress(coordinator))
            try await withDirectedSessions([address], logger: quietLogger) { leaders in
                let cluster = try await leaders[0].perform { session in
                    try ClusterSnapshotTaker(taker, try taker.prepare(&session), quietLogger, session)
                }
                let known = try #require(cluster)
                try await psql(coordinator, change)
                let error = await #expect(throws: BackupError.self) {
                    try await withDirectedSessions(known.workers, logger: quietLogger) { workers in
                        _ = try await known.take(leaders[0], workers)
                    }
                }
                #expect(error?.code == .changing)
            }
        }
    }

    @Test func transactionsThatANodeDoesNotKnowToBeCommittedAreCounted() async throws {
        try await withNodes { coordinator, worker, folder in
            try await psql(
                worker,
                """
                BEGIN; UPDATE accounts_102008 SET balance = 0; PREPARE TRANSACTION 'citus_0_1_2_3';
                BEGIN; UPDATE accounts_102009 SET balance = 0; PREPARE TRANSACTION 'citus_0_1_2_4';
                """
            )
            try await psql(coordinator, "INSERT INTO pg_dist_transaction VALUES (1, 'citus_0_1_2_3')")
            let report = try await run(coordinator, folder.file("a.zip")).run()
            try await psql(worker, "ROLLBACK PREPARED 'citus_0_1_2_3'; ROLLBACK PREPARED 'citus_0_1_2_4'")
            let note = try #require(report.notes.first { $0.contains("recover_prepared_transactions") })
            #expect(note.contains("was without 1 transaction that is committed elsewhere"))
        }
    }

    @Test func manyShardsAreLockedOnlyWhileTheyAreRead() async throws {
        try await withNodes { coordinator, worker, folder in
            let (address, taker) = (ServerAddress(coordinator), run(coordinator, folder.file("a.zip")).snapshotTaker)
            try await withDirectedSessions([address], logger: quietLogger) { leaders in
                let cluster = try await leaders[0].perform { session in
                    try ClusterSnapshotTaker(taker, try taker.prepare(&session), quietLogger, session)
                }
                let known = try #require(cluster)
                try await withDirectedSessions(known.workers, logger: quietLogger) { workers in
                    var snapshot = try await known.take(leaders[0], workers)
                    snapshot.cluster?.nodes[1].locking = .oneByOne
                    let taken = snapshot
                    let entry = taken.catalog.tables[0]
                    let shard = try #require(taken.cluster?.parts[entry.oid]?.first?.name)
                    try await withSession(taken.address(ofNode: 1), logger: quietLogger) { session in
                        try TableDump.join(taken, node: 1, &session)
                        let rows = try TableDump.locking(entry, shard: shard, onNode: 1, taken, &session) { session in
                            try session.query("SELECT count(*) AS rows FROM \(session.quoted(shard))")[0].int("rows")
                        }
                        #expect(rows == 2)
                        let locks = """
                            SELECT count(*) AS locks FROM pg_catalog.pg_locks
                            WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND relation >= 16384
                            """
                        #expect(try session.query(locks)[0].int("locks") == 0)
                    }
                }
            }
        }
    }
}
