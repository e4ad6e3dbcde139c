import Archive
import DumpArchives
import PostgresClient
import Storage
import TestSupport
import Testing

@testable import Restore

/// Restores of pg_dump's archives.
@Suite struct PgDumpArchiveTests {
    enum Form: String, CaseIterable {
        case custom
        case piped
        case directory
        case tar

        func dump(_ url: String, to path: String, _ options: String = "") async -> Bool {
            let format = self == .piped ? "custom" : rawValue
            let output = self == .piped ? "| cat > '\(path)'" : "--file='\(path)'"
            return await longShell("pg_dump --format=\(format) \(options) --dbname='\(url)' \(output)").status == 0
        }
    }

    /// Lends a source that holds `sql`, its dump, and the URL of an empty target.
    private func withDump(
        _ form: Form = .custom,
        _ options: String = "",
        of sql: String = TrickyDatabase.sql,
        on server: ThrowawayServer? = nil,
        _ body: (_ dump: String, _ source: String, _ target: String, _ server: ThrowawayServer) async throws -> Void
    ) async throws {
        try await withDatabase(sql, on: server) { server, source, folder in
            let path = folder.file("a.dump")
            #expect(await form.dump(source, to: path, options))
            try await server.withDatabase { target in try await body(path, source, target, server) }
        }
    }

    @Test(arguments: Form.allCases)
    func aDumpComesBackEqual(form: Form) async throws {
        try await withDump(form) { dump, source, target, _ in
            let report = try await restore(dump, target) {
                $0.dropOld = true
                $0.jobs = 3
            }
            #expect(try await TrickyDatabase.dump(target) == TrickyDatabase.dump(source))
            #expect(report.rows == TrickyDatabase.rows)
            #expect(report.tables == TrickyDatabase.tables)
            #expect(report.swapped)
        }
    }

    @Test(arguments: [
        "--inserts", "--inserts --rows-per-insert=3", "--load-via-partition-root", "--compress=0",
    ])
    func rowsInAnotherFormComeBackEqual(options: String) async throws {
        try await withDump(.custom, options) { dump, source, target, _ in
            _ = try await restore(dump, target) { $0.dropOld = true }
            try await #expect(TrickyDatabase.dump(target) == TrickyDatabase.dump(source))
        }
    }

    /// When they are restored, rows of one partition belong to another, and their statements name the root.
    @Test func rowsThatARootSendsToAnotherPartitionAreKept() async throws {
        let sql = """
            CREATE FUNCTION place(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
            CREATE TABLE t (a int, pad text) PARTITION BY RANGE (public.place(a));
            CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (20);
            CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (20) TO (40);
            INSERT INTO t SELECT i, repeat('x', 1000000) FROM generate_series(9, 28) i;
            CREATE OR REPLACE FUNCTION place(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN 30; END';
            """
        let options = "--inserts --load-via-partition-root --compress=0"
        try await withDump(.custom, options, of: sql) { dump, _, target, _ in
            // The larger partition is loaded first, so that its rows are in the smaller one when that is loaded.
            let report = try await restore(dump, target) { ($0.dropOld, $0.jobs) = (true, 1) }
            #expect(report.rows == 20)
            try await #expect(psql(target, "SELECT count(*), count(DISTINCT a) FROM t2") == "20|20")
        }
    }

    @Test func insertsMeanTheSameUnderTheSettingsOfTheTarget() async throws {
        let sql = #"CREATE TABLE t (a text); INSERT INTO t VALUES ('a\nb'), ('\'), (E'it\'s')"#
        try await withDump(.custom, "--inserts", of: sql) { dump, source, target, _ in
            try await psql(target, "ALTER DATABASE :\"DBNAME\" SET standard_conforming_strings = off")
            try await restore(dump, target) { $0.dropOld = true }
            let query = "SELECT string_agg(a, ',' ORDER BY a COLLATE \"C\") FROM t"
            try await #expect(psql(target, query) == psql(source, query))
        }
    }

    /// The generated column shows the setting under which the server reads the rows.
    @Test func moneyIsReadInTheFormatOfTheDatabase() async throws {
        let sql = """
            CREATE FUNCTION place() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT current_setting('lc_monetary') $$;
            CREATE TABLE t (a money, place text GENERATED ALWAYS AS (place()) STORED); INSERT INTO t VALUES (1);
            """
        try await withDump(of: sql) { dump, _, target, _ in
            try await psql(target, "ALTER DATABASE :\"DBNAME\" SET lc_monetary = 'POSIX'")
            try await restore(dump, target) { $0.dropOld = true }
            try await #expect(psql(target, "SELECT place FROM t") == "POSIX")
        }
    }

    @Test func anOrdinaryRoleRestoresPrivilegesOfLargeObjects() async throws {
        let sql =
            "SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC; REVOKE ALL ON LARGE OBJECT 4711 FROM CURRENT_USER"
        try await withDump(of: sql) { dump, _, target, server in
            let role = "granary_lo_\(UInt32.random(in: 0 ... .max))"
            try await server.execute("CREATE ROLE \(role) LOGIN CREATEDB")
            try await server.withName { name in
                let mine = target.replacing("user=\(ThrowawayServer.superuser)", with: "user=\(role)")
                try await restore(dump, mine) { ($0.into, $0.noOwner) = (name, true) }
                let query = "SELECT lomacl::text LIKE '%=r/%' FROM pg_largeobject_metadata WHERE oid = 4711"
                try await #expect(psql(server.url(database: name), query) == "t")
            }
            try await server.execute("DROP ROLE \(role)")
        }
    }

    @Test func everythingComesBack() async throws {
        let server = try await Torture.sharedServer()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                try await Torture.fill(url)
                let original = try await DatabasePortrait.of(url)
                #expect(await Form.custom.dump(url, to: folder.file("a.dump")))
                try await server.withName { copy in
                    try await restore(folder.file("a.dump"), url) {
                        $0.into = copy
                        $0.jobs = 4
                    }
                    expectSame(try await .of(server.url(database: copy)), original)
                }
                try await restore(folder.file("a.dump"), url) { $0.inPlace = true }
                expectSame(try await .of(url), original)
            }
        }
    }

    private static let shop = """
        CREATE SCHEMA shop; CREATE SCHEMA other;
        CREATE TABLE shop.customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, born timestamp(3) with time zone);
        CREATE TABLE shop.orders (id serial, customer bigint REFERENCES shop.customers, PRIMARY KEY (id) INCLUDE (customer));
        CREATE TABLE other.notes (note text);
        INSERT INTO shop.customers (born) SELECT now() FROM generate_series(1, 10);
        INSERT INTO shop.orders (customer) SELECT 1 + i % 10 FROM generate_series(1, 100) i;
        INSERT INTO other.notes VALUES ('there');
        """

    @Test(
        arguments: [
            ("", [], []), ("--table=shop.orders", [], ["shop.orders"]), ("--schema=public", ["public"], []),
            ("--exclude-schema=shop", [], []),
        ] as [(String, [String], [String])]
    )
    func thePartThatPgDumpChoseIsKnown(options: String, schemas: [String], tables: [String]) async throws {
        try await withDump(.custom, options, of: Self.shop) { dump, source, _, server in
            let scope = try DumpedManifest(DumpArchive(path: dump)).manifest.scope
            #expect(scope == Manifest.Scope(schemas: schemas, tables: tables))
            guard !tables.isEmpty else {
                // A new database has a schema `public` already.
                return try await server.withName { copy in _ = try await restore(dump, source) { $0.into = copy } }
            }
            let error = await failure { try await restore(dump, source) { $0.inPlace = true } }
            #expect(error?.message == "the archive holds single tables")
            try await #expect(psql(source, "SELECT count(*) FROM other.notes") == "1")
        }
    }

    @Test func aSchemaComesBackAloneAndTheOthersStay() async throws {
        try await withDump(of: Self.shop) { dump, _, target, _ in
            try await psql(target, "CREATE TABLE public.mine (a int); INSERT INTO mine VALUES (1)")
            let report = try await restore(dump, target) { $0.schemas = ["shop"] }
            #expect(report.rows == 110)
            #expect(try await psql(target, "SELECT count(*) FROM shop.orders") == "100")
            #expect(try await psql(target, "SELECT a, to_regclass('other.notes') FROM public.mine") == "1|")
            #expect(try await psql(target, "SELECT nextval('shop.orders_id_seq')") == "101")
        }
    }

    @Test(arguments: [Form.piped, .directory]) func aTableComesBackWithItsRowsAndTheOthersStay(form: Form) async throws
    {
        try await withDump(form, of: Self.shop) { dump, source, _, _ in
            try await psql(source, "DROP TABLE shop.orders; DELETE FROM other.notes")
            let report = try await restore(dump, source) { $0.tables = [.init(table: "orders")] }
            #expect((report.rows, report.tables) == (100, 1))
            try await #expect(psql(source, "SELECT count(*), sum(customer) FROM shop.orders") == "100|550")
            try await #expect(psql(source, "SELECT nextval('shop.orders_id_seq')") == "101")
            let keys =
                "SELECT count(*) FROM pg_constraint WHERE conrelid = 'shop.orders'::regclass AND contype IN ('p', 'f')"
            try await #expect(psql(source, keys) == "2")
            try await #expect(psql(source, "SELECT count(*) FROM other.notes") == "0")
        }
    }

    @Test func whatIsExcludedIsNotThereAndWhatIsExcludedOfDataIsEmpty() async throws {
        try await withDump(of: Self.shop) { dump, source, _, server in
            try await server.withName { copy in
                let report = try await restore(dump, source) {
                    $0.into = copy
                    $0.excludedTables = ["orders"]
                    $0.tablesWithoutData = ["other.*"]
                }
                #expect(report.rows == 10)
                let found =
                    "SELECT to_regclass('shop.orders'), to_regclass('other.notes'), count(*) FROM shop.customers"
                try await #expect(psql(server.url(database: copy), found) == "|other.notes|10")
                try await #expect(psql(server.url(database: copy), "SELECT count(*) FROM other.notes") == "0")
            }
            try await server.withName { copy in
                _ = try await restore(dump, source) { ($0.into, $0.excludedSchemas) = (copy, ["shop"]) }
                let found = "SELECT to_regclass('shop.customers'), note FROM other.notes"
                try await #expect(psql(server.url(database: copy), found) == "|there")
            }
        }
    }

    @Test func theRowsOfOneSchemaComeBackAlone() async throws {
        try await withDump(.tar, of: Self.shop) { dump, source, _, _ in
            try await psql(
                source,
                "DELETE FROM shop.orders; UPDATE other.notes SET note = 'changed'; INSERT INTO other.notes VALUES ('b')"
            )
            let report = try await restore(dump, source) { ($0.dataOnly, $0.schemas) = (true, ["other"]) }
            #expect(report.rows == 1)
            let found = "SELECT (SELECT count(*) FROM shop.orders), string_agg(note, ',') FROM other.notes"
            try await #expect(psql(source, found) == "0|there")
        }
    }

    /// Loading them would write to the other server.
    @Test func rowsOfAForeignTableAreLeftOutAndNamed() async throws {
        let sql = """
            CREATE TABLE far (a int); INSERT INTO far VALUES (1), (2); CREATE EXTENSION postgres_fdw;
            DO $$ BEGIN EXECUTE format('CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
                current_setting('unix_socket_directories'), current_setting('port'), current_database());
            EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER loop OPTIONS (user %L)', current_user); END $$;
            CREATE FOREIGN TABLE near (a int) SERVER loop OPTIONS (table_name 'far');
            """
        let server = try await ThrowawayServer.shared()
        let available = "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'"
        guard try await psql(server.url(database: "postgres"), available) == "1" else { return }
        try await withDump(.custom, "--include-foreign-data=loop", of: sql) { dump, source, _, server in
            try await server.withName { copy in
                let report = try await restore(dump, source) { $0.into = copy }
                #expect(report.rows == 2)
                #expect(
                    report.notes.contains { $0.hasPrefix("the rows of the foreign table public.near are left out") }
                )
                try await #expect(psql(server.url(database: copy), "SELECT count(*) FROM near") == "2")
            }
            try await #expect(psql(source, "SELECT count(*) FROM far") == "2")
        }
    }

    /// Without ANALYZE they are all there is.
    @Test func statisticsOfADumpAreTakenWithoutAnalyze() async throws {
        guard try await ThrowawayServer.shared().major >= 18 else { return }
        let sql =
            "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 500); ANALYZE t; DELETE FROM t WHERE a > 1"
        try await withDump(.custom, "--statistics", of: sql) { dump, _, target, _ in
            try await restore(dump, target) { ($0.dropOld, $0.withoutAnalyze) = (true, true) }
            try await #expect(psql(target, "SELECT reltuples FROM pg_class WHERE relname = 't'") == "500")
            let histogram = "SELECT count(*) FROM pg_stats WHERE tablename = 't'"
            try await #expect(psql(target, histogram) == "1")
            try await restore(dump, target) { $0.dropOld = true }
            try await #expect(psql(target, "SELECT reltuples FROM pg_class WHERE relname = 't'") == "1")
        }
    }

    /// The table of contents has no checksum. A changed byte is an error, or affects nothing that holds rows.
    @Test func noChangedByteLosesRowsSilently() async throws {
        let sql = """
            CREATE TABLE t (a serial, b text); INSERT INTO t (b) VALUES ('x'), ('y'); CREATE TABLE u (a int);
            INSERT INTO u VALUES (1); SELECT lo_create(4711), lo_create(4712);
            """
        try await withDump(.custom, "--compress=0", of: sql) { dump, _, _, _ in
            let bytes = readFile(dump)
            let whole = try Held(bytes)
            #expect((whole.chunks, whole.objects, whole.sequences) == (3, [4711, 4712], 1))
            for position in stride(from: 0, to: bytes.count, by: 3) {
                var changed = bytes
                changed[position] ^= 1 << UInt8(position % 7)
                guard let held = try? Held(changed) else { continue }
                #expect(held == whole, "byte \(position)")
            }
        }
    }

    /// The parts of an archive that hold rows or the position of a sequence.
    private struct Held: Equatable {
        var chunks, sequences: Int
        var objects: [UInt32]

        init(_ bytes: [UInt8]) throws {
            let dump = try DumpArchive(MemorySource(bytes), name: "a.dump")
            let manifest = try DumpedManifest(dump).manifest
            chunks = manifest.tables.flatMap(\.chunks).count + (manifest.largeObjects?.chunks.count ?? 0)
            sequences = manifest.sequences.count
            // Reads everything that a restore reads.
            for entry in dump.dataEntries where entry.isLargeObjects {
                var objects = try dump.largeObjects(of: entry)
                var memory = [UInt8](repeating: 0, count: 16)
                while try memory.withUnsafeMutableBytes({ try objects.next(into: $0) }) != nil {}
            }
            for entry in dump.dataEntries where !entry.isLargeObjects {
                var rows = try dump.rows(of: entry)
                while try rows.next({ _ in }) {}
            }
            objects = manifest.largeObjects?.objects.map(\.oid) ?? []
        }
    }

    @Test func aTableComesBackUnderAnotherNameWithItsTypes() async throws {
        try await withDump(of: Self.shop) { dump, source, _, _ in
            try await restore(dump, source) { $0.tables = [.init(table: "shop.customers", newName: "copy")] }
            #expect(
                try await psql(source, "SELECT count(*), min(pg_typeof(born)::text) FROM shop.copy")
                    == "10|timestamp with time zone"
            )
        }
    }

    @Test func anotherEncodingOfTheDumpIsRead() async throws {
        let sql = "CREATE TABLE \"ä\" (a text); INSERT INTO \"ä\" VALUES ('ü €')"
        // A server of its own: on the shared one, pg_dump could meet names of roles that this encoding cannot
        // represent.
        let server = try await ThrowawayServer.start()
        try await withDump(.custom, "--encoding=LATIN9", of: sql, on: server) { dump, _, target, _ in
            _ = try await restore(dump, target) { $0.dropOld = true }
            try await #expect(psql(target, "SELECT a FROM \"ä\"") == "ü €")
        }
        try await server.stop()
    }

    /// The function accepts all rows when they are inserted, and refuses one during the restore.
    @Test func aCheckThatFailsCostsNoRowsWhenTheRestoreGoesOn() async throws {
        let sql = """
            CREATE FUNCTION fits(a int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
            CREATE TABLE t (a int, pad text, CONSTRAINT c CHECK (fits(a)));
            INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, 20000) i;
            CREATE OR REPLACE FUNCTION fits(a int) RETURNS boolean LANGUAGE sql AS 'SELECT a <> 15000';
            """
        try await withDump(.custom, "--compress=0", of: sql) { dump, source, _, server in
            try await server.withName { copy in
                _ = try await restore(dump, source) {
                    $0.into = copy
                    $0.keepGoing = true
                    $0.jobs = 3
                    $0.splitBytes = 64 << 10
                }
                let found = try await psql(server.url(database: copy), "SELECT count(*), count(DISTINCT a) FROM t")
                #expect(found == "20000|20000")
            }
        }
    }

    @Test func rowsThatAreMissingAreAddedByTheirKey() async throws {
        try await withDump(of: Self.shop) { dump, source, _, _ in
            try await psql(source, "DELETE FROM shop.orders WHERE id > 60")
            let report = try await restore(dump, source) {
                $0.tables = [.init(table: "orders")]
                $0.rows = .missing
            }
            #expect(report.rows == 40)
            #expect(try await psql(source, "SELECT count(*) FROM shop.orders") == "100")
        }
    }

    @Test func aDumpOfRowsAloneNeedsTheTables() async throws {
        try await withDump(.custom, "--data-only", of: Self.shop) { dump, source, target, _ in
            let error = await failure { try await restore(dump, target) }
            #expect(error?.message.contains("holds rows and no tables") == true)
            try await psql(source, "DELETE FROM shop.orders; SELECT setval('shop.orders_id_seq', 7)")
            let report = try await restore(dump, source) { $0.dataOnly = true }
            #expect(report.rows == 111)
            #expect(
                try await psql(source, "SELECT count(*), nextval('shop.orders_id_seq') FROM shop.orders") == "100|101"
            )
        }
    }

    @Test func aNewDatabaseHasThePropertiesOfTheOldOne() async throws {
        try await withDump(of: "CREATE TABLE t (a int)") { _, source, _, server in
            let name = databaseName(of: source)
            try await psql(
                source,
                """
                ALTER DATABASE "\(name)" SET work_mem = '5MB'; ALTER DATABASE "\(name)" SET search_path = 'My Schema';
                REVOKE CONNECT ON DATABASE "\(name)" FROM PUBLIC; GRANT CREATE ON DATABASE "\(name)" TO pg_monitor WITH GRANT OPTION;
                GRANT ALL ON DATABASE "\(name)" TO pg_signal_backend;
                ALTER DATABASE "\(name)" CONNECTION LIMIT 7; COMMENT ON DATABASE "\(name)" IS 'it''s a shop';
                """
            )
            try await ScratchFolder.with { folder in
                #expect(await Form.custom.dump(source, to: folder.file("a.dump")))
                try await server.withName { copy in
                    try await restore(folder.file("a.dump"), source) { $0.into = copy }
                    let properties = try await DatabasePortrait.properties(server.url(database: copy))
                    #expect(try await properties == DatabasePortrait.properties(source))
                }
            }
        }
    }

    @Test func aDamagedDumpLeavesTheTargetAsItWas() async throws {
        try await withDump(of: Self.shop) { dump, _, target, _ in
            try await psql(target, "CREATE TABLE mine (a int)")
            var bytes = readFile(dump)
            bytes.removeLast(40)
            try await ScratchFolder.with { folder in
                try folder.write(bytes, to: "cut.dump")
                await #expect(throws: (any Error).self) { try await restore(folder.file("cut.dump"), target) }
            }
            #expect(try await psql(target, "SELECT count(*) FROM mine") == "0")
            let left = "SELECT count(*) FROM pg_database WHERE datname LIKE current_database() || '%'"
            #expect(try await psql(target, left) == "1")
        }
    }

    @Test func aMissingRoleIsNamedBeforeAndMayBeMapped() async throws {
        let role = "dumped_owner"
        try await withDatabase("CREATE TABLE t (a int)") { server, source, folder in
            try await psql(source, "DROP ROLE IF EXISTS \(role); CREATE ROLE \(role); ALTER TABLE t OWNER TO \(role)")
            #expect(await Form.custom.dump(source, to: folder.file("a.dump")))
            try await psql(source, "DROP TABLE t; DROP ROLE \(role)")
            try await server.withDatabase { target in
                let error = await failure { try await restore(folder.file("a.dump"), target) }
                #expect(error?.message.contains("lacks the role \(role)") == true)
                try await restore(folder.file("a.dump"), target) {
                    $0.roleMap = [role: "pg_monitor"]
                    $0.dropOld = true
                }
                #expect(
                    try await psql(target, "SELECT relowner::regrole FROM pg_class WHERE relname = 't'") == "pg_monitor"
                )
                try await restore(folder.file("a.dump"), target) {
                    $0.noOwner = true
                    $0.dropOld = true
                }
                #expect(
                    try await psql(
                        target,
                        "SELECT relowner::regrole = current_user::regrole FROM pg_class WHERE relname = 't'"
                    ) == "t"
                )
            }
        }
    }

    @Test func whatItRunsIsListedAsOfAPlainDump() async throws {
        try await withDump { dump, _, target, _ in
            var options = RestoreOptions(file: dump)
            options.trust = .sealed(by: [])
            let plan = try await RestoreRun(options, server: ServerAddress(target), logger: quietLogger) { _ in }.plan()
            #expect(plan.isSealed == nil)
            #expect(plan.rows == nil)
            #expect(plan.code?.functions["plpgsql"] == 1)
            #expect(plan.code?.triggers == 1)
            // An archive of pg_dump is not refused for its missing seal.
            options.dropOld = true
            _ = try await RestoreRun(options, server: ServerAddress(target), logger: quietLogger) { _ in }.run()
        }
    }
}
