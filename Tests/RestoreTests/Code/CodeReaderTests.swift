import Archive
import Testing

@testable import Restore

/// Code is found in archives from untrusted sources.
@Suite struct CodeReaderTests {
    private func code(_ sql: String) -> CodeInventory {
        var reader = CodeReader()
        reader.read(sql)
        return reader.inventory
    }

    @Test(arguments: [
        "CREATE TABLE public.t (a bigint DEFAULT nextval('s'::regclass) NOT NULL, b text DEFAULT lower('A'), CHECK (length(b) > 0))",
        "CREATE TABLE t (a int GENERATED ALWAYS AS (abs(b)) STORED, b int, at timestamptz DEFAULT now())",
        "CREATE TABLE t PARTITION OF u FOR VALUES FROM (1) TO (2)", "ALTER TABLE ONLY u ATTACH PARTITION t DEFAULT",
        "ALTER TABLE ONLY t ADD CONSTRAINT k PRIMARY KEY (a)", "ALTER TABLE t ALTER COLUMN a SET STATISTICS 7",
        "ALTER TABLE ONLY t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u(a) ON DELETE CASCADE",
        "CREATE UNIQUE INDEX i ON t USING btree (lower(b)) WHERE a IS NOT NULL", "CREATE INDEX ON t USING gin (b)",
        "CREATE SEQUENCE s AS integer START WITH 1", "ALTER SEQUENCE s OWNED BY t.a", "CREATE SCHEMA x",
        "CREATE TYPE e AS ENUM ('a', 'b')", "CREATE TYPE c AS (a int, b text)",
        "CREATE DOMAIN d AS text CHECK (VALUE <> '')",
        "CREATE VIEW v AS SELECT count(*) AS n, max(t.a) AS m FROM t WHERE t.b ~~ 'x%'::text",
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a WITH NO DATA", "REFRESH MATERIALIZED VIEW m",
        "COMMENT ON TABLE t IS 'CREATE FUNCTION f()'", "GRANT SELECT ON TABLE t TO app",
        "REVOKE ALL ON TABLE t FROM PUBLIC",
        "ALTER TABLE t OWNER TO ada", "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON t USING (owner = CURRENT_USER)", "CREATE STATISTICS st ON a, b FROM t",
        "CREATE PUBLICATION p FOR TABLE t", "CREATE COLLATION c (provider = icu, locale = 'de')",
        "SET default_tablespace = ''", "", ";", "-- nothing",
    ])
    func whatOnlyDescribesIsHarmless(sql: String) {
        let code = code(sql)
        #expect(code.isHarmless, "\(code.lines)")
        #expect(code.lines == [])
    }

    @Test(arguments: [
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", ["1 function in sql"]),
        (
            "CREATE PROCEDURE f() LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN END'",
            ["1 function in plpgsql, 1 of them SECURITY DEFINER"]
        ),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SECURITY INVOKER AS 'x'", ["1 function in plpgsql"]),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'system'; CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; END",
            ["2 functions in c 1, sql 1"]
        ),
        ("CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION f()", ["1 trigger"]),
        ("CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()", ["1 event trigger"]),
        ("CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM u", ["1 rule"]),
        ("CREATE EXTENSION IF NOT EXISTS file_fdw WITH SCHEMA public", ["the extension file_fdw"]),
        ("CREATE TRUSTED PROCEDURAL LANGUAGE plperl HANDLER h", ["the language plperl"]),
        ("CREATE PROCEDURAL LANGUAGE plperl", ["the extension plperl"]),
        ("DO $$BEGIN EXECUTE 'DROP TABLE x'; END$$", ["1 statement DO"]),
        ("COPY t FROM PROGRAM 'id'", ["1 statement COPY"]), ("COPY (SELECT 1) TO PROGRAM 'id'", ["1 statement COPY"]),
        ("SELECT pg_read_file('/etc/passwd')", ["1 statement SELECT"]), ("DROP TABLE x", ["1 statement DROP TABLE"]),
        ("CREATE SCHEMA x CREATE TABLE t (a int)", ["1 statement CREATE SCHEMA"]),
        ("ALTER SYSTEM SET archive_command = 'id'", ["1 statement ALTER SYSTEM"]),
        ("SET session_preload_libraries = '/tmp/x'", ["1 statement SET"]), ("LOAD '/tmp/x'", ["1 statement LOAD"]),
        ("CREATE OPERATOR = (FUNCTION = f, LEFTARG = t, RIGHTARG = t)", ["1 statement CREATE OPERATOR"]),
        ("CREATE CAST (a AS b) WITH FUNCTION f(a)", ["1 statement CREATE CAST"]),
        ("CREATE SERVER s FOREIGN DATA WRAPPER w", ["1 statement CREATE SERVER"]),
        ("CREATE FOREIGN TABLE f (a int) SERVER s", ["1 statement CREATE FOREIGN TABLE"]),
        // Checks, defaults, indexes, policies and views execute the functions that they call.
        (
            "CREATE TABLE t (a text CHECK (query_to_xml('DROP TABLE x', true, true, '') IS NOT NULL))",
            ["calls of query_to_xml"]
        ),
        (
            "CREATE TABLE t (a text DEFAULT pg_catalog.pg_read_file('/etc/passwd'))",
            ["calls of pg_catalog.pg_read_file"]
        ),
        ("CREATE TABLE t (a text DEFAULT evil.lower('A'))", ["calls of evil.lower"]),
        ("CREATE INDEX ON t (public.f(a))", ["calls of public.f"]),
        ("CREATE VIEW v AS SELECT lo_import('/etc/passwd') AS a, dblink('x', 'y')", ["calls of dblink, lo_import"]),
        ("CREATE POLICY p ON t USING (f())", ["calls of f"]),
        ("ALTER DOMAIN d ADD CONSTRAINT c CHECK (f(VALUE))", ["calls of f"]),
        ("CREATE TABEL t ()", ["1 statement that cannot be read"]), ("\\! id", ["1 statement that cannot be read"]),
        ("CREATE TABLE t (); \\! id", ["1 statement that cannot be read"]),
    ])
    func whatRunsIsNamed(sql: String, lines: [String]) {
        let code = code(sql)
        #expect(code.lines == lines)
        #expect(!code.isHarmless)
    }

    @Test func rolesAreNamedAndAreNoCode() {
        let code = code("ALTER SCHEMA x OWNER TO ada; GRANT SELECT ON t TO app, PUBLIC; REVOKE ALL ON t FROM bob")
        #expect(code.isHarmless)
        #expect(code.roleLines == ["objects of ada", "privileges for PUBLIC, app"])
    }

    // Archives.

    private func archived(
        _ item: Manifest.SchemaItem? = nil,
        _ options: RestoreOptions = RestoreOptions(file: "x.zip"),
        _ change: (inout Manifest) -> Void = { _ in }
    ) throws -> CodeInventory {
        var manifest = Manifest(
            granary: "0.1.0",
            createdAt: "2026-11-23T07:15:00Z",
            database: .init(name: "shop", encoding: "UTF8", collate: "C", ctype: "C", owner: "shop"),
            server: .init(version: "15.18", versionNumber: 150018),
            snapshot: "1"
        )
        manifest.schemas = ["public"]
        manifest.tables = [
            .init(number: 1, oid: 7, schema: "public", name: "t", columns: [.init(name: "a", type: "integer")])
        ]
        manifest.schema = [item].compactMap(\.self)
        change(&manifest)
        return try CodeReader(manifest, options).inventory
    }

    /// The archive's description of itself is as untrusted as its content.
    @Test func codeIsFoundWhereverAStatementIsTakenFrom() throws {
        let evil = "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x', 'y'"
        func table(_ sql: String = "CREATE TABLE public.t (a integer)") -> Manifest.SchemaItem {
            .init(id: 1, section: .preData, kind: "TABLE", schema: "public", name: "t", owner: "ada", sql: sql)
        }
        #expect(try archived(table()).isHarmless)
        #expect(try archived(table("CREATE TABLE public.t (a integer); \(evil)")).functions == ["c": 1])
        var item = table()
        item.ownable = "TABLE public.t"
        #expect(try archived(item).isHarmless)
        #expect(try archived(item).owners == ["ada"])
        item.ownable = "TABLE t OWNER TO ada; \(evil); ALTER TABLE t"
        #expect(try archived(item).functions == ["c": 1])
        item = table()
        item.index = .init(create: evil, attach: "ALTER TABLE t ADD PRIMARY KEY USING INDEX i")
        #expect(try archived(item).functions == ["c": 1])
        item.index = .init(create: "CREATE UNIQUE INDEX i ON t (a)", attach: evil)
        #expect(try archived(item).functions == ["c": 1])
    }

    @Test func whatADropRunsCountsWhereDropsRun() throws {
        var item = Manifest.SchemaItem(id: 1, section: .preData, kind: "CAST", name: "c", sql: "")
        item.dropSQL = "DROP CAST (a AS b); DO 'x'"
        #expect(try archived(item).isHarmless)
        var inPlace = RestoreOptions(file: "x.zip")
        inPlace.inPlace = true
        #expect(try archived(item, inPlace).others == ["DO": 1])
        item.dropSQL = "DROP CAST (a AS b)"
        #expect(try archived(item, inPlace).isHarmless)
    }

    @Test func rowsAloneRunNothing() throws {
        let function = Manifest.SchemaItem(
            id: 1,
            section: .preData,
            kind: "FUNCTION",
            schema: "public",
            name: "f()",
            sql: "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'"
        )
        var options = RestoreOptions(file: "x.zip")
        #expect(try archived(function, options).functions == ["sql": 1])
        options.tables = [.init(table: "t")]
        #expect(try archived(function, options).isHarmless)
        options.rows = .missing
        #expect(try archived(function, options).isHarmless)
        options = RestoreOptions(file: "x.zip")
        options.dataOnly = true
        #expect(try archived(function, options).isHarmless)
    }

    @Test func theTypesOfACopyAreLookedAt() throws {
        var options = RestoreOptions(file: "x.zip")
        options.tables = [.init(table: "t", newName: "u")]
        #expect(try archived(nil, options).isHarmless)
        let code = try archived(nil, options) {
            $0.tables[0].columns[0].type = "integer); DO 'x'; CREATE TABLE v (c integer"
        }
        #expect(code.others == ["DO": 1])
    }

    @Test func settingsThatLoadCodeAreNamed() throws {
        let code = try archived {
            $0.database.settings = [
                .init(name: "work_mem", value: "1GB"), .init(name: "Session_Preload_Libraries", value: "x"),
                .init(role: "app", name: "plperl.on_init", value: "y"), .init(name: "app.tenant", value: "z"),
            ]
        }
        #expect(code.lines == ["the settings Session_Preload_Libraries, plperl.on_init"])
    }

    /// An archive cannot know whether the server has a role of that name, and with which rights.
    @Test func rolesOfMembersAndTheirSettingsAreNamed() throws {
        func role(_ name: String, _ settings: [String] = [], memberOf: [String] = []) -> Manifest.Role {
            Manifest.Role(
                name: name,
                attributes: ["LOGIN"],
                connectionLimit: -1,
                validUntil: nil,
                settings: settings.map { .init(name: $0, value: "x") },
                comment: nil,
                password: nil,
                memberOf: memberOf.map { .init(role: $0, admin: false, inherit: nil, set: nil) }
            )
        }
        let roles = [
            role("harmless", ["work_mem"]), role("evil", memberOf: ["postgres"]), role("late", ["plperl.on_init"]),
        ]
        let options = RestoreOptions(file: "x.zip")
        var withRoles = options
        withRoles.createsRoles = true
        #expect(try archived(nil, options) { $0.roleDefinitions = roles }.isHarmless)
        let code = try archived(nil, withRoles) { $0.roleDefinitions = roles }
        #expect(code.lines == ["the role evil (member of postgres)", "the setting plperl.on_init"])
    }

    @Test(arguments: [
        ("SET plperl.on_init = 'x'", ["the setting plperl.on_init"]),
        ("SET SESSION \"plperl.on_init\" TO 'x'", ["the setting plperl.on_init"]),
        ("SET search_path = public", []),
        ("SELECT pg_catalog.set_config('search_path', '', false)", []),
        ("SELECT pg_catalog.set_config('plperl.on_init', 'x', false)", ["1 statement SELECT"]),
    ])
    func settingsInAPlainDumpAreReadToo(sql: String, lines: [String]) {
        var reader = CodeReader()
        reader.read(dumped: Array(sql.utf8))
        #expect(reader.inventory.lines == lines)
    }

    @Test func theWayBackOfMigrationsIsNamed() throws {
        let rows = try archived {
            $0.tables[0].schema = "granary"
            $0.tables[0].name = "migrations"
            $0.tables[0].rows = 3
        }
        #expect(rows.lines == ["3 down migrations in the ledger"])
        #expect(try archived { $0.tables[0].rows = 3 }.isHarmless)
        let ledger = try archived { manifest in
            let scripts = ["DROP TABLE t", " \n", nil]
            manifest.ledger = [
                .init(
                    service: "shop",
                    schemas: ["public"],
                    migrations: scripts.enumerated().map { index, sql in
                        .init(
                            version: index + 1,
                            name: "m",
                            layer: "",
                            downSQL: sql,
                            verified: true,
                            appliedAt: "2026-11-23T07:15:00.000001Z",
                            appliedBy: "ada",
                            requires: []
                        )
                    },
                    log: []
                )
            ]
        }
        #expect(ledger.lines == ["1 down migration in the ledger"])
    }

    @Test(arguments: ["CONNECT ON DATABASE x TO y; DROP", "", "A B", "ALL;", "É"])
    func aKeywordOfAnArchiveIsAWord(text: String) throws {
        let error = try #require(throws: RestoreError.self) { _ = try ArchivedWord(text) }
        #expect(error.message.contains("where a keyword should be"))
        #expect(try ArchivedWord("CONNECT").text == "CONNECT")
    }
}
