import Archive
import TestSupport
import Testing

@testable import Backup
@testable import PostgresClient

/// Locks on more tables than the server's lock table can hold.
@Suite struct LockTests {
    private func need(_ needed: Int, promised: Int, perTransaction: Int) -> LockNeed {
        LockNeed(
            needed: needed,
            room: LockRoom(perTransaction: perTransaction, promised: promised, total: promised)
        )
    }

    @Test(arguments: [(tables: 800, locking: TableLocking.everyTable), (801, .oneByOne)])
    func halfOfThePromisedLocksAreTaken(_ found: (tables: Int, locking: TableLocking)) {
        // The default settings and four sessions: two workers, the leader and pg_dump.
        let need = self.need(found.tables * 4, promised: 6400, perTransaction: 64)
        #expect(need.locking == found.locking)
        #expect((need.note(tables: found.tables) == nil) == (found.locking == .everyTable))
    }

    @Test func theNoteNamesASufficientSetting() throws {
        let need = self.need(10_001 * 4, promised: 6400, perTransaction: 64)
        let note = try #require(need.note(tables: 10_001))
        #expect(note.contains("promises 6400 locks and 10001 tables would need 80008"))
        #expect(note.contains("max_locks_per_transaction = 801 "))
        #expect(self.need(10_001 * 4, promised: 80_100, perTransaction: 801).locking == .everyTable)
        #expect(self.need(10_001 * 4, promised: 80_000, perTransaction: 800).locking == .oneByOne)
    }

    @Test func aWorkerGivesBackTheLocksOfWhatItHasRead() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withDatabase { url in
            try await psql(
                url,
                """
                CREATE TABLE p (a int PRIMARY KEY, s serial) PARTITION BY RANGE (a);
                DO $$ BEGIN FOR n IN 1..20 LOOP
                    EXECUTE format('CREATE TABLE p%s PARTITION OF p FOR VALUES FROM (%s) TO (%s)', n, n, n + 1);
                END LOOP; END $$;
                INSERT INTO p SELECT generate_series(1, 20)
                """
            )
            let address = ServerAddress(url)
            let taker = BackupRun(BackupOptions(output: .pipe(descriptor: 1)), server: address, logger: quietLogger) {
                _ in
            }
            .snapshotTaker
            try await withHeldSession(
                address,
                logger: quietLogger,
                prepare: { try taker.take(&$0) },
                while: { snapshot in
                    var snapshot = snapshot
                    #expect(snapshot.locking == .everyTable)
                    snapshot.locking = .oneByOne
                    let taken = snapshot
                    let (rows, most, after) = try await withSession(address, logger: quietLogger) { session in
                        try TableDump.join(taken, &session)
                        var (rows, most) = (0, 0)
                        for entry in taken.catalog.tables where !entry.isPartitioned {
                            try TableDump.locking(entry, taken, &session) { session in
                                let count = "SELECT count(*) AS rows FROM ONLY \(session.quoted(entry.table))"
                                rows += try session.query(count)[0].int("rows")
                                most = max(most, try Self.locks(session))
                            }
                        }
                        return (rows, most, try Self.locks(session))
                    }
                    #expect(rows == 20)
                    #expect((1...2).contains(most))
                    #expect(after == 0)
                }
            )
        }
    }

    /// The leader of the backup reads the sequences.
    @Test func theLeaderKeepsNoLockOnSequences() async throws {
        let server = try await ThrowawayServer.shared()
        try await server.withDatabase { url in
            try await psql(url, "CREATE SEQUENCE a; CREATE SEQUENCE b; SELECT nextval('b')")
            let (values, locks) = try await withSession(ServerAddress(url), logger: quietLogger) { session in
                try session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                let catalog = try BackupCatalog.read(session, CatalogScope(schemas: [], tables: []))
                let values = try CatalogDetails.values(of: catalog.sequences, session)
                return (values.map { "\($0.name) \($0.lastValue) \($0.isCalled)" }, try Self.locks(session))
            }
            #expect(values == ["a 1 false", "b 1 true"])
            #expect(locks == 0)
        }
    }

    /// The session's locks on tables, indexes and sequences outside of the catalog.
    private static func locks(_ session: borrowing Session) throws -> Int {
        try session.query(
            """
            SELECT count(*) AS locks FROM pg_catalog.pg_locks
            WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND relation >= 16384
            """
        )[0].int("locks")
    }
}
