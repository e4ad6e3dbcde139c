import TestSupport
import Testing

/// The owner of a database must not gain the rights of a superuser who runs granary on it.
@Suite struct HostileOwnerTests {
    private func granary(
        _ arguments: [String],
        at url: String,
        in folder: ScratchFolder
    ) async throws -> CommandOutcome {
        try await runCommand(granaryBinary(), arguments + ["--database-url", url], workingDirectory: folder.path)
    }

    /// Writes a service with a migration and seeds.
    private func writeService(_ folder: ScratchFolder) throws {
        try folder.write(#"{"service": "shop", "schemas": ["shop"]}"#, to: "migrations/environments.json")
        try folder.write("CREATE TABLE shop.more (id integer PRIMARY KEY);\n", to: "migrations/000001_more.up.sql")
        try folder.write("DROP TABLE shop.more;\n", to: "migrations/000001_more.down.sql")
        let rows = """
            - {code: a, title: first, price: 1.5, at: 2026-01-01}
            - {code: b, title: second, price: 2.5, at: 2026-01-02}

            """
        try folder.write(rows, to: "seeds/common/items.yaml")
    }

    private static let tables = """
        CREATE SCHEMA shop;
        CREATE TABLE shop.items (code varchar(20) PRIMARY KEY, title text NOT NULL, price numeric, at date,
            CHECK (price > 0));
        CREATE TABLE shop.parts (id serial PRIMARY KEY, item varchar(20) REFERENCES shop.items, label name);
        INSERT INTO shop.items VALUES ('a', 'old', 1, '2026-01-01'), ('z', 'last', 9, '2026-01-01');
        INSERT INTO shop.parts (item, label) VALUES ('a', 'one'), ('z', 'two');
        CREATE VIEW shop.cheap AS SELECT code FROM shop.items WHERE price < 5;
        """

    @Test func noCommandRunsFunctionsOfTheSearchPath() async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                let database = try await psql(url, "SELECT current_database()")
                try writeService(folder)
                try await psql(url, Self.tables)
                try await HostileOwner.fill(url)
                let commands = [
                    ["env", "show"], ["doctor"], ["env", "mark", "development"], ["env", "show"], ["doctor"],
                    ["tables"], ["tables", "--all"], ["counts"], ["counts", "--exact"], ["schema"],
                    ["schema", "--format", "md"], ["schema", "--format", "sql"],
                    ["migrate", "status"], ["migrate", "plan"], ["migrate", "up"], ["migrate", "status"],
                    ["seed", "--common", "--plan"], ["seed", "--common"],
                    ["seed", "--generate", "shop.parts", "--rows", "10"],
                    ["backup", "--output", "a.zip"], ["backup", "--output", "a.sql"],
                    ["migrate", "down", "--confirm", "1"],
                    ["clean", "--plan"], ["clean", "--confirm", database],
                    ["restore", "a.zip", "--plan"],
                    ["restore", "a.zip", "--in-place", "--trust", "--confirm", database],
                    ["restore", "a.zip", "--data-only", "--trust", "--confirm", database],
                    ["restore", "a.zip", "--trust", "--drop-old", "--confirm", database],
                ]
                var heard = 0
                for command in commands {
                    let outcome = try await granary(command, at: url, in: folder)
                    let alarms = HostileOwner.alarms(server, database)
                    #expect(alarms.dropFirst(heard) == [], "\(command)")
                    heard = alarms.count
                    // A refused command has not run anything.
                    #expect([0, 2].contains(outcome.status), "\(command): \(outcome)")
                }
            }
        }
    }

    /// Seeds run with the search path of the service, in whose schema the owner can create anything.
    @Test func seedsRunNothingOfTheServicesSchema() async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                let database = try await psql(url, "SELECT current_database()")
                try writeService(folder)
                try await psql(url, Self.tables)
                try await HostileOwner.fill(url, schema: "shop")
                for command in [["env", "mark", "development"], ["seed", "--common"], ["seed", "--common"]] {
                    let outcome = try await granary(command, at: url, in: folder)
                    #expect(outcome.status == 0, "\(command): \(outcome)")
                    #expect(HostileOwner.alarms(server, database) == [], "\(command)")
                }
                let rows =
                    "SET search_path = pg_catalog; SELECT string_agg(code || ' ' || title, ', ' ORDER BY code) FROM shop.items"
                try await #expect(psql(url, rows) == "a first, b second, z last")
            }
        }
    }

    /// Objects in the place of granary's tables, and the messages about them.
    private static let impostors: [(sql: String, words: String)] = [
        (
            "DROP TABLE granary.environment; CREATE VIEW granary.environment AS SELECT public.own('view') AS name, ''::text AS fingerprint",
            "granary.environment is a view"
        ),
        (
            "DROP TABLE granary.migrations; CREATE MATERIALIZED VIEW granary.migrations AS SELECT 1 AS version",
            "granary.migrations is a materialized view"
        ),
        (
            "CREATE FUNCTION public.fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM public.own('trigger'); RETURN NEW; END $$; CREATE TRIGGER fire BEFORE INSERT ON granary.migration_log FOR EACH ROW EXECUTE FUNCTION public.fire()",
            "granary.migration_log has the trigger fire"
        ),
        (
            "CREATE RULE redirect AS ON DELETE TO granary.migrations DO INSTEAD SELECT public.own('rule')",
            "granary.migrations has the rule redirect"
        ),
        (
            "ALTER TABLE granary.seeds ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON granary.seeds USING (public.own('policy') = '')",
            "granary.seeds has row security"
        ),
        (
            "ALTER TABLE granary.environment ALTER COLUMN marked_by SET DEFAULT public.own('default')",
            "granary.environment has the column marked_by with an expression"
        ),
        (
            "ALTER TABLE granary.environment ALTER COLUMN marked_by SET DEFAULT query_to_xml('SELECT public.own(''x'')', true, true, '')::text",
            "granary.environment has the column marked_by with an expression"
        ),
        (
            "ALTER TABLE granary.seeds ADD COLUMN more text GENERATED ALWAYS AS (public.own(source)) STORED",
            "granary.seeds has the column more with an expression"
        ),
        ("CREATE INDEX clever ON granary.migrations (public.own('index'))", "granary.migrations has the index clever"),
        (
            "CREATE INDEX clever ON granary.migrations (version) WHERE public.own('index') = 'index'",
            "granary.migrations has the index clever"
        ),
        (
            "ALTER TABLE granary.migrations ADD CHECK (public.own('check') = 'check')",
            "granary.migrations has the constraint"
        ),
        (
            "CREATE TABLE public.child () INHERITS (granary.environment)",
            "granary.environment is part of an inheritance"
        ),
        (
            "CREATE STATISTICS granary.clever ON version, name FROM granary.migrations",
            "granary.migrations has the statistics clever"
        ),
        (
            "CREATE DOMAIN public.word AS text CHECK (public.own(VALUE) <> ''); ALTER TABLE granary.environment ALTER COLUMN name TYPE public.word",
            "granary.environment has the column name of the type public.word"
        ),
        (
            "CREATE TYPE public.pair AS (a text); ALTER TABLE granary.seeds ADD COLUMN more public.pair",
            "granary.seeds has the column more of the type public.pair"
        ),
    ]

    @Test(arguments: impostors.indices) func onlyOrdinaryTablesAreRead(index: Int) async throws {
        let (sql, words) = Self.impostors[index]
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                let database = try await psql(url, "SELECT current_database()")
                try writeService(folder)
                try await psql(url, Self.tables + HostileOwner.ownFunction)
                try #require(try await granary(["env", "mark", "development"], at: url, in: folder).status == 0)
                try await psql(url, sql)
                let commands = [
                    ["env", "show"], ["migrate", "status"], ["migrate", "up"], ["clean", "--plan"], ["seed", "--plan"],
                    ["backup", "--output", "a.zip"], ["env", "mark", "staging", "--force"],
                ]
                for command in sampled(commands, every: 3, round: index) + [["doctor"]] {
                    let outcome = try await granary(command, at: url, in: folder)
                    #expect(HostileOwner.alarms(server, database) == [], "\(command)")
                    // Each command refuses only because of the tables that it needs; the doctor names all.
                    guard command != ["doctor"] else {
                        #expect(outcome.status == 2 && outcome.stdout.contains(words), "\(outcome)")
                        continue
                    }
                    guard outcome.status != 0 else { continue }
                    #expect(outcome.status == 3 && outcome.stderr.contains(words), "\(command): \(outcome)")
                }
                #expect(try await granary(["backup", "--output", "a.zip"], at: url, in: folder).status == 3)
            }
        }
    }

    @Test func aTableOfSomebodyElsesIsNotTouched() async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                let database = try await psql(url, "SELECT current_database()")
                try #require(try await granary(["env", "mark", "development"], at: url, in: folder).status == 0)
                try await psql(
                    url,
                    "CREATE ROLE mallory_\(database); ALTER TABLE granary.migrations OWNER TO mallory_\(database)"
                )
                let refused = try await granary(["backup", "--output", "a.zip"], at: url, in: folder)
                #expect(
                    refused.status == 3 && refused.stderr.contains("granary.migrations belongs to mallory_\(database)")
                )
                // A role that may create schemas could have created granary's.
                try await psql(url, "GRANT CREATE ON DATABASE \(database) TO mallory_\(database)")
                let taken = try await granary(["backup", "--output", "a.zip"], at: url, in: folder)
                #expect(taken.status == 0, "\(taken)")
                try await psql(url, "DROP OWNED BY mallory_\(database)")
            }
        }
    }

    @Test(arguments: [
        (
            "CREATE VIEW shop.schema_migrations AS SELECT 1::bigint AS version, public.own('view') = '' AS dirty",
            "is a view"
        ),
        (
            "CREATE TABLE shop.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL); CREATE INDEX clever ON shop.schema_migrations (public.own('index'))",
            "has the index clever"
        ),
        (
            "CREATE TABLE shop.schema_migrations (version bigint PRIMARY KEY, dirty boolean DEFAULT (public.own('x') = 'x'))",
            "has the column dirty with an expression"
        ),
    ])
    func golangMigratesTableIsAnOrdinaryOne(sql: String, words: String) async throws {
        let server = try await ThrowawayServer.shared()
        try await ScratchFolder.with { folder in
            try await server.withDatabase { url in
                let database = try await psql(url, "SELECT current_database()")
                try writeService(folder)
                try await psql(url, Self.tables + HostileOwner.ownFunction + sql)
                try #require(try await granary(["env", "mark", "development"], at: url, in: folder).status == 0)
                for command in [["migrate", "status"], ["migrate", "up"]] {
                    let outcome = try await granary(command, at: url, in: folder)
                    #expect(
                        outcome.status == 3 && outcome.stderr.contains("shop.schema_migrations \(words)"),
                        "\(outcome)"
                    )
                }
                // A backup contains the table, but need not read it.
                let backup = try await granary(["backup", "--output", "a.zip"], at: url, in: folder)
                #expect(backup.status == 0, "\(backup)")
                // Creating the index called the function, but granary did not.
                #expect(HostileOwner.alarms(server, database) == [])
            }
        }
    }
}
