import Bookkeeping
import Migrations
import PostgresClient
import Project
import TestSupport
import Testing

/// The first run in a database that another tool migrates. Nothing runs until the user has said which service the
/// tool's ledger belongs to.
@Suite struct OtherLedgerTests {
    /// A file that would delete existing rows, and a table with rows.
    private static let files: KeyValuePairs = [
        "1_users.up.sql": "DROP TABLE IF EXISTS users;\nCREATE TABLE users (id int PRIMARY KEY);",
        "1_users.down.sql": "DROP TABLE users;",
    ]
    private static let users = "CREATE TABLE users AS SELECT generate_series(1, 500) AS id;"

    /// The tables of each tool after one migration, and the message of the refusal.
    static let ledgers: [(sql: String, says: String)] = [
        (
            "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);"
                + "INSERT INTO schema_migrations VALUES (1, false)",
            "public.schema_migrations has version 1 (golang-migrate)"
        ),
        (
            "CREATE TABLE ledger (version bigint PRIMARY KEY, dirty boolean NOT NULL);"
                + "INSERT INTO ledger VALUES (1, true)",
            "public.ledger has version 1, dirty (golang-migrate)"
        ),
        (
            "CREATE TABLE goose_db_version (id serial PRIMARY KEY, version_id bigint NOT NULL, is_applied boolean NOT NULL,"
                + " tstamp timestamp DEFAULT now());"
                + "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (2, true), (2, false)",
            "public.goose_db_version lists 1 migration, 1 (goose)"
        ),
        (
            "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);"
                + "INSERT INTO schema_migrations VALUES ('9'), ('10')",
            "public.schema_migrations lists 2 migrations, the last one 10 (dbmate or Rails)"
        ),
        (
            "CREATE TABLE schema_migrations (version varchar PRIMARY KEY); CREATE TABLE ar_internal_metadata (key text);"
                + "INSERT INTO schema_migrations VALUES ('20240101000000')",
            "public.schema_migrations lists 1 migration, 20240101000000 (Rails)"
        ),
        (
            "CREATE TABLE flyway_schema_history (installed_rank int, version varchar(50), description text, type varchar(20),"
                + " script text, checksum int, installed_by text, installed_on timestamp, execution_time int, success bool);"
                + "INSERT INTO flyway_schema_history (installed_rank, version, type, script, success) VALUES"
                + " (0, NULL, 'SCHEMA', 'x', true), (1, '1.1', 'SQL', 'V1_1__a.sql', true), (2, NULL, 'SQL', 'R__v.sql', true)",
            "public.flyway_schema_history lists 2 migrations, the last one 1.1 (Flyway)"
        ),
        (
            "CREATE TABLE _sqlx_migrations (version bigint, description text, installed_on timestamptz, success boolean,"
                + " checksum bytea, execution_time bigint); INSERT INTO _sqlx_migrations (version, success) VALUES (1, true)",
            "public._sqlx_migrations lists 1 migration, 1 (SQLx)"
        ),
        (
            "CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('ab12')",
            "public.alembic_version has version ab12 (Alembic)"
        ),
        (
            "CREATE TABLE _prisma_migrations (id varchar(36), checksum varchar(64), finished_at timestamptz,"
                + " migration_name varchar(255), logs text, rolled_back_at timestamptz, started_at timestamptz,"
                + " applied_steps_count int); INSERT INTO _prisma_migrations (migration_name, started_at, rolled_back_at)"
                + " VALUES ('1_a', now(), NULL), ('2_b', now() + '1 s', now())",
            "public._prisma_migrations lists 1 migration, 1_a (Prisma)"
        ),
        (
            "CREATE TABLE databasechangelog (id text, author text, filename text, dateexecuted timestamp, orderexecuted int,"
                + " exectype text, md5sum text); INSERT INTO databasechangelog (id, orderexecuted) VALUES ('b', 1), ('a', 2)",
            "public.databasechangelog lists 2 migrations, the last one a (Liquibase)"
        ),
    ]

    @Test(arguments: ledgers)
    func theFirstRunIsRefusedWithTheContentOfTheLedger(_ ledger: (sql: String, says: String)) async throws {
        try await TestProject.with(migrations: Self.files) { project in
            try await project.sql("\(Self.users) \(ledger.sql)")
            for request in [MigrationRequest.up(nil), .up(1), .goto(1)] {
                let error = await failure { try await project.migrator().run(request) }
                #expect(error?.code == .disagreement)
                #expect(error?.description.hasPrefix(ledger.says) == true, "\(error?.description ?? "")")
                #expect(error?.hint?.contains("--beside public.") == true)
            }
            try await #expect(project.sql("SELECT count(*) FROM users") == "500")
            let state = try await project.migrator().status()[0]
            #expect(state.otherLedgers.map(\.sentence) == [ledger.says])
            #expect(state.otherLedgerObstacle != nil)
            try await #expect(project.migrator().plan(.up(nil)).obstacles.first?.message.hasPrefix(ledger.says) == true)
        }
    }

    /// The tables of each tool before its first migration, and tables that only look like a ledger.
    @Test(arguments: [
        "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)",
        "CREATE TABLE goose_db_version (id serial, version_id bigint, is_applied boolean, tstamp timestamp);"
            + "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true)",
        "CREATE TABLE databasechangeloglock AS SELECT 1 AS id, false AS locked",
        "CREATE TABLE river_migration AS SELECT 'main' AS line, 1::bigint AS version",
        "CREATE TABLE migrations AS SELECT 'swallow' AS species",
    ])
    func anEmptyLedgerDoesNotStopTheFirstRun(sql: String) async throws {
        try await TestProject.with(migrations: Self.files) { project in
            try await project.sql(sql)
            try await #expect(project.up().appliedSteps.map(\.version) == [1])
        }
    }

    @Test func aLedgerElsewhereGetsOneNote() async throws {
        try await TestProject.with(migrations: Self.files) { project in
            try await project.sql(
                """
                CREATE SCHEMA auth; CREATE TABLE auth.schema_migrations (version varchar PRIMARY KEY);
                INSERT INTO auth.schema_migrations VALUES ('1'); CREATE SCHEMA b; CREATE TABLE b.alembic_version AS
                    SELECT 'x' AS version_num
                """
            )
            try await #expect(
                project.migrator().plan(.up(nil)).notes == [
                    "another tool migrates this database too: auth.schema_migrations lists 1 migration, 1 (dbmate or Rails); "
                        + "b.alembic_version has version x (Alembic)"
                ]
            )
            try await #expect(project.up().appliedSteps.map(\.version) == [1])
            try await #expect(project.migrator().status()[0].otherLedgers == [])
        }
    }

    @Test(arguments: ["CREATE TABLE auth.t ();", "SET search_path = auth;\nCREATE TABLE t ();"])
    func aLedgerInASchemaThatThePendingFilesTouchIsRefused(file: String) async throws {
        try await TestProject.with(migrations: ["1_a.up.sql": "CREATE SCHEMA IF NOT EXISTS x;", "2_b.up.sql": file]) {
            project in
            try await project.sql(
                "CREATE SCHEMA auth; CREATE TABLE auth.alembic_version AS SELECT 'x' AS version_num"
            )
            let error = await failure { try await project.up(1) }
            #expect(error?.description.hasPrefix("auth.alembic_version has version x") == true)
        }
    }

    @Test func besideIsRememberedForAllServicesOfTheDatabase() async throws {
        try await TestProject.with(migrations: Self.files) { project in
            try await project.sql(Self.ledgers[0].sql)
            for name in ["users", "public.users", "schema_migration"] {
                let error = await failure { try await project.up { $0.beside = [name] } }
                #expect(error?.code == .usage)
                #expect(error?.hint?.contains("public.schema_migrations") == true)
            }
            try await #expect(project.migrator { $0.beside = ["schema_migrations"] }.plan(.up(nil)).obstacles.isEmpty)
            // A plan records nothing.
            let refused = await failure { try await project.up() }
            #expect(refused?.code == .disagreement)
            try await project.up { $0.beside = ["public.schema_migrations"] }
            try await project.down(nil)
            try await project.up()
            try await ScratchFolder.with { folder in
                let other = TestProject(server: project.server, url: project.url, folder: folder, service: "pay")
                try other.writeMigration("CREATE TABLE paid ();", to: "1_p.up.sql")
                try await #expect(other.up().appliedSteps.map(\.version) == [1])
            }
            try await #expect(project.sql("SELECT * FROM schema_migrations") == "1|f")
        }
    }

    @Test func environmentsJSONDeclaresLedgersOfOtherServices() async throws {
        try await TestProject.with(migrations: Self.files) { project in
            try project.writeMigration(#"{"beside": ["public.schema_migrations"]}"#, to: "environments.json")
            try await project.sql(Self.ledgers[0].sql)
            try await #expect(project.up().appliedSteps.map(\.version) == [1])
        }
    }

    @Test func adoptAndBaselineContinueFromTheLedger() async throws {
        try await TestProject.with(migrations: Self.files) { project in
            try await project.sql("\(Self.users) \(Self.ledgers[0].sql)")
            let error = await failure { try await project.up() }
            #expect(error?.hint?.contains("`granary migrate adopt --table public.schema_migrations`") == true)
            _ = try await project.migrator().adopt(TableName(schema: "public", name: "schema_migrations"))
            try await #expect(project.up().appliedSteps.isEmpty)
            try await #expect(project.sql("SELECT count(*) FROM users") == "500")
        }
        // A tool whose migrations are not SQL files.
        try await TestProject.with(migrations: Self.files) { project in
            try await project.sql(
                """
                \(Self.users) CREATE TABLE schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp);
                INSERT INTO schema_migrations VALUES (1)
                """
            )
            let error = await failure { try await project.up() }
            #expect(error?.hint?.contains("`granary migrate baseline 1`") == true, "\(error?.hint ?? "")")
            _ = try await project.migrator().baseline(1)
            try await #expect(project.up().appliedSteps.isEmpty)
            try await #expect(project.sql("SELECT count(*) FROM users") == "500")
        }
    }

    /// In the service's own schema the name of the table is enough. In `public` it never is, even if that schema is
    /// declared.
    @Test(arguments: [(schema: "shop", isDeclared: false), (schema: "public", isDeclared: true)])
    func golangMigratesTableIsAdoptedUnaskedOnlyInADeclaredSchema(schema: String, isDeclared: Bool) async throws {
        try await TestProject.with(migrations: GolangMigrateTests.three) { project in
            try await project.sql(GolangMigrateTests.left(at: 2, in: schema))
            let change: (inout MigratorOptions) -> Void = {
                $0.services[0].service = Service(
                    name: "shop",
                    schemas: [schema],
                    declaresSchemas: isDeclared,
                    folder: project.migrations
                )
            }
            let error = await failure { try await project.up(nil, change) }
            #expect(error?.description.hasPrefix("\(schema).schema_migrations has version 2") == true)
            _ = try await project.migrator(change).adopt(nil)
            try await #expect(project.up(nil, change).appliedSteps.map(\.version) == [3])
            try await #expect(project.row(in: schema) == "3|f")
        }
    }

    @Test func anExistingTableStopsUpBeforeAnythingRuns() async throws {
        try await TestProject.with(migrations: [
            "1_a.up.sql": "CREATE TABLE public.a ();", "2_b.up.sql": "CREATE TABLE public.b ();",
        ]) { project in
            try await project.sql("CREATE TABLE public.b ()")
            let error = await failure { try await project.up() }
            #expect(error?.code == .disagreement)
            #expect(error?.description == "2_b is not applied, but the table public.b that it creates exists already")
            #expect(error?.hint?.contains("`granary migrate baseline 2`") == true)
            try await #expect(project.sql("SELECT to_regclass('public.a') IS NULL") == "t")
            // A run of one step does not reach that file.
            try await #expect(project.up(1).appliedSteps.map(\.version) == [1])
            try project.writeMigration("CREATE TABLE IF NOT EXISTS public.b ();", to: "2_b.up.sql")
            try await #expect(project.up().appliedSteps.map(\.version) == [2])
        }
    }

    @Test func aDatabaseThatHasBeenMigratedIsNotAskedAboutAgain() async throws {
        try await TestProject.with(migrations: Self.files) { project in
            try await project.up()
            try await project.sql(Self.ledgers[0].sql)
            try await project.down(nil)
            try await #expect(project.up().appliedSteps.map(\.version) == [1])
        }
    }

    /// The owner of a table controls its content, which must not decide what runs when granary reads it.
    @Test func aLedgerOfAnotherShapeIsNotRead() async throws {
        try await TestProject.with(migrations: Self.files) { project in
            try await project.sql(
                """
                CREATE TABLE alembic_version (version_num varchar(32)); INSERT INTO alembic_version VALUES ('a');
                ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY
                """
            )
            let error = await failure { try await project.up() }
            #expect(
                error?.description.hasPrefix(
                    "public.alembic_version is the ledger of Alembic, but this role has no right to read it"
                )
                    == true
            )
        }
    }
}
