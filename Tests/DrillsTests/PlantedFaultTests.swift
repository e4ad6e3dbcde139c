import Archive
import Drills
import Glibc
import PostgresClient
import Project
import Storage
import TestSupport
import Testing

/// Each fault is found, and told apart from the others.
@Suite struct PlantedFaultTests {
    @Test func nothingIsFoundInASoundBackup() async throws {
        try await DrillProject.with { project in
            let report = try await project.drill()
            report.expectNothing()
            let subjects: [DrillReport.Subject] = [
                .verify, .seal, .restore, .rows, .largeObjects, .sequences, .constraints, .indexes,
            ]
            #expect(report.checks.map(\.subject) == subjects)
            #expect(report.rows == 1000 && report.tables == 2)
            #expect(report.detail(.rows).contains("1,000 rows are those of the backup"))
            #expect(report.sha256?.count == 64)
            #expect(try #require(report.rtoSeconds) > 0)
            #expect(report.phases.contains { $0.name == "restore: loading rows" }, "\(report.phases)")
        }
    }

    @Test(
        arguments: [
            ("DELETE FROM public.orders WHERE id = 7", .rows, "public.orders has 499 rows, and 500 in the backup"),
            (
                "UPDATE public.orders SET total = total + 1 WHERE id = 7", .rows,
                "the rows of public.orders have other values than in the backup"
            ),
            ("DROP TABLE public.orders", .rows, "public.orders is missing"),
            (
                "SELECT pg_catalog.lo_put(oid, 0, 'x') FROM pg_catalog.pg_largeobject_metadata", .largeObjects,
                "the large objects differ from those of the backup"
            ),
            (
                "SELECT pg_catalog.setval('public.orders_id_seq', 3)", .sequences,
                "public.orders_id_seq is at 3 and should be at 500"
            ),
            (
                "ALTER TABLE public.users ADD CONSTRAINT late CHECK (id > 0) NOT VALID", .constraints,
                "public.users.late is not validated"
            ),
            (
                """
                CREATE DOMAIN public.positive AS int;
                ALTER DOMAIN public.positive ADD CONSTRAINT late CHECK (VALUE > 0) NOT VALID
                """, .constraints, "public.positive.late is not validated"
            ),
            (
                "UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = 'public.orders_total'::regclass",
                .indexes, "public.orders_total is not valid"
            ),
        ] as [(String, DrillReport.Subject, String)]
    )
    func aFaultInTheRestoredDatabaseIsNamed(
        damage: String,
        subject: DrillReport.Subject,
        detail: String
    ) async throws {
        try await DrillProject.with { project in
            let report = try await project.drill(damage)
            #expect(report.found.first == subject, "\(report.findings)")
            #expect(report.detail(subject) == detail)
        }
    }

    /// An index whose order no longer fits is valid for the catalog, and finds nothing.
    @Test func anIndexOfWhichTheStructureIsBrokenIsNamedWhereAmcheckIsInstalled() async throws {
        let sql =
            DrillProject.content + """
                CREATE EXTENSION amcheck;
                CREATE FUNCTION public.compare(int, int) RETURNS int LANGUAGE sql IMMUTABLE
                    AS 'SELECT CASE WHEN $1 < $2 THEN -1 WHEN $1 > $2 THEN 1 ELSE 0 END';
                CREATE OPERATOR CLASS public.compared FOR TYPE int USING btree AS
                    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
                    FUNCTION 1 public.compare(int, int);
                CREATE INDEX compared_ids ON public.users (id public.compared);
                """
        try await DrillProject.with(sql) { project in
            let sound = try await project.drill()
            sound.expectNothing()
            let report = try await project.drill(
                """
                CREATE OR REPLACE FUNCTION public.compare(int, int) RETURNS int LANGUAGE sql IMMUTABLE
                    AS 'SELECT CASE WHEN $1 < $2 THEN 1 WHEN $1 > $2 THEN -1 ELSE 0 END'
                """
            )
            #expect(report.found == [.indexes], "\(report.findings)")
            #expect(report.detail(.indexes).hasPrefix("public.compared_ids: amcheck finds "))
        }
    }

    @Test func whatADrillDoesNotRunIsListed() async throws {
        let sql =
            DrillProject.content + """
                CREATE FOREIGN DATA WRAPPER nothing;
                CREATE SERVER far FOREIGN DATA WRAPPER nothing;
                CREATE FOREIGN TABLE public.there (id int) SERVER far;
                CREATE SUBSCRIPTION feed CONNECTION 'host=/nowhere' PUBLICATION news
                    WITH (connect = false, slot_name = NONE, enabled = false);
                """
        try await DrillProject.with(sql) { project in
            let report = try await project.drill()
            report.expectNothing()
            let omitted = report.omissions.map(\.what)
            #expect(omitted.contains("the subscription feed"), "\(omitted)")
            #expect(omitted.contains("rows of the foreign table public.there"), "\(omitted)")
            try await project.project.sql("DROP SUBSCRIPTION feed")
        }
    }

    /// Filling such a view would connect to the foreign server, which does not exist here.
    @Test func materializedViewsOverForeignTablesStayEmpty() async throws {
        let sql =
            DrillProject.content + """
                CREATE EXTENSION postgres_fdw;
                CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/nowhere', dbname 'none');
                CREATE USER MAPPING FOR CURRENT_USER SERVER far;
                CREATE TABLE public.parts (id int) PARTITION BY LIST (id);
                CREATE TABLE public.here PARTITION OF public.parts FOR VALUES IN (1);
                CREATE FOREIGN TABLE public.there PARTITION OF public.parts FOR VALUES IN (2) SERVER far;
                CREATE VIEW public.through AS SELECT id FROM public.parts;
                CREATE MATERIALIZED VIEW public.copied AS SELECT id FROM public.through WITH NO DATA;
                CREATE MATERIALIZED VIEW public.own AS SELECT id FROM public.here;
                UPDATE pg_catalog.pg_class SET relispopulated = true WHERE relname = 'copied';
                """
        try await DrillProject.with(sql) { project in
            let report = try await project.drill(
                """
                DO $$ BEGIN
                    IF (SELECT relispopulated FROM pg_class WHERE relname = 'copied') THEN RAISE 'filled'; END IF;
                    IF NOT (SELECT relispopulated FROM pg_class WHERE relname = 'own') THEN RAISE 'empty'; END IF;
                END $$
                """
            )
            report.expectNothing()
            #expect(report.interruption == nil)
            #expect(report.omissions.contains { $0.what == "rows of materialized view public.copied" })
        }
    }

    @Test func quickComparesNumbersOfRowsAndSaysSo() async throws {
        try await DrillProject.with { project in
            let sound = try await project.drill { $0.isQuick = true }
            sound.expectNothing()
            #expect(sound.omissions.contains { $0.what == "digests of rows" })
            #expect(sound.checks.contains { $0.detail == "2 tables have as many rows as in the backup" })
            let missing = try await project.drill("DELETE FROM public.orders WHERE id = 7") { $0.isQuick = true }
            #expect(missing.found == [.rows])
            let changed = try await project.drill("UPDATE public.orders SET total = 0") { $0.isQuick = true }
            changed.expectNothing()
        }
    }

    @Test func aConstraintThatIsNotValidInTheBackupIsNoFinding() async throws {
        let sql =
            DrillProject.content
                + """
                ALTER TABLE public.users ADD CONSTRAINT "not yet" CHECK (id > 5) NOT VALID;
                CREATE DOMAIN public.positive AS int;
                ALTER DOMAIN public.positive ADD CONSTRAINT later CHECK (VALUE > 0) NOT VALID;
                """
        try await DrillProject.with(sql) { project in
            let report = try await project.drill()
            report.expectNothing()
            #expect(report.detail(.constraints).hasSuffix(", 2 NOT VALID as in the backup"))
        }
    }

    /// Whoever changes a row and mends every checksum still lacks the key.
    @Test func aChangedRowWithMendedChecksumsBreaksTheSeal() async throws {
        try await DrillProject.with { project in
            let seal = try ArchiveReader(FileSource(path: project.file)).manifest.seal
            try await project.project.sql("UPDATE public.users SET name = 'another' WHERE id = 7")
            try await project.backup(to: project.file, sealedBy: nil)
            try forge(project.file) { $0.seal = seal }
            let report = try await project.drill()
            #expect(report.found == [.seal])
            #expect(report.detail(.verify).hasPrefix("every member and digest is intact"))
            #expect(report.rtoSeconds == nil)
            let trusted = try await project.drill { $0.trusts = true }
            #expect(trusted.found == [.seal] && trusted.rtoSeconds != nil)
        }
    }

    /// Whoever removes the seal still cannot seal the file beside it.
    @Test func aFileThatTheSealedSidecarDoesNotDescribeIsFound() async throws {
        try await DrillProject.with { project in
            try forge(project.file, hidesSidecar: false) { manifest in
                manifest.seal = nil
                manifest.database.comment = "forged"
            }
            let report = try await project.drill()
            #expect(report.found == [.seal])
            #expect(report.detail(.seal).contains("was changed or replaced"))
            unlink("\(project.file).json")
            let alone = try await project.drill()
            alone.expectNothing()
            #expect(alone.omissions.contains { $0.what == "the seal" })
        }
    }

    @Test func aBackupOfTheFutureHasNoAge() async throws {
        try await DrillProject.with { project in
            let report = try await project.drill { $0.now -= 3 * 3600 }
            #expect(report.found == [.age])
            #expect(report.detail(.age).contains("h in the future, so its age is unknown"))
        }
    }

    @Test func aDamagedFileIsNotRestored() async throws {
        try await DrillProject.with { project in
            var bytes = try Files.bytes(of: project.file)
            bytes[200] ^= 1
            try Files.overwrite(project.file, bytes)
            let report = try await project.drill()
            #expect(report.found == [.verify])
            #expect(report.omissions.map(\.reason) == ["the file is damaged"])
        }
    }

    @Test func aStatementThatFailsIsAFindingOfTheRestore() async throws {
        try await DrillProject.with { project in
            try forge(project.file) { manifest in
                manifest.seal = nil
                for index in manifest.schema.indices where manifest.schema[index].name == "orders_total" {
                    manifest.schema[index].sql = "CREATE INDEX orders_total ON public.orders (no_such_column)"
                }
            }
            let report = try await project.drill { $0.trusts = true }
            #expect(report.found == [.restore], "\(report.findings)")
            #expect(report.detail(.restore).contains("no_such_column"))
        }
    }

    @Test func anOldBackupIsAFindingOnlyIfALimitIsGiven() async throws {
        try await DrillProject.with { project in
            let later = { (options: inout DrillOptions) in options.now += 2 * 86_400 }
            let unlimited = try await project.drill("", later)
            unlimited.expectNothing()
            #expect(unlimited.rpoSeconds >= 2 * 86_400)
            let limited = try await project.drill {
                later(&$0)
                $0.ageMax = .seconds(26 * 3600)
            }
            #expect(limited.found == [.age])
            #expect(limited.detail(.age) == "the backup is 2 days old, and 26 h is the limit")
        }
    }

    /// A missing extension says nothing about the backup: the drill could not be done.
    @Test func anExtensionThatTheServerLacksIsAnObstacle() async throws {
        try await DrillProject.with { project in
            try forge(project.file) { manifest in
                manifest.seal = nil
                manifest.extensions.append(.init(name: "no_such_extension", version: "1", schema: "public"))
            }
            let error = await drillError { try await project.drill { $0.trusts = true } }
            #expect(error?.code == .obstacles)
            #expect(error?.message.contains("the server lacks the extension no_such_extension") == true)
            #expect(error?.exitStatus == .failed)
        }
    }

    /// Nor does a locale that the operating system of the drill lacks.
    @Test func aLocaleThatTheServerLacksIsAnObstacle() async throws {
        try await DrillProject.with { project in
            try forge(project.file) { manifest in
                manifest.seal = nil
                (manifest.database.collate, manifest.database.ctype) = ("xx_XX.UTF-8", "xx_XX.UTF-8")
            }
            let error = await drillError { try await project.drill { $0.trusts = true } }
            #expect(error?.code == .obstacles)
            #expect(
                error?.message.contains("the server cannot create a database with the locale xx_XX.UTF-8") == true,
                "\(error?.message ?? "")"
            )
        }
    }

    @Test func aNewestRowThatIsTooOldIsFound() async throws {
        let sql = DrillProject.content + "UPDATE public.users SET created_at = now() - interval '190 minutes';"
        let files: KeyValuePairs = [
            "environments.json": """
            {"environments": {"development": {"config": {"newest_rows": {"users.created_at": "1h"}}}}}
            """
        ]
        try await DrillProject.with(sql, files: files) { project in
            let environments = try EnvironmentsFile.read(migrations: project.project.folder.path)
            let old = try await project.drill { $0.environments = environments }
            #expect(old.found == [.newestRows])
            #expect(
                old.detail(.newestRows)
                    == "the newest users.created_at is 3 h older than the backup, and 60 min is the limit"
            )
            let fresh = try await project.drill(
                """
                INSERT INTO public.users (name, created_at)
                SELECT 'new', max(created_at) + interval '3 hours' FROM public.users
                """
            ) {
                $0.environments = environments
            }
            #expect(!fresh.found.contains(.newestRows))
        }
    }

    @Test func smokeQueriesReturnNoRowOrAsManyAsExpected() async throws {
        let files: KeyValuePairs = [
            "smoke/none.sql": "SELECT id FROM unnamed",
            "smoke/some.sql": "-- expect: 500\nSELECT id FROM users",
            "bad/found.sql": "SELECT id, name FROM users WHERE id < 4",
            "bad/writes.sql": "DELETE FROM users",
            "bad/wrong.sql": "SELECT nothing FROM users",
        ]
        let view = "CREATE VIEW public.unnamed AS SELECT id FROM public.users WHERE name IS NULL;"
        try await DrillProject.with(DrillProject.content + view, files: files) { project in
            let folder = project.project.folder
            let sound = try await project.drill {
                $0.smokeFiles = [folder.file("smoke/none.sql"), folder.file("smoke/some.sql")]
            }
            sound.expectNothing()
            #expect(sound.detail(.smoke) == "2 files returned what they should")
            for (name, problem) in [
                ("found", "returned 3 rows"), ("writes", "read-only transaction"), ("wrong", "does not exist"),
            ] {
                let report = try await project.drill { $0.smokeFiles = [folder.file("bad/\(name).sql")] }
                #expect(report.found == [.smoke])
                #expect(report.detail(.smoke).contains(problem), "\(report.detail(.smoke))")
                #expect(!report.detail(.smoke).contains("user 1"))
            }
        }
    }

    /// The restore may have taken hours, so what it showed is not thrown away.
    @Test func anErrorAfterTheRestoreKeepsTheReport() async throws {
        try await DrillProject.with { project in
            let report = try await project.drill(
                "DO $$ BEGIN PERFORM pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid()); END $$"
            )
            #expect(report.interruption is PostgresError)
            #expect(report.rtoSeconds != nil && report.rows == 1000)
            #expect(!report.isOK && report.findings == [])
            #expect(report.omissions.contains { $0.what.contains("the checks") }, "\(report.omissions)")
            #expect(report.kept == nil)
        }
    }

    @Test func aSmokeFileThatCannotBeReadIsNamedBeforeTheRestore() async throws {
        try await DrillProject.with { project in
            let error = await drillError {
                try await project.drill { $0.smokeFiles = [project.project.folder.file("none.sql")] }
            }
            #expect(error?.code == .file)
        }
    }

    @Test func aSmokeQueryThatTakesTooLongIsStopped() async throws {
        try await DrillProject.with(files: ["slow.sql": "SELECT pg_catalog.pg_sleep(30)"]) { project in
            let report = try await project.drill {
                $0.smokeFiles = [project.project.folder.file("slow.sql")]
                $0.smokeTimeout = .milliseconds(300)
            }
            #expect(report.found == [.smoke])
            #expect(report.detail(.smoke).contains("took longer than 0.3 s"))
        }
    }
}
