import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// Other sessions change the database during a backup.
@Suite(.serialized)
struct ConcurrencyTests {
    /// Writers move amounts between tables. The sum is the same in every snapshot.
    @Test func aSumAcrossTablesIsRightWhileWritersMoveIt() async throws {
        try await withDatabase(
            """
            CREATE TABLE a (id integer PRIMARY KEY, v bigint); CREATE TABLE b (id integer PRIMARY KEY, v bigint);
            CREATE TABLE padding AS SELECT n, repeat('x', 500) AS v FROM generate_series(1, 5000) n;
            INSERT INTO a SELECT n, 1000 FROM generate_series(1, 1000) n; INSERT INTO b SELECT n, 0 FROM generate_series(1, 1000) n;
            """
        ) { server, url, folder in
            let move = """
                DO $$ BEGIN FOR i IN 1..3000 LOOP
                    UPDATE a SET v = v - 7 WHERE id = 1000 - (i % 1000);
                    UPDATE b SET v = v + 7 WHERE id = 1 + (i % 1000);
                    IF NOT FOUND THEN RAISE 'lost'; END IF;
                    COMMIT;
                END LOOP; END $$
                """
            let writers = Task {
                while !Task.isCancelled { try await psql(url, move) }
            }
            var states: Set<String> = []
            for round in 1...3 {
                let file = folder.file("\(round).zip")
                try await backup(url, to: file) {
                    $0.splitBytes = 16 << 10
                    $0.chunkBytes = 8 << 10
                }
                try await server.withName { name in
                    try await restore(file, url) { $0.into = name }
                    let sum = try await psql(
                        server.url(database: name),
                        "SELECT (SELECT sum(v) FROM a) + (SELECT sum(v) FROM b), (SELECT count(*) FROM padding)"
                    )
                    #expect(sum == "1000000|5000")
                    states.insert(try await psql(server.url(database: name), "SELECT sum(v) FROM a"))
                }
            }
            #expect(states.count == 3, "nothing was moved meanwhile")
            writers.cancel()
            _ = await writers.result
        }
    }

    /// Another session repeatedly empties and fills a table, or alters it. The backup has a complete state, or says
    /// that the table is busy.
    @Test func aTableThatIsRewrittenMeanwhileIsNeverHalf() async throws {
        try await withDatabase(
            """
            CREATE TABLE t (id integer, generation integer); INSERT INTO t SELECT n, 0 FROM generate_series(1, 5000) n;
            CREATE TABLE u (id integer); INSERT INTO u SELECT generate_series(1, 5000);
            """
        ) { server, url, folder in
            let rewriter = Task {
                var generation = 0
                while !Task.isCancelled {
                    generation += 1
                    try await psql(
                        url,
                        """
                        BEGIN; TRUNCATE t; INSERT INTO t SELECT n, \(generation) FROM generate_series(1, 5000) n; COMMIT;
                        ALTER TABLE u ALTER id TYPE \(generation % 2 == 0 ? "integer" : "bigint");
                        SELECT pg_sleep(3);
                        """
                    )
                }
            }
            var successes = 0
            for round in 1...6 {
                do {
                    try await backup(url, to: folder.file("\(round).zip")) { $0.lockTimeout = .seconds(20) }
                    successes += 1
                    let tables = try manifest(of: folder.file("\(round).zip")).tables
                    #expect(tables.map(\.rows) == [5000, 5000])
                    try await server.withName { name in
                        try await restore(folder.file("\(round).zip"), url) { $0.into = name }
                        #expect(
                            try await psql(
                                server.url(database: name),
                                "SELECT count(*), count(DISTINCT generation) FROM t"
                            )
                                == "5000|1"
                        )
                    }
                } catch let error as BackupError {
                    #expect(error.code == .busy || error.code == .changing, "\(error)")
                }
            }
            rewriter.cancel()
            _ = await rewriter.result
            #expect(successes > 0)
        }
    }

    /// If a TRUNCATE committed while the leader waits for its locks, the table would look empty, without an error.
    @Test func aTruncateThatIsCommittedWhileTheBackupWaitsCountsAsAWhole() async throws {
        try await withDatabase("CREATE TABLE t (id integer); INSERT INTO t SELECT generate_series(1, 1000)") {
            server,
            url,
            folder in
            let other = Task {
                try await psql(
                    url,
                    """
                    BEGIN; TRUNCATE t; INSERT INTO t VALUES (1);
                    DO $$ BEGIN
                        FOR round IN 1..1200 LOOP
                            EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE relation = 't'::regclass AND NOT granted);
                            PERFORM pg_sleep(0.05);
                        END LOOP;
                    END $$;
                    COMMIT
                    """
                )
            }
            try await waitUntil(
                url,
                "EXISTS (SELECT FROM pg_locks WHERE relation = 't'::regclass AND mode = 'AccessExclusiveLock')"
            )
            let report = try await backup(url, to: folder.file("a.zip")) { $0.lockTimeout = .seconds(60) }
            #expect(report.rows == 1)
            _ = try await other.value
        }
    }

    /// Another session keeps a table locked for longer than the backup waits.
    @Test func aTableThatStaysLockedIsNamedWithWhoHoldsIt() async throws {
        try await withDatabase("CREATE TABLE held (id integer)") { server, url, folder in
            let holder = Task { try await psql(url, "BEGIN; LOCK TABLE held; SELECT pg_sleep(600)") }
            try await waitUntil(url, "EXISTS (SELECT FROM pg_locks WHERE relation = 'held'::regclass AND granted)")
            let start = ContinuousClock.now
            do {
                try await backup(url, to: folder.file("a.zip")) { $0.lockTimeout = .milliseconds(500) }
                Issue.record("it was backed up")
            } catch let error as BackupError {
                #expect(error.code == .busy)
                #expect(error.message.contains("held"))
                #expect(error.hint?.contains("pg_terminate_backend") == true)
            }
            #expect(.now - start < .seconds(300))
            #expect(folder.names() == [])
            try await psql(
                url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid() AND datname = current_database()"
            )
            _ = await holder.result
        }
    }

    /// An ALTER TABLE waits for the leader's lock. The workers and pg_dump would wait behind it.
    @Test func aQueuedAlterTableDoesNotHangTheBackup() async throws {
        try await withDatabase(
            """
            CREATE TABLE big (id integer, v text);
            INSERT INTO big SELECT n, repeat(md5(n::text), 30) FROM generate_series(1, 60000) n;
            CREATE TABLE small (id integer); INSERT INTO small VALUES (1);
            """
        ) { server, url, folder in
            let altering = Task {
                for round in 0..<20 {
                    try await psql(
                        url,
                        "ALTER TABLE small ADD COLUMN IF NOT EXISTS c\(round) integer; ALTER TABLE big ADD COLUMN IF NOT EXISTS c\(round) integer"
                    )
                    try await Task.sleep(for: .milliseconds(30))
                }
            }
            let start = ContinuousClock.now
            for round in 1...3 {
                do {
                    let report = try await backup(url, to: folder.file("\(round).zip")) {
                        $0.lockTimeout = .seconds(2)
                        $0.splitBytes = 1 << 20
                    }
                    #expect(report.rows == 60001)
                } catch let error as BackupError {
                    #expect(error.code == .busy || error.code == .changing, "\(error)")
                }
            }
            #expect(.now - start < .seconds(90))
            _ = try await altering.value
            #expect(try await backup(url, to: folder.file("last.zip")).rows == 60001)
        }
    }
}
