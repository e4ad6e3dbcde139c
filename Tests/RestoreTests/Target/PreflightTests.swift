import Archive
import Backup
import PostgresClient
import Restore
import Storage
import TestSupport
import Testing

/// Everything that would fail is named before anything changes.
@Suite(.serialized)
struct PreflightTests {
    private static let schema =
        "CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')"

    /// Expects that the restore of `file`, with `change`, fails with this message and leaves server and database
    /// unchanged.
    private func expectRefusal(
        _ words: [String],
        _ code: RestoreFailure = .preflight,
        of file: String,
        into url: String,
        asRole role: String? = nil,
        on server: ThrowawayServer,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout RestoreOptions) -> Void = { _ in }
    ) async throws {
        let before = try await DatabasePortrait.of(url)
        let databases = try await server.databases()
        let address = role.map { url.replacing("user=granary", with: "user=\($0)") } ?? url
        let error = await failure(sourceLocation: sourceLocation) { try await restore(file, address, change) }
        #expect(error?.code == code, sourceLocation: sourceLocation)
        for word in words {
            #expect(error?.message.contains(word) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
        }
        #expect(error?.hint?.isEmpty == false, sourceLocation: sourceLocation)
        expectSame(try await .of(url), before, sourceLocation: sourceLocation)
        #expect(try await server.databases() == databases, sourceLocation: sourceLocation)
    }

    /// A server of its own, because other tests create and drop databases.
    private func withServer(
        _ sql: String = Self.schema,
        _ body: (ThrowawayServer, _ url: String, ScratchFolder) async throws -> Void
    ) async throws {
        let server = try await ThrowawayServer.start()
        try await withDatabase(sql, on: server, body)
        try await server.stop()
    }

    @Test func missingRolesAreNamedAndMappedOrLeftOut() async throws {
        try await withServer(
            #"""
            CREATE ROLE alice LOGIN; CREATE ROLE "Bob ""b""";
            \#(Self.schema);
            ALTER TABLE t OWNER TO alice; GRANT SELECT ON t TO "Bob ""b""" WITH GRANT OPTION; ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON t FOR SELECT TO alice, "Bob ""b""" USING (v <> 'TO alice');
            """#
        ) { server, url, folder in
            let file = folder.file("a.zip")
            try await backup(url, to: file)
            try await psql(
                url,
                "DROP TABLE t; DROP ROLE alice; DROP ROLE \"Bob \"\"b\"\"\"; CREATE ROLE carol; CREATE ROLE \"D \"\"d\"\"\""
            )
            try await expectRefusal(["alice", "Bob \"b\""], of: file, into: url, on: server)
            try await expectRefusal(["Bob \"b\""], of: file, into: url, on: server) { $0.roleMap = ["alice": "carol"] }
            try await expectRefusal(["alice"], of: file, into: url, on: server) {
                $0.inPlace = true
                $0.roleMap = ["Bob \"b\"": "carol"]
            }
            try await restore(file, url) { $0.roleMap = ["alice": "carol", "Bob \"b\"": "D \"d\""] }
            // PostgreSQL 17 introduced MAINTAIN.
            let all = server.major >= 17 ? "arwdDxtm" : "arwdDxt"
            #expect(
                try await psql(url, "SELECT relowner::regrole, relacl FROM pg_class WHERE relname = 't'")
                    == #"carol|{carol=\#(all)/carol,"\"D \"\"d\"\"\"=r*/carol"}"#
            )
            #expect(
                try await psql(url, "SELECT polroles::regrole[], pg_get_expr(polqual, polrelid) FROM pg_policy")
                    == #"{carol,"\"D \"\"d\"\"\""}|(v <> 'TO alice'::text)"#
            )
            try await restore(file, url) {
                $0.noOwner = true
                $0.dropOld = true
                $0.roleMap = ["alice": "carol", "Bob \"b\"": "carol"]
            }
            try await #expect(psql(url, "SELECT relowner::regrole FROM pg_class WHERE relname = 't'") == "granary")
        }
    }

    @Test func leavingOwnersOutNeedsNoRoleOfTheArchive() async throws {
        try await withServer(
            "CREATE ROLE alice; \(Self.schema); ALTER TABLE t OWNER TO alice; GRANT SELECT ON t TO alice"
        ) {
            server,
            url,
            folder in
            try await backup(url, to: folder.file("a.zip"))
            try await psql(url, "DROP TABLE t; DROP ROLE alice")
            try await restore(folder.file("a.zip"), url) { $0.noOwner = true }
            try await #expect(psql(url, "SELECT count(*) FROM t") == "2")
            try await restore(folder.file("a.zip"), url) {
                $0.noOwner = true
                $0.inPlace = true
            }
            try await #expect(psql(url, "SELECT count(*) FROM t") == "2")
        }
    }

    @Test func missingExtensionsAreNamed() async throws {
        try await withServer { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try editManifest(of: folder.file("a.zip"), into: folder.file("b.zip")) {
                $0.extensions.append(.init(name: "no_such_extension", version: "1", schema: "public"))
            }
            try await expectRefusal(["no_such_extension"], of: folder.file("b.zip"), into: url, on: server)
            try await expectRefusal(["no_such_extension"], of: folder.file("b.zip"), into: url, on: server) {
                $0.inPlace = true
            }
        }
    }

    @Test func aNewerServersBackupIsRefused() async throws {
        try await withServer { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try editManifest(of: folder.file("a.zip"), into: folder.file("b.zip")) { $0.server.versionNumber = 990_000 }
            try await expectRefusal(
                ["PostgreSQL 99", "this server is \(server.major)"],
                of: folder.file("b.zip"),
                into: url,
                on: server
            )
        }
    }

    @Test func whoeverIsConnectedIsNamedAndForceEndsTheirSessions() async throws {
        try await withServer { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await withSession(
                ServerAddress(url).setting("fallback_application_name", to: "x"),
                logger: quietLogger
            ) { _ in }
            let connected = Task { try await psql(url, "SET application_name = 'a web shop'; SELECT pg_sleep(600)") }
            try await waitUntil(url, "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'a web shop')")
            try await expectRefusal(
                ["in use by granary in a web shop"],
                .busy,
                of: folder.file("a.zip"),
                into: url,
                on: server
            )
            let report = try await restore(folder.file("a.zip"), url) { $0.force = true }
            #expect(report.swapped)
            await #expect(throws: CommandFailure.self) { try await connected.value }
            try await #expect(psql(url, "SELECT count(*) FROM t") == "2")
        }
    }

    /// The rename waits some seconds for sessions that --force may not end. It depends on whether they end.
    @Test(arguments: [3, 60]) func sessionsThatForceMayNotEndAreWaitedFor(seconds: Int) async throws {
        try await withServer("CREATE ROLE maker LOGIN CREATEDB; \(Self.schema); ALTER TABLE t OWNER TO maker") {
            server,
            url,
            folder in
            try await psql(url, "ALTER DATABASE \(url.databaseName) OWNER TO maker")
            try await backup(url, to: folder.file("a.zip"))
            let connected = Task {
                try await psql(url, "SET application_name = 'the superuser'; SELECT pg_sleep(\(seconds))")
            }
            try await waitUntil(url, "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'the superuser')")
            let maker = url.replacing("user=granary", with: "user=maker")
            if seconds < 5 {
                let report = try await restore(folder.file("a.zip"), maker) { $0.force = true }
                #expect(report.swapped)
            } else {
                let error = try await #require(throws: RestoreError.self) {
                    try await restore(folder.file("a.zip"), maker) { $0.force = true }
                }
                #expect(
                    error.message.contains("is connected to \(url.databaseName), and maker may not end it"),
                    "\(error)"
                )
                let server = server.url(database: "postgres")
                try await psql(
                    server,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'the superuser'"
                )
            }
            _ = try? await connected.value
            try await #expect(psql(url, "SELECT count(*) FROM t") == "2")
        }
    }

    @Test func whoMayNotCreateDatabasesIsToldBeforehandAndRestoresInPlace() async throws {
        try await withServer("CREATE ROLE plain LOGIN; \(Self.schema); ALTER TABLE t OWNER TO plain") {
            server,
            url,
            folder in
            try await psql(url, "ALTER DATABASE \(url.databaseName) OWNER TO plain")
            let original = try await DatabasePortrait.of(url)
            try await backup(url, to: folder.file("a.zip"))
            try await expectRefusal(
                ["plain may not create databases"],
                of: folder.file("a.zip"),
                into: url,
                asRole: "plain",
                on: server
            )
            try await psql(url, "DELETE FROM t")
            try await restore(folder.file("a.zip"), url.replacing("user=granary", with: "user=plain")) {
                $0.inPlace = true
            }
            expectSame(try await .of(url), original)
        }
    }

    @Test func preparedTransactionsAndSlotsAreNamed() async throws {
        let server = try await ThrowawayServer.start(options: [
            "max_prepared_transactions": "5", "wal_level": "logical",
        ])
        try await withDatabase(Self.schema, on: server) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await psql(url, "BEGIN; INSERT INTO t VALUES (3); PREPARE TRANSACTION 'x'")
            try await expectRefusal(["prepared transactions"], of: folder.file("a.zip"), into: url, on: server)
            try await psql(url, "ROLLBACK PREPARED 'x'; SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
            try await expectRefusal(["replication slots"], of: folder.file("a.zip"), into: url, on: server)
            try await psql(url, "SELECT pg_drop_replication_slot('s')")
            try await restore(folder.file("a.zip"), url) { $0.dropOld = true }
        }
        try await server.stop()
    }

    /// A constraint that rows violate, which is found after all rows are loaded.
    @Test func rowsThatViolateTheirConstraintsStopItOrLeaveThemNotValid() async throws {
        try await withServer(
            """
            CREATE TABLE parent (id integer PRIMARY KEY); CREATE TABLE child (id integer, CONSTRAINT to_parent FOREIGN KEY (id) REFERENCES parent);
            INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1);
            CREATE TABLE zz_allowed (id integer);
            CREATE FUNCTION known(integer) RETURNS boolean LANGUAGE sql AS 'SELECT count(*) > 0 FROM public.zz_allowed WHERE id = $1';
            INSERT INTO zz_allowed VALUES (7);
            CREATE TABLE checked (id integer CONSTRAINT is_known CHECK (known(id)), other integer CONSTRAINT fine CHECK (other > 0));
            INSERT INTO checked VALUES (7, 1); DELETE FROM zz_allowed;
            SET session_replication_role = replica; DELETE FROM parent;
            """
        ) { server, url, folder in
            let file = folder.file("a.zip")
            try await backup(url, to: file)
            for inPlace in [false, true] {
                let before = try await DatabasePortrait.of(url)
                let databases = try await server.databases()
                do {
                    try await restore(file, url) { $0.inPlace = inPlace }
                    Issue.record("it was restored")
                } catch {
                    #expect("\(error)".contains("is_known"), "\(error)")
                }
                #expect(try await server.databases() == databases)
                expectSame(try await .of(url), before)
                let report = try await restore(file, url) {
                    $0.inPlace = inPlace
                    $0.allowInvalid = true
                    if !inPlace { $0.dropOld = true }
                }
                #expect(report.invalid.count == 2)
                #expect(report.invalid.contains { $0.contains("is_known") })
                #expect(report.invalid.contains { $0.contains("to_parent") })
                #expect(
                    try await psql(url, "SELECT conname FROM pg_constraint WHERE NOT convalidated ORDER BY 1")
                        == "is_known\nto_parent"
                )
                try await #expect(psql(url, "SELECT * FROM checked") == "7|1")
            }
        }
    }

    /// The server has room for 10 · (20 + 3 + 1 + 8 + 10) = 420 locks.
    @Test func moreLargeObjectsThanTheServerCanLockAtOnceAreRefusedInPlace() async throws {
        let server = try await ThrowawayServer.start(
            options: ["max_locks_per_transaction": "10", "max_connections": "20"]
        )
        let make = "SELECT lo_from_bytea(i, 'x') FROM generate_series(100001, %) i"
        try await withDatabase(Self.schema, on: server) { server, url, folder in
            try await psql(url, make.replacing("%", with: "100300"))
            try await backup(url, to: folder.file("few.zip"))
            for first in [100_301, 100_501, 100_701, 100_901] {
                try await psql(url, "SELECT lo_from_bytea(i, 'x') FROM generate_series(\(first), \(first + 199)) i")
            }
            try await backup(url, to: folder.file("many.zip"))
            for dataOnly in [false, true] {
                try await expectRefusal(
                    ["nothing was changed", "(1100 for large objects)", "the server has room for 420"],
                    of: folder.file("many.zip"),
                    into: url,
                    on: server
                ) {
                    $0.inPlace = !dataOnly
                    $0.dataOnly = dataOnly
                }
            }
            var options = RestoreOptions(file: folder.file("many.zip"))
            options.inPlace = true
            let run = RestoreRun(options, server: ServerAddress(url), logger: quietLogger, progress: { _ in })
            let obstacles = try await run.plan().obstacles
            #expect(obstacles.contains { $0.contains("the server has room for 420") }, "\(obstacles)")
            // As the hint says.
            try await restore(folder.file("many.zip"), url) { $0.dropOld = true }
            try await #expect(psql(url, "SELECT count(*) FROM pg_largeobject_metadata") == "1100")
            // Existing large objects count as well.
            try await expectRefusal(["(1100 for large objects)"], of: folder.file("few.zip"), into: url, on: server) {
                $0.inPlace = true
            }
            try await psql(
                url,
                "SELECT lo_unlink(oid) FROM (SELECT oid FROM pg_largeobject_metadata WHERE oid > 100300 LIMIT 400) o"
            )
            try await psql(
                url,
                "SELECT lo_unlink(oid) FROM (SELECT oid FROM pg_largeobject_metadata WHERE oid > 100300 LIMIT 400) o"
            )
            try await restore(folder.file("few.zip"), url) { $0.inPlace = true }
            try await #expect(psql(url, "SELECT count(*), max(oid) FROM pg_largeobject_metadata") == "300|100300")
        }
        try await server.stop()
    }
}

/// Waits until the condition is true, for a minute at most.
func waitUntil(_ url: String, _ condition: String) async throws {
    try await eventually { try await psql(url, "SELECT \(condition)") == "t" }
}

/// Copies an archive with another manifest. The stored chunks are packed again, so their checksums no longer match.
func editManifest(of file: String, into copy: String, _ change: (inout Manifest) -> Void) throws {
    let reader = try ArchiveReader(FileSource(path: file))
    var manifest = reader.manifest
    change(&manifest)
    let sink = try FileSink(path: copy)
    let writer = ArchiveWriter(sink: sink)
    for member in reader.members where member != "manifest.json" {
        _ = try writer.add(member, reader.contents(of: member))
    }
    try writer.finish(manifest)
    try sink.commit()
}
