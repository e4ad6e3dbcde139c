import TestSupport
import Testing

/// Runs every command as the owner of one schema, who may create neither databases nor schemas nor roles, as on managed
/// services. Commands that are not possible must name the reason and the role that could run them.
@Suite struct OrdinaryOwnerTests {
    @Test func everythingWorksForTheOwnerOfOneSchema() async throws {
        try await Tenant.with { tenant in
            let shown = try await tenant.run("env", "show", "--env", "development")
            #expect(shown.stdout.contains("not marked"), "\(shown)")
            try await tenant.prepare()

            try #expect(await tenant.run("migrate", "status").stdout.split(separator: "\n").count == 3)
            try await tenant.succeeds("migrate", "down", "--confirm", "2")
            try await tenant.succeeds("migrate", "up")
            try await tenant.succeeds("seed", "--common")
            try await tenant.succeeds("seed", "--generate", "shop.orders", "--rows", "50")
            let original = try await tenant.portrait()

            try #expect(await tenant.succeeds("backup", "--service", "shop", "--output", "a.zip").stdout == "a.zip\n")
            try #expect(await tenant.succeeds("backup", "--schema", "shop", "--output", "b.sql").stdout == "b.sql\n")
            try #expect(await tenant.succeeds("verify", "a.zip").stdout.contains("52 rows"))
            try #expect(await tenant.succeeds("tables").stdout.contains("2 tables"))
            let counted = try await tenant.succeeds("counts", "--exact", "--since", "a.zip")
            #expect(counted.stdout.contains("0 tables of 2 changed"), "\(counted)")
            try #expect(await tenant.succeeds("schema").stdout.contains("table shop.orders"))
            let sql = try await tenant.succeeds("schema", "--format", "sql")
            #expect(sql.stdout.contains("CREATE TABLE shop.orders"))
            let doctor = try await tenant.succeeds("doctor")
            #expect(doctor.stdout.contains("note     rights        no CREATEDB, not the owner of the database"))
            #expect(
                doctor.stdout.contains("note     rows          1 tables of other schemas cannot be read"),
                "\(doctor)"
            )

            // Cleaned, and restored with the printed line.
            let cleaned = try await tenant.succeeds("clean", "--confirm", tenant.database)
            #expect(cleaned.stderr.contains("gone: 52 rows of 2 tables"), "\(cleaned)")
            try #expect(await tenant.sql("SELECT count(*) FROM shop.orders") == "0")
            let line = try #require(
                cleaned.description.split(separator: "\n").last { $0.hasPrefix("granary restore ") }
            )
            try await tenant.succeeds(line.split(separator: " ").dropFirst().map(String.init))
            try #expect(await tenant.portrait() == original)

            for way in [["--in-place"], ["--schema", "shop"], [], ["--data-only"]] {
                try await tenant.sql("UPDATE shop.orders SET note = 'changed'; DELETE FROM shop.orders WHERE id > 7")
                try await tenant.succeeds(["restore", "a.zip", "--confirm", tenant.database] + way)
                try #expect(await tenant.portrait() == original, "\(way)")
            }
            try await tenant.sql("DELETE FROM shop.orders WHERE id > 7")
            try await tenant.succeeds(
                ["restore", "a.zip", "--table", "shop.orders", "--rows", "missing", "--confirm", tenant.database]
            )
            try #expect(await tenant.portrait() == original)

            let reset = try await tenant.succeeds("reset", "--confirm", tenant.database)
            #expect(reset.stdout.contains("2 migrations applied: version 2"), "\(reset)")
            try #expect(await tenant.sql("SELECT count(*) FROM shop.customers") == "2")
            try await tenant.succeeds("migrate", "down", "--all", "--confirm", "0")
            try #expect(
                await tenant.sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'shop'::regnamespace") == "0"
            )
        }
    }

    /// Kinds of objects in schemas, each of which must be dropped individually.
    @Test func aSchemaThatCannotBeRecreatedIsEmptiedAndFilled() async throws {
        try await Tenant.with { tenant in
            try await tenant.prepare()
            try await psql(tenant.adminURL, "CREATE EXTENSION citext SCHEMA shop")
            try await tenant.sql(
                """
                CREATE DOMAIN shop.amount AS int CHECK (value > 0);
                CREATE TYPE shop.pair AS (a int, b shop.amount);
                CREATE TYPE shop.mood AS ENUM ('calm', 'Wild "one"');
                CREATE TYPE shop.span AS RANGE (subtype = int);
                CREATE FUNCTION shop.equal(shop.pair, shop.pair) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
                CREATE OPERATOR shop.=== (LEFTARG = shop.pair, RIGHTARG = shop.pair, FUNCTION = shop.equal);
                CREATE FUNCTION shop.compare(shop.pair, shop.pair) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 0';
                CREATE PROCEDURE shop."do it"(INOUT a int) LANGUAGE sql AS 'SELECT 1';
                CREATE AGGREGATE shop.total(int) (sfunc = int4pl, stype = int);
                CREATE COLLATION shop.plain (locale = 'C');
                CREATE TEXT SEARCH DICTIONARY shop.words (template = simple);
                CREATE TEXT SEARCH CONFIGURATION shop.search (copy = pg_catalog.simple);
                CREATE SEQUENCE shop.free START 7;
                CREATE TABLE shop.mail (a shop.citext, p shop.pair, m shop.mood, s shop.span) PARTITION BY LIST (a);
                CREATE TABLE shop.mail_a PARTITION OF shop.mail FOR VALUES IN ('a');
                INSERT INTO shop.mail VALUES ('A', (1, 2), 'calm', '[1,5)');
                CREATE TABLE shop."Child" (extra text) INHERITS (shop.customers);
                CREATE STATISTICS shop.known ON id, customer_id FROM shop.orders;
                CREATE VIEW shop.v AS SELECT * FROM shop.mail;
                CREATE MATERIALIZED VIEW shop."M v" AS SELECT * FROM shop.v;
                CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
                CREATE TRIGGER touched BEFORE UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.touch();
                GRANT SELECT ON shop.v TO pg_monitor;
                ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO pg_monitor;
                COMMENT ON SCHEMA shop IS 'of the shop';
                """
            )
            let original = try await tenant.portrait()
            try await tenant.succeeds("backup", "--service", "shop", "--output", "a.zip")
            try await tenant.succeeds("restore", "a.zip", "--confirm", tenant.database)
            try #expect(await tenant.portrait() == original)
            // Restores into a schema that contains only an extension, and again into one with other objects.
            try await tenant.sql("DROP TABLE shop.mail, shop.orders, shop.customers CASCADE")
            try await tenant.succeeds("restore", "a.zip", "--confirm", tenant.database)
            try #expect(await tenant.portrait() == original)

            // Dependent objects in other schemas are not dropped without permission.
            try await psql(
                tenant.adminURL,
                "CREATE VIEW other.of_shop AS SELECT count(*) FROM shop.orders; CREATE TABLE other.mail (a shop.citext)"
            )
            let refused = try await tenant.run("restore", "a.zip", "--confirm", tenant.database)
            #expect(refused.status == 1)
            #expect(
                refused.stderr.contains("would drop objects in other schemas that depend on it: view other.of_shop\n"),
                "\(refused)"
            )
            try #expect(await tenant.portrait() == original)
        }
    }

    @Test func forbiddenActionsNameTheRoleThatCouldRunThem() async throws {
        try await Tenant.with { tenant in
            try await tenant.prepare()
            try await tenant.succeeds("backup", "--service", "shop", "--output", "a.zip")
            let original = try await tenant.portrait()

            let whole = try await tenant.run("backup", "--output", "whole.zip")
            #expect(whole.status == 1)
            #expect(
                whole.stderr.contains("\(tenant.role) may not read everything that the backup needs: permission denied")
            )
            #expect(whole.stderr.contains("hint: back up what you own with --service or --schema"), "\(whole)")
            #expect(!tenant.folder.names().contains("whole.zip"))

            let into = try await tenant.run("restore", "a.zip", "--into", "elsewhere")
            #expect(into.status == 1)
            #expect(into.stderr.contains("role \(tenant.role) may not create databases"))
            #expect(
                into.stderr.contains("hint: ALTER ROLE \(tenant.role) CREATEDB, or restore with --in-place"),
                "\(into)"
            )

            try await tenant.succeeds("backup", "--schema", "shop", "--output", "b.sql")
            let text = try await tenant.run("restore", "b.sql", "--in-place", "--confirm", tenant.database)
            #expect(text.status == 1)
            #expect(text.stderr.contains("permission denied for database \(tenant.database)"))
            #expect(text.stderr.contains("hint: run it as a role that may do so; an archive"), "\(text)")

            // Granary cannot tell that it is the same server, because the target is not named.
            let scratch = try await runCommand(
                granaryBinary(),
                ["validate", "--scratch-url", tenant.url],
                workingDirectory: tenant.folder.path
            )
            #expect(scratch.status == 3)
            #expect(scratch.stderr.contains("\(tenant.role) may not create databases on the server of --scratch-url"))
            #expect(scratch.stderr.contains("hint: ALTER ROLE \"\(tenant.role)\" CREATEDB there"), "\(scratch)")

            // A role that may read everything makes a backup of the whole database, including granary's tables. These
            // are not replaced.
            try await psql(
                tenant.adminURL,
                "GRANT USAGE ON SCHEMA other TO \(tenant.role); GRANT SELECT ON other.secret TO \(tenant.role)"
            )
            try await tenant.succeeds("backup", "--output", "whole.zip")
            let over = try await tenant.run("restore", "whole.zip", "--in-place", "--confirm", tenant.database)
            #expect(over.status == 1)
            #expect(
                over.stderr.contains("nothing was changed, because \(tenant.role) may not give objects to granary")
            )
            #expect(over.stderr.contains("; \(tenant.role) may not drop granary.environment, "), "\(over)")
            #expect(over.stderr.contains(" or restore a schema that is yours with --schema"), "\(over)")
            try await tenant.succeeds("restore", "whole.zip", "--schema", "shop", "--confirm", tenant.database)
            try #expect(await tenant.portrait() == original)
        }
    }

    @Test func underForcedRowSecurityThereIsAnErrorAndNeverAShorterBackup() async throws {
        try await Tenant.with { tenant in
            try await tenant.prepare()
            try await tenant.succeeds("seed", "--common")
            try await tenant.succeeds("backup", "--service", "shop", "--output", "a.zip")
            try await tenant.sql(
                """
                CREATE POLICY few ON shop.customers USING (email LIKE 'a%');
                ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY
                """
            )
            try #expect(await tenant.sql("SELECT count(*) FROM shop.customers") == "1")
            let commands = [
                ["backup", "--service", "shop", "--output", "b.zip"],
                ["backup", "--service", "shop", "--output", "b.sql"],
                ["backup", "--table", "shop.customers", "--output", "b.sql.gz"],
                ["clean", "--confirm", tenant.database], ["clean", "--plan"],
                ["seed", "--common"], ["seed", "--generate", "shop.customers", "--rows", "5"],
                ["migrate", "down", "--all", "--confirm", "0"],
                ["restore", "a.zip", "--data-only", "--confirm", tenant.database],
                ["restore", "a.zip", "--table", "shop.customers", "--rows", "missing", "--confirm", tenant.database],
                ["restore", "a.zip", "--table", "shop.customers", "--rows", "replace", "--confirm", tenant.database],
            ]
            for command in commands {
                let refused = try await tenant.run(command)
                // Tables that --generate cannot fill are left out.
                #expect(refused.status == (command.contains("--generate") ? 2 : 1), "\(command) \(refused)")
                let hint = refused.stderr.split(separator: "\n").last { $0.hasPrefix("hint: ") }
                #expect(hint?.contains("NO FORCE ROW LEVEL SECURITY") == true, "\(command) \(refused)")
            }
            for name in ["b.zip", "b.sql", "b.sql.gz"] { #expect(!tenant.folder.names().contains(name)) }
            try #expect(await psql(tenant.adminURL, "SELECT count(*) FROM shop.customers") == "2")
            let counted = try await tenant.succeeds("counts", "--exact")
            #expect(counted.stdout.contains("row security"))
            #expect(
                counted.stderr.contains("not counted, because row security hides some of their rows: shop.customers\n")
            )
            #expect(counted.stderr.contains("ALTER TABLE … NO FORCE ROW LEVEL SECURITY"), "\(counted)")
            let doctor = try await tenant.run("doctor")
            #expect(doctor.status == 2)
            #expect(doctor.stdout.contains("problem  rows          row security hides rows of 1 tables"), "\(doctor)")

            // A restore of the schema recreates the table and its policy, so it need not read the old rows.
            try await tenant.succeeds("restore", "a.zip", "--confirm", tenant.database)
            try #expect(await tenant.sql("SELECT count(*) FROM shop.customers") == "2")
        }
    }
}

/// A role that owns the schema `shop` in a separate database, and the folder of a service.
private struct Tenant {
    let database: String
    let role: String
    let url: String
    let adminURL: String
    let folder: ScratchFolder

    static func with(_ body: (Tenant) async throws -> Void) async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { adminURL in
                let database = try await psql(adminURL, "SELECT current_database()")
                let role = "owner_of_\(database)"
                let user = "user=\(ThrowawayServer.superuser)"
                let tenant = Tenant(
                    database: database,
                    role: role,
                    url: adminURL.replacing(user, with: "user=\(role)"),
                    adminURL: adminURL,
                    folder: folder
                )
                try await psql(
                    adminURL,
                    """
                    CREATE ROLE \(role) LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
                    CREATE SCHEMA shop AUTHORIZATION \(role);
                    CREATE SCHEMA other; CREATE TABLE other.secret AS SELECT 1 AS a;
                    """
                )
                try tenant.writeFiles()
                try await body(tenant)
                try await psql(adminURL, "DROP OWNED BY \(role) CASCADE; DROP ROLE \(role)")
            }
        }
    }

    /// The steps that the owner of the database takes once, and the first migrations.
    func prepare() async throws {
        let early = try await run("env", "mark", "development")
        #expect(early.status == 1)
        #expect(
            early.stderr.contains("hint: let the database's owner run `granary init --grant \(role)` once"),
            "\(early)"
        )
        let granted = try await runCommand(
            granaryBinary(),
            ["init", "--grant", role, "--database-url", adminURL],
            workingDirectory: folder.path
        )
        #expect(granted.status == 0, "\(granted)")
        try await succeeds("env", "mark", "development")
        try await succeeds("migrate", "up")
    }

    private func writeFiles() throws {
        let config = #"{"allow_destructive_operations": true, "backup_required": true}"#
        try folder.write(
            #"{"service": "shop", "environments": {"development": {"config": \#(config)}}}"#,
            to: "migrations/environments.json"
        )
        try folder.write(
            """
            -- Customers and their orders. Elsewhere the schema is made by whoever made the database.
            DO $$ BEGIN IF to_regnamespace('shop') IS NULL THEN CREATE SCHEMA shop; END IF; END $$;
            CREATE TABLE shop.customers (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE);
            CREATE TABLE shop.orders (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                customer_id bigint NOT NULL REFERENCES shop.customers, total numeric(10, 2) NOT NULL DEFAULT 0);
            CREATE INDEX orders_customer_idx ON shop.orders (customer_id);
            """,
            to: "migrations/000001_first.up.sql"
        )
        try folder.write("DROP TABLE shop.orders, shop.customers;", to: "migrations/000001_first.down.sql")
        try folder.write("ALTER TABLE shop.orders ADD COLUMN note text;", to: "migrations/000002_note.up.sql")
        try folder.write("ALTER TABLE shop.orders DROP COLUMN note;", to: "migrations/000002_note.down.sql")
        try folder.write(
            """
            key: [email]
            rows:
              - {email: a@shop.test}
              - {email: b@shop.test}
            """,
            to: "seeds/common/customers.yaml"
        )
        try folder.write("", to: "backups/.gitkeep")
    }

    func run(_ arguments: String...) async throws -> CommandOutcome { try await run(arguments) }

    func run(_ arguments: [String]) async throws -> CommandOutcome {
        try await runCommand(
            granaryBinary(),
            arguments,
            environment: ["DATABASE_URL": url],
            workingDirectory: folder.path
        )
    }

    @discardableResult
    func succeeds(_ arguments: String...) async throws -> CommandOutcome { try await succeeds(arguments) }

    @discardableResult
    func succeeds(_ arguments: [String]) async throws -> CommandOutcome {
        let outcome = try await run(arguments)
        try #require(outcome.status == 0, "\(arguments) \(outcome)")
        return outcome
    }

    @discardableResult
    func sql(_ statements: String) async throws -> String { try await psql(url, statements) }

    /// The schema and its rows from pg_dump as a set of lines, because the order of rows does not matter.
    func portrait() async throws -> String {
        let outcome = try await runCommand("pg_dump", ["--schema=shop", "-d", adminURL])
        try #require(outcome.status == 0, "\(outcome)")
        return outcome.stdout.split(separator: "\n").filter { !$0.contains("restrict ") }.sorted().joined(
            separator: "\n"
        )
    }
}
