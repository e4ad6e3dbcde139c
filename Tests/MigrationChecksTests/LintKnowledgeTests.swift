import SQLText
import TestSupport
import Testing

@testable import MigrationChecks

/// The linter's knowledge of objects of the same file, of earlier files, and of partitioned tables.
@Suite struct LintKnowledgeTests {
    private func findings(
        _ sql: String,
        after before: String = "",
        name: String = "000007_change.up.sql"
    ) throws
        -> [Finding]
    {
        var linter = Linter()
        linter.learn(from: try parsedFile(before))
        return try linter.findings(in: parsedFile(sql, name))
    }

    private func rules(
        _ sql: String,
        after before: String = "",
        name: String = "000007_change.up.sql"
    ) throws
        -> [String]
    {
        try findings(sql, after: before, name: name).map(\.rule)
    }

    @Test(arguments: [
        "CREATE TABLE app.n (id bigint PRIMARY KEY); ALTER TABLE app.n RENAME TO m; CREATE INDEX i ON app.m (id);",
        "CREATE TABLE app.n (id bigint); ALTER TABLE app.n SET SCHEMA old; CREATE INDEX i ON old.n (id);",
        "SET search_path = app, public; CREATE TABLE n (id bigint); CREATE INDEX i ON app.n (id);",
        "SET search_path TO 'app'; CREATE TABLE app.n (id bigint); CREATE INDEX i ON n (id);",
        "CREATE TABLE n (id bigint); CREATE INDEX i ON app.n (id);",
        "CREATE TABLE app.n (id bigint); CREATE INDEX i ON n (id);",
        "CREATE TABLE app.n (id bigint); ALTER TABLE app.n RENAME TO m; ALTER TABLE app.m RENAME TO o; DELETE FROM app.o;",
    ])
    func createdObjectsAreNewUnderAllTheirNames(sql: String) throws { try #expect(rules(sql) == []) }

    @Test(arguments: [
        "CREATE TABLE app.n (id bigint); ALTER TABLE app.n RENAME TO m; CREATE INDEX i ON app.n (id);",
        "SET search_path = old; CREATE TABLE n (id bigint); CREATE INDEX i ON app.n (id);",
        "SET search_path = old; CREATE TABLE n (id bigint); RESET search_path; CREATE INDEX i ON app.n (id);",
        "CREATE TABLE old.n (id bigint); CREATE INDEX i ON app.n (id);",
    ])
    func anotherTableOfTheNameIsNotNew(sql: String) throws {
        try #expect(rules(sql) == ["require-concurrent-index-creation"])
    }

    @Test func anIndexOfATableThatGoesNeedsNoCareOfItsOwn() throws {
        let table = "CREATE TABLE app.t (a int); CREATE INDEX i ON app.t (a);"
        let deletion = ["require-concurrent-index-deletion"]
        let down = "000007_change.down.sql"
        try #expect(rules("DROP INDEX app.i;", after: table, name: down) == deletion)
        try #expect(rules("DROP INDEX app.i; DROP TABLE app.t;", after: table, name: down) == [])
        try #expect(rules("DROP INDEX app.i; DROP TABLE app.u;", after: table, name: down) == deletion)
        let renamed = "\(table) ALTER INDEX app.i RENAME TO j;"
        try #expect(rules("DROP INDEX app.j; DROP TABLE app.t;", after: renamed, name: down) == [])
    }

    private static let partitioned = """
        CREATE TABLE app.u (id bigint PRIMARY KEY);
        CREATE TABLE app.p (id bigint NOT NULL, u bigint, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
        CREATE INDEX p_at ON app.p (at);
        CREATE INDEX p_u ON app.p (u);
        """

    /// Each with a part of the hint.
    @Test(arguments: [
        ("CREATE INDEX i ON app.p (at);", "require-concurrent-index-creation", "ON ONLY app.p"),
        ("ALTER TABLE app.p ADD FOREIGN KEY (u) REFERENCES app.u;", "adding-foreign-key-constraint", "each partition"),
        (
            "ALTER TABLE app.p ADD FOREIGN KEY (u) REFERENCES app.u NOT VALID;", "adding-foreign-key-constraint",
            "each partition"
        ),
        ("ALTER TABLE app.p ADD UNIQUE (u, at);", "disallowed-unique-constraint", "ATTACH PARTITION"),
        ("CREATE INDEX CONCURRENTLY i ON app.p (u);", "refused-on-partitioned-table", "ON ONLY app.p"),
        ("DROP INDEX CONCURRENTLY app.p_at;", "refused-on-partitioned-table", "write DROP INDEX"),
        ("ALTER TABLE ONLY app.p ADD UNIQUE USING INDEX i;", "refused-on-partitioned-table", "ALTER TABLE ONLY app.p"),
        ("ALTER TABLE ONLY app.p ADD UNIQUE (u);", "refused-on-partitioned-table", "add the column"),
        ("CREATE UNIQUE INDEX i ON ONLY app.p (u);", "refused-on-partitioned-table", "add the column"),
        (
            "CREATE TABLE app.q (id int PRIMARY KEY, at date) PARTITION BY LIST (at);", "refused-on-partitioned-table",
            "add the column"
        ),
    ])
    func theHintForAPartitionedTableWorksThere(sql: String, rule: String, hint: String) throws {
        let found = try findings(sql, after: Self.partitioned)
        #expect(found.map(\.rule) == [rule])
        #expect(found.first?.hint?.contains(hint) == true, "\(found.first?.hint ?? "")")
        #expect(found.first?.severity == (rule == "refused-on-partitioned-table" ? .error : .warning))
    }

    /// The server decides which forms are refused.
    @Test(arguments: [
        ("CREATE INDEX CONCURRENTLY i ON app.p (u);", true), ("CREATE INDEX i ON ONLY app.p (u);", false),
        ("DROP INDEX CONCURRENTLY app.p_at;", true), ("DROP INDEX app.p_at;", false),
        ("ALTER TABLE app.p ADD UNIQUE (u);", true), ("ALTER TABLE ONLY app.p ADD UNIQUE (at, u);", false),
        ("CREATE UNIQUE INDEX i ON app.p (u);", true), ("CREATE UNIQUE INDEX i ON app.p (u, at);", false),
        ("BEGIN; REINDEX TABLE app.p; COMMIT;", true), ("REINDEX TABLE CONCURRENTLY app.p;", false),
        ("BEGIN; REINDEX INDEX app.p_at; COMMIT;", true), ("REINDEX TABLE app.p;", nil),
        ("CREATE TABLE app.q (id int, at date, UNIQUE (id)) PARTITION BY LIST (at);", true),
        ("CREATE TABLE app.q (id int, at date, UNIQUE (id, at)) PARTITION BY LIST (at);", false),
        ("ALTER TABLE app.d DETACH PARTITION app.d1 CONCURRENTLY;", true),
        ("ALTER TABLE app.d DETACH PARTITION app.d1;", false),
        ("DROP TABLE app.d2; ALTER TABLE app.d DETACH PARTITION app.d1 CONCURRENTLY;", false),
        ("ALTER TABLE app.d2 RENAME TO d3; ALTER TABLE app.d DETACH PARTITION app.d1 CONCURRENTLY;", true),
    ])
    func onlyRefusedStatementsAreFound(sql: String, isRefused: Bool?) async throws {
        let before = """
            CREATE SCHEMA app; \(Self.partitioned)
            CREATE TABLE app.d (id int) PARTITION BY LIST (id);
            CREATE TABLE app.d1 PARTITION OF app.d FOR VALUES IN (1);
            CREATE TABLE app.d2 PARTITION OF app.d DEFAULT;
            """
        let found = try rules(sql, after: before).contains("refused-on-partitioned-table")
        // A REINDEX of a table that is not partitioned can run in granary's transaction.
        #expect(found == (isRefused ?? true))
        try await ThrowawayServer.shared().withDatabase { url in
            _ = try await psql(url, before)
            let outcome = try? await psql(url, sql.replacing("; ", with: ";\n"))
            #expect((outcome == nil) == (isRefused ?? false), "\(sql)")
        }
    }

    @Test func aDefaultOfAFunctionThatFilesSayIsSteadyCostsNothing() throws {
        let add = "ALTER TABLE app.t ADD COLUMN c text DEFAULT app.f();"
        let function = "CREATE FUNCTION app.f() RETURNS text LANGUAGE sql % AS 'SELECT 1::text';"
        let slow = ["adding-field-with-default"]
        try #expect(rules(add) == slow)
        for word in ["IMMUTABLE", "STABLE"] {
            try #expect(rules(add, after: function.replacing("%", with: word)) == [])
            try #expect(rules(function.replacing("%", with: word) + add) == [])
        }
        for word in ["", "VOLATILE"] { try #expect(rules(add, after: function.replacing("%", with: word)) == slow) }
        let overloaded =
            function.replacing("%", with: "IMMUTABLE")
            + function.replacing("f()", with: "f(a int)").replacing("%", with: "")
        try #expect(rules(add, after: overloaded) == slow)
        let unqualified = add.replacing("app.f()", with: "f()")
        try #expect(rules(unqualified, after: function.replacing("%", with: "IMMUTABLE")) == [])
    }

    @Test func textBecomesCitextWithoutARewrite() throws {
        let table = "CREATE TABLE app.t (a text, b text, c varchar(9), d citext);"
        let change = { (column: String, type: String) in "ALTER TABLE app.t ALTER \(column) TYPE \(type);" }
        try #expect(rules(change("a", "citext"), after: table) == [])
        try #expect(rules(change("a", "public.citext"), after: table) == [])
        try #expect(rules(change("c", "citext"), after: table) == [])
        try #expect(rules(change("d", "text"), after: table) == [])
        try #expect(rules(change("d", "varchar(9)"), after: table) == ["changing-column-type"])
        let found = try findings(change("b", "citext"), after: "\(table) CREATE INDEX i ON app.t (b);")
        #expect(found.map(\.rule) == ["changing-column-type"])
        #expect(found.first?.message == "the indexes on app.t.b are rebuilt to change its type from text to citext")
    }

    @Test func aTypeOfTheSameFileIsNotInUse() throws {
        let rules = { (sql: String) in
            try Linter(rules: [
                "require-enum-value-ordering", "renaming-enum-value", "ban-alter-domain-with-add-constraint",
            ])
            .findings(in: parsedFile(sql)).map(\.rule)
        }
        let changes =
            "ALTER TYPE app.e ADD VALUE 'b'; ALTER TYPE app.e RENAME VALUE 'a' TO 'c'; "
            + "ALTER DOMAIN app.d ADD CHECK (value > 0);"
        try #expect(rules("CREATE TYPE app.e AS ENUM ('a'); CREATE DOMAIN app.d AS int; \(changes)") == [])
        try #expect(rules(changes).count == 3)
    }

    @Test(arguments: [
        ("CREATE TABLE app.c (k bigint PRIMARY KEY, u int REFERENCES app.u);", 1),
        ("CREATE TABLE app.c (k bigint PRIMARY KEY, u smallint, FOREIGN KEY (u) REFERENCES app.u (id));", 1),
        ("CREATE TABLE app.c (k bigint PRIMARY KEY, u bigint REFERENCES app.u);", 0),
        (
            "CREATE TABLE app.c (k bigint PRIMARY KEY, u int REFERENCES app.u); ALTER TABLE app.c ALTER u TYPE bigint;",
            0
        ),
        ("CREATE TABLE app.c (k int PRIMARY KEY, v int REFERENCES app.v, w bigint REFERENCES app.v);", 0),
        ("ALTER TABLE app.w ADD COLUMN u integer REFERENCES app.u (id);", 1),
        ("CREATE TABLE app.c (k bigint PRIMARY KEY, u int REFERENCES app.x);", 0),
    ])
    func aForeignKeyThatIsNarrowerThanItsKeyIsFound(sql: String, count: Int) throws {
        let before = """
            CREATE TABLE app.u (id bigserial PRIMARY KEY); CREATE TABLE app.v (id int PRIMARY KEY);
            CREATE TABLE app.w (id bigint, PRIMARY KEY (id));
            """
        var linter = Linter(rules: ["foreign-key-narrower-than-key"])
        linter.learn(from: try parsedFile(before))
        let found = try linter.findings(in: parsedFile(sql))
        #expect(found.count == count)
        if count > 0 { #expect(found[0].message.contains("app.u.id, to which it refers, is ")) }
    }

    @Test(arguments: [
        ("UPDATE app.t SET a = 1;", 1), ("DELETE FROM app.t;", 1), ("UPDATE app.t SET a = 1 WHERE true;", 0),
        ("DELETE FROM app.t WHERE id = 1;", 0), ("CREATE TABLE app.n (a int); UPDATE app.n SET a = 1;", 0),
        ("UPDATE app.t SET a = o.a FROM app.o AS o;", 1),
    ])
    func aWriteToAllRowsIsFound(sql: String, count: Int) throws {
        try #expect(rules(sql).count { $0 == "missing-where" } == count)
        // A down file is meant to delete rows.
        try #expect(!rules(sql, name: "000007_change.down.sql").contains("missing-where"))
    }

    /// On the same line the findings could not be told apart, and with another hint that hint would be lost.
    @Test func findingsThatALineCannotIdentifyAreKept() {
        let finding = { (message: String, line: Int, hint: String?) in
            Finding(rule: "x", severity: .warning, file: "a.sql", line: line, message: message, hint: hint)
        }
        let gathered = [
            finding("a", 1, nil), finding("b", 1, nil), finding("c", 2, nil), finding("d", 2, nil),
            finding("e", 3, "do e"), finding("f", 4, "do f"), finding("g", 5, "do e"),
        ].gathered
        #expect(gathered.map(\.message) == ["a; also in line 2", "b", "d", "e; also in line 5", "f"])
    }

    @Test func repeatedFindingsAreMergedWithTheirLines() {
        let finding = { (rule: String, severity: Finding.Severity, line: Int) in
            Finding(rule: rule, severity: severity, file: "a.sql", line: line, message: "\(rule) at \(line)")
        }
        var other = finding("x", .warning, 4)
        other.file = "b.sql"
        let gathered = [
            finding("x", .warning, 2), finding("y", .info, 3), finding("x", .warning, 4), finding("x", .warning, 9),
            finding("z", .error, 5), finding("z", .error, 6), other,
        ].gathered
        #expect(
            gathered.map(\.message) == [
                "x at 2; also in lines 4, 9", "y at 3", "z at 5", "z at 6", "x at 4",
            ]
        )
        #expect(gathered.map(\.moreLines) == [[4, 9], [], [], [], []])
    }
}
