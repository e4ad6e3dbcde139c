import Migrations
import Project
import SQLText
import TestSupport
import Testing

@testable import MigrationChecks

/// Tests of the linter with whole files.
@Suite struct LinterTests {
    private func rules(
        _ sql: String,
        _ linter: Linter = Linter(),
        name: String = "000007_change.up.sql"
    ) throws
        -> [String]
    {
        try linter.findings(in: parsedFile(sql, name)).map(\.rule)
    }

    private func schema(_ sql: String) throws -> SchemaModel {
        var schema = SchemaModel()
        schema.learn(from: try SQLScript(sql))
        return schema
    }

    @Test func objectsOfTheSameFileAreNotInUse() throws {
        let file = """
            CREATE TABLE shop.a (id int NOT NULL, b int, c text);
            CREATE INDEX a_b ON shop.a (b);
            ALTER TABLE shop.a ADD PRIMARY KEY (id), ADD UNIQUE (c), ADD CHECK (b > 0), ALTER b SET NOT NULL;
            ALTER TABLE shop.a ALTER c TYPE varchar(3), ADD d uuid DEFAULT gen_random_uuid(), ADD e int NOT NULL;
            ALTER TABLE shop.a RENAME COLUMN c TO cc;
            ALTER TABLE shop.a DROP COLUMN cc;
            UPDATE shop.a SET b = 1;
            DROP INDEX shop.a_b;
            DROP TABLE shop.a;
            """
        try #expect(rules(file) == [])
        // The same statements on a table that exists before the file.
        let there = file.split(separator: "\n").dropFirst().joined(separator: "\n")
        let found = try Set(rules("-- no-transaction\n\(there)"))
        #expect(
            found == [
                "require-concurrent-index-creation", "adding-serial-primary-key-field", "disallowed-unique-constraint",
                "constraint-missing-not-valid", "adding-not-nullable-field", "changing-column-type",
                "adding-field-with-default", "adding-required-field", "renaming-column", "ban-drop-column",
                "ban-drop-table", "missing-where",
            ]
        )
    }

    @Test func aFindingHasThePlaceAndTheSafeForm() throws {
        let finding = try #require(
            Linter().findings(in: parsedFile("-- x\n\nALTER TABLE shop.a\n    ADD b int,\n    ADD c int NOT NULL;"))
                .first
        )
        #expect(finding.rule == "adding-required-field")
        #expect(finding.file == "000007_change.up.sql" && finding.line == 5 && finding.column == 9)
        #expect(finding.severity == .error)
        #expect(finding.message == "existing rows of shop.a have no c")
        #expect(finding.hint == LintRules.byName["adding-required-field"]?.safeForm)
    }

    @Test func theSizeOfTheTableIsReportedAndSmallTablesAreInfos() throws {
        var linter = Linter()
        let severity = { (linter: Linter, sql: String) in
            try linter.findings(in: parsedFile(sql)).map { "\($0.severity.rawValue): \($0.message)" }
        }
        let table = RelationName(schema: "shop", name: "a")
        let index = "CREATE INDEX i ON shop.a (b)"
        try #expect(severity(linter, index) == ["warning: writes to shop.a are blocked until the index is built"])
        linter.tableSizes[table] = 1 << 20
        try #expect(
            severity(linter, index) == ["warning: writes to shop.a are blocked until the index is built; it has 1.0 MB"]
        )
        linter.tableSizes[table] = 1 << 20 - 1
        try #expect(severity(linter, index).first?.hasPrefix("info: ") == true)
        // Loss and failure do not depend on the size of the table.
        try #expect(severity(linter, "DROP TABLE shop.a").first?.hasPrefix("warning: ") == true)
        try #expect(severity(linter, "ALTER TABLE shop.a ADD c int NOT NULL").first?.hasPrefix("error: ") == true)
    }

    @Test(arguments: [
        (0, "0 kB"), (499, "0 kB"), (8192, "8 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (9_949_999, "9.9 MB"),
        (12_400_000, "12 MB"), (3_500_000_000, "3.5 GB"), (2_000_000_000_000, "2.0 TB"),
    ])
    func sizesReadWell(bytes: Int, text: String) { #expect(Linter.size(bytes) == text) }

    @Test func aDownMayTakeAwayAndIsWarnedOfLocks() throws {
        let down = "000007_change.down.sql"
        try #expect(rules("DROP TABLE shop.a", name: down) == [])
        try #expect(rules("ALTER TABLE shop.a DROP COLUMN b", name: down) == [])
        try #expect(rules("DROP INDEX shop.i", name: down) == ["require-concurrent-index-deletion"])
        let findings = try Linter().findings(in: parsedFile("ALTER TABLE shop.a ADD c int NOT NULL", down))
        #expect(findings.map(\.severity) == [.warning])
        let refused = "DROP INDEX CONCURRENTLY shop.i; DROP TABLE shop.a;"
        try #expect(Linter().findings(in: parsedFile(refused, down)).map(\.severity) == [.error])
    }

    @Test func filesBeforeAreRemembered() throws {
        var linter = Linter()
        linter.learn(
            from: try parsedFile(
                """
                CREATE TABLE shop.a (id bigint PRIMARY KEY, code varchar(9), b int);
                CREATE TABLE shop.b (id bigint PRIMARY KEY, a bigint, x bigint);
                CREATE INDEX b_a ON shop.b (a, x);
                CREATE INDEX b_x ON shop.b (x) WHERE x > 0;
                """
            )
        )
        try #expect(rules("ALTER TABLE shop.a ALTER code TYPE varchar(10)", linter) == [])
        try #expect(rules("ALTER TABLE shop.a ALTER code TYPE varchar(8)", linter) == ["changing-column-type"])
        try #expect(rules("ALTER TABLE shop.a ALTER code TYPE text USING code::text", linter) == [])
        try #expect(
            rules("ALTER TABLE shop.a ALTER code TYPE text USING upper(code)", linter) == ["changing-column-type"]
        )
        let key = "ALTER TABLE shop.b ADD FOREIGN KEY (%) REFERENCES shop.a (id) NOT VALID"
        try #expect(rules(key.replacing("%", with: "a"), linter) == [])
        try #expect(rules(key.replacing("%", with: "x, a"), linter) == [])
        // A partial index, or one that begins with other columns, does not help.
        try #expect(rules(key.replacing("%", with: "x"), linter) == ["foreign-key-without-index"])
        // The linter knows nothing about this table.
        try #expect(rules("ALTER TABLE shop.c ADD FOREIGN KEY (x) REFERENCES shop.a (id) NOT VALID", linter) == [])
        linter.learn(from: try parsedFile("DROP INDEX shop.b_a; ALTER TABLE shop.a RENAME TO aa;"))
        try #expect(rules(key.replacing("%", with: "a"), linter) == ["foreign-key-without-index"])
        try #expect(rules("ALTER TABLE shop.aa ALTER code TYPE text", linter) == [])
        try #expect(rules("ALTER TABLE shop.a ALTER code TYPE text", linter) == ["changing-column-type"])
    }

    @Test func aCheckMakesSetNotNullQuickOnceItIsValid() throws {
        let table = "CREATE TABLE shop.a (b int, c int);"
        let set = "ALTER TABLE shop.a ALTER b SET NOT NULL"
        let check = "ALTER TABLE shop.a ADD CONSTRAINT k CHECK (b IS NOT NULL AND c IS NOT NULL)"
        let slow = ["adding-not-nullable-field"]
        try #expect(rules(set, Linter(schema: schema(table))) == slow)
        try #expect(rules(set, Linter(schema: schema("\(table) \(check) NOT VALID"))) == slow)
        let valid = Linter(schema: try schema("\(table) \(check) NOT VALID; ALTER TABLE shop.a VALIDATE CONSTRAINT k"))
        try #expect(rules(set, valid) == [])
        try #expect(rules("\(set), DROP CONSTRAINT k", valid) == slow)
        let dropped = Linter(schema: try schema("\(table) \(check); ALTER TABLE shop.a DROP CONSTRAINT k"))
        try #expect(rules(set, dropped) == slow)
    }

    @Test func locksAreHeldUntilTheTransactionEnds() throws {
        let (a, b) = ("ALTER TABLE shop.a ADD x int;", "ALTER TABLE shop.b ADD x int;")
        let several = ["several-access-exclusive-locks"]
        try #expect(rules(a + b) == several)
        try #expect(rules("-- no-transaction\n\(a)\(b)") == [])
        try #expect(rules("BEGIN; \(a) COMMIT; \(b)") == [])
        try #expect(rules("BEGIN; \(a) \(b) COMMIT;") == several)
        try #expect(rules("BEGIN; \(a) COMMIT AND CHAIN; \(b) COMMIT;") == [])
        try #expect(rules(a + a) == [])
        try #expect(rules("CREATE TABLE shop.a (); \(a)\(b)") == [])
        let work = ["work-under-access-exclusive-lock"]
        try #expect(rules("\(a) DELETE FROM shop.b WHERE x > 0;") == work)
        try #expect(rules("\(a) INSERT INTO shop.b SELECT * FROM shop.c;") == work)
        try #expect(rules("\(a) INSERT INTO shop.b VALUES (1);") == [])
        try #expect(rules("DELETE FROM shop.b WHERE true; \(a)") == [])
    }

    @Test func commentsSilence() throws {
        let silenced = { (sql: String) in
            let file = try parsedFile(sql)
            let silencing = Silencing(file)
            return Linter().findings(in: file).filter { !silencing.silences($0) }.map(\.rule)
        }
        let drop = "ALTER TABLE shop.a DROP COLUMN b;"
        try #expect(silenced("SELECT 1;\n\(drop)") == ["ban-drop-column"])
        try #expect(silenced("SELECT 1;\n-- granary: ignore ban-drop-column\n\(drop)") == [])
        try #expect(silenced("SELECT 1;\n-- squawk-ignore ban-drop-column\n\(drop)") == [])
        try #expect(silenced("SELECT 1;\n-- squawk-ignore ban-drop-table, ban-drop-column\n\(drop)") == [])
        try #expect(silenced("SELECT 1;\n-- squawk-ignore ban-drop-table\n\(drop)") == ["ban-drop-column"])
        try #expect(silenced("-- squawk-ignore ban-drop-column\nSELECT 1;\n\(drop)") == ["ban-drop-column"])
        try #expect(silenced("\(drop)\n-- squawk-ignore-file ban-drop-column") == [])
        try #expect(silenced("\(drop)\n-- squawk-ignore-file") == [])
        // The comment does not silence rules that squawk does not have.
        try #expect(silenced("-- squawk-ignore-file\nALTER TABLE shop.a SET UNLOGGED") == ["rewriting-table"])
        // Names of squawk's other rules are not reported as unknown.
        let file = try parsedFile("-- squawk-ignore ban-add-column\nALTER TABLE shop.a ADD b int;")
        #expect(Silencing(file).applied(to: [], known: [], judged: []) == [])
    }

    @Test func rulesAreTurnedOnAndOffByNameAndByGroup() throws {
        let all = { (enable: [String], disable: [String]) in LintRules.selection(enable: enable, disable: disable) }
        #expect(all([], []) == LintRules.defaults)
        #expect(all(["wide-index"], []).subtracting(LintRules.defaults) == ["wide-index"])
        #expect(LintRules.defaults.subtracting(all([], ["loss"])).contains("ban-drop-table"))
        #expect(all([], ["loss"]).isDisjoint(with: LintRules.named("loss").map(\.name)))
        #expect(all(["style"], ["prefer-identity"]).isSuperset(of: ["prefer-text-field", "creating-enum"]))
        #expect(!all(["style"], ["prefer-identity"]).contains("prefer-identity"))
        #expect(all(["ban-drop-table"], ["loss"]).contains("ban-drop-table"))
        #expect(all(["all"], []).count == LintRules.all.count { $0.category != .citus })
        #expect(all(["all", "citus"], []).count == LintRules.all.count && all(["citus"], ["all"]).isEmpty)
        #expect(
            LintRules.unknown(["style", "squawk", "strong_migrations", "eugene", "ban-drop-tabel"]) == [
                "ban-drop-tabel"
            ]
        )
        for category in LintRule.Category.allCases { #expect(!LintRules.named(category.rawValue).isEmpty) }
    }

    @Test func unknownNamesInTheFileOfEnvironmentsAreFindings() throws {
        let text = """
            {"environments": {"a": {}, "b": {"config": {
              "lint": {"enable": ["style", "prefer-text-fields"], "disable": ["xyz"]}}}}}
            """
        let file = try EnvironmentsFile(JSONText(Array(text.utf8), path: "migrations/environments.json"))
        let findings = LintRules.unknownNames(in: file)
        #expect(findings.map(\.rule) == ["unknown-rule", "unknown-rule"])
        #expect(findings.map(\.line) == [2, 2])
        #expect(
            findings.map(\.message) == [
                "environments.b.config.lint names prefer-text-fields, which is neither a rule nor a group",
                "environments.b.config.lint names xyz, which is neither a rule nor a group",
            ]
        )
        #expect(findings.map(\.hint) == ["is prefer-text-field meant?", "docs/rules.md lists the names"])
        let policy = try #require(file.policy("b"))
        #expect(LintRules.selection(for: policy).contains("prefer-bigint-over-int"))
    }

    @Test(arguments: [
        ("\"\(String(repeating: "a", count: 63))\"", 0), ("\"\(String(repeating: "a", count: 64))\"", 1),
        (String(repeating: "é", count: 31) + "a", 0), (String(repeating: "é", count: 32), 1),
        ("\"\(String(repeating: "a", count: 62))\"\"\"", 0),
        ("a -- \(String(repeating: "a", count: 99))\n", 0),
        ("a DEFAULT '\(String(repeating: "a", count: 99))'", 0),
        ("a DEFAULT e'\\'\(String(repeating: "a", count: 99))'", 0),
    ])
    func namesAreMeasuredInBytes(name: String, count: Int) throws {
        let parts = name.split(separator: " ", maxSplits: 1).map(String.init)
        let rest = parts.count > 1 && parts[0] == "a" ? " text \(parts[1])" : " text"
        let column = parts.count > 1 && parts[0] == "a" ? "a" : name
        try #expect(
            rules("CREATE TABLE shop.t (\(column)\(rest))") == Array(repeating: "identifier-too-long", count: count)
        )
    }

    /// Parts of the files are checked on different cores. Each part must know the objects of the parts before.
    @Test func manyFilesAreReadAsOneAfterTheOther() async throws {
        var migrations: [(up: ParsedFile?, down: ParsedFile?)] = []
        for number in 1...300 {
            let before = number - 150
            let up = """
                CREATE TABLE shop.t\(number) (id bigint PRIMARY KEY, code varchar(9), t bigint REFERENCES shop.t1 (id));
                CREATE INDEX t_idx ON shop.t\(before) (t);
                ALTER TABLE shop.t\(before) ALTER code TYPE varchar(\(number == 200 ? 8 : 10));
                """
            // The keys of the last 150 tables never get an index.
            migrations.append((try parsedFile(up, "\(number)_x.up.sql"), try parsedFile("", "\(number)_x.down.sql")))
        }
        let linter = Linter(rules: ["foreign-key-without-index", "changing-column-type"])
        let findings = await linter.findings(in: migrations, after: 155)
        var inOrder = linter
        inOrder.outcome = SchemaModel()
        for migration in migrations { if let up = migration.up { inOrder.outcome?.learn(from: up.script) } }
        var expected: [Finding] = []
        for case (let up?, _) in migrations {
            if up.migration.version > 155 { expected += inOrder.findings(in: up) }
            inOrder.learn(from: up)
        }
        #expect(findings == expected)
        #expect(findings.count { $0.rule == "foreign-key-without-index" } == 145)
        #expect(findings.filter { $0.rule == "changing-column-type" }.map(\.file) == ["200_x.up.sql"])
    }

    @Test func unparsableStatementsAreSkipped() throws {
        try #expect(rules("FROBNICATE TABLE shop.a; DROP TABLE shop.a;") == ["ban-drop-table"])
        try #expect(rules("") == [])
    }
}
