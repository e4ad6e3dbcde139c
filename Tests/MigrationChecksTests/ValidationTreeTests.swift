import MigrationChecks
import TestSupport
import Testing

/// Checks of names, numbers and pairs.
@Suite struct ValidationTreeTests {
    static let cases = [
        FaultCase(
            "a name of another form",
            .fileName,
            ["migrations/000001_a.sql": "SELECT 1;", "migrations/two_b.up.sql": "SELECT 1;"],
            "error migrations/000001_a.sql:1",
            "error migrations/two_b.up.sql:1",
            sound: [
                "migrations/000001_a.sql": "", "migrations/000001_a.up.sql": "SELECT 1;", "migrations/two_b.up.sql": "",
                "migrations/README.md": "two_b.up.sql", "migrations/templates/table.up.sql.mustache": "{{name}}",
            ]
        ),
        FaultCase(
            "a folder whose name is misspelled",
            .unknownFolder,
            ["migrations/1_a.up.sql": soundUp, "migrations/prodution/2_b.up.sql": soundUp],
            "warning migrations/prodution/2_b.up.sql:1",
            sound: [
                "migrations/prodution/2_b.up.sql": "", "migrations/production/2_b.up.sql": soundUp,
                "migrations/templates/9_t.up.sql": soundUp, "migrations/notes/a.txt": "1_a.up.sql",
            ]
        ),
        FaultCase(
            "a file that is not UTF-8 cannot be read",
            .unreadableFile,
            ["migrations/1_a.up.sql": "SELECT '\u{0}';"],
            "error migrations/1_a.up.sql:1",
            sound: ["migrations/1_a.up.sql": "SELECT 'ä';"]
        ),
        FaultCase(
            "the first line that is not UTF-8 is named",
            .unreadableFile,
            [
                "migrations/1_a.up.sql": "-- A.\n-- B.\nSELECT '\u{0}';",
                "migrations/1_a.down.sql": "-- nothing to undo",
            ],
            "error migrations/1_a.up.sql:3",
            sound: ["migrations/1_a.up.sql": "-- A.\n-- ä.\nSELECT 'ä';"]
        ),
        FaultCase(
            "a file that cannot be read is not missing",
            .missingUp,
            [
                "migrations/1_a.down.sql": "-- nothing to undo", "migrations/2_b.up.sql": "SELECT '\u{0}';",
                "migrations/2_b.down.sql": "-- nothing to undo", "migrations/3_c.up.sql": "SELECT 1;",
                "migrations/3_c.down.sql": "\u{0}",
            ],
            "error migrations/1_a.down.sql:1",
            sound: ["migrations/1_a.up.sql": "SELECT 1;"]
        ),
        FaultCase(
            "a down without its up",
            .missingUp,
            ["migrations/000007_a.down.sql": soundDown, "migrations/8_b.up.sql": "-- Nothing.\n"],
            "error migrations/000007_a.down.sql:1",
            "warning migrations/8_b.up.sql:1",
            sound: ["migrations/000007_a.up.sql": soundUp, "migrations/8_b.up.sql": ""]
        ),
        FaultCase(
            "an up without its down, and an empty down",
            .missingDown,
            [
                "migrations/1_a.up.sql": soundUp, "migrations/2_b.up.sql": "SELECT 1;",
                "migrations/2_b.down.sql": "-- to be written\n",
            ],
            "warning migrations/1_a.up.sql:1",
            "warning migrations/2_b.down.sql:1",
            sound: ["migrations/1_a.down.sql": soundDown, "migrations/2_b.down.sql": "-- nothing to undo\n"]
        ),
        FaultCase(
            "one number twice in a folder, in any spelling",
            .duplicateNumber,
            ["migrations/000003_a.up.sql": soundUp, "migrations/3_b.up.sql": "SELECT 1;"],
            "error migrations/3_b.up.sql:1",
            sound: ["migrations/3_b.up.sql": "", "migrations/30_b.up.sql": "SELECT 1;"]
        ),
        FaultCase(
            "up and down of one number with two titles",
            .duplicateNumber,
            ["migrations/3_a.up.sql": soundUp, "migrations/3_b.down.sql": soundDown],
            "error migrations/3_b.down.sql:1",
            sound: ["migrations/3_b.down.sql": "", "migrations/3_a.down.sql": soundDown]
        ),
        FaultCase(
            "a number of the base in an environment's folder",
            .collidingNumber,
            [
                "migrations/1_a.up.sql": soundUp, "migrations/development/1_b.up.sql": "SELECT 1;",
                "migrations/staging/000001_a.up.sql": soundUp,
            ],
            "error migrations/development/1_b.up.sql:1",
            "error migrations/staging/000001_a.up.sql:1",
            sound: [
                "migrations/development/1_b.up.sql": "", "migrations/development/2_b.up.sql": "SELECT 1;",
                "migrations/staging/000001_a.up.sql": "",
            ]
        ),
        FaultCase(
            "a number of two environments that is not the same",
            .collidingNumber,
            [
                "migrations/1_a.up.sql": soundUp, "migrations/development/2_b.up.sql": "SELECT 1;",
                "migrations/staging/2_c.up.sql": "SELECT 2;",
            ],
            "warning migrations/staging/2_c.up.sql:1",
            sound: ["migrations/staging/2_c.up.sql": "", "migrations/staging/2_b.up.sql": "SELECT 1;"]
        ),
        FaultCase(
            "copies have numbers of their own",
            .collidingNumber,
            ["migrations/1_a.up.sql": soundUp, "migrations/development/1_b.up.sql": "SELECT 1;"],
            "error migrations/development/1_b.up.sql:1",
            sound: ["migrations/1_a.up.sql": "", "migrations/staging/1_a.up.sql": "SELECT 2;"]
        ),
        FaultCase(
            "the same file under two numbers",
            .duplicateContent,
            [
                "migrations/development/1_a.up.sql": soundUp, "migrations/staging/1_a.up.sql": soundUp,
                "migrations/production/4_a.up.sql": soundUp,
            ],
            "warning migrations/production/4_a.up.sql:1",
            sound: [
                "migrations/production/4_a.up.sql": "", "migrations/production/1_a.up.sql": soundUp,
                "migrations/production/4_b.up.sql": "-- Empty.\n", "migrations/production/5_c.up.sql": "-- Empty.\n",
            ]
        ),
        FaultCase(
            "an overlay of staging that production does not have",
            .environmentsDiffer,
            [
                "migrations/1_a.up.sql": "CREATE SCHEMA shop;",
                "migrations/staging/2_b.up.sql": "INSERT INTO shop.b VALUES (1);\n" + soundUp,
            ],
            "warning migrations/staging/2_b.up.sql:3:1",
            sound: [
                "migrations/production/2_b.up.sql": "INSERT INTO shop.b VALUES (1);\n" + soundUp,
                "migrations/staging/3_rows.up.sql": "CREATE TEMP TABLE x (a int); INSERT INTO shop.b VALUES (2);",
                "migrations/development/3_dev.up.sql": "CREATE TABLE shop.dev ();",
            ]
        ),
        FaultCase(
            "copies are compared by content",
            .environmentsDiffer,
            [
                "migrations/staging/1_a.up.sql": soundUp, "migrations/production/7_a.up.sql": soundUp,
                "migrations/production/8_b.up.sql": "ALTER TABLE shop.things ADD COLUMN a int;",
            ],
            "warning migrations/production/8_b.up.sql:1:1",
            sound: ["migrations/staging/2_b.up.sql": "ALTER TABLE shop.things ADD COLUMN a int;"]
        ),
    ]

    @Test(arguments: cases) func itIsFoundAndWhatLooksLikeItIsNot(_ fault: FaultCase) async throws {
        let (faulty, sound) = try await fault.run()
        #expect(faulty == fault.expected)
        #expect(sound == [])
    }

    @Test func aFaultIsDescribedInOneSentenceWithAHint() async throws {
        let findings = try await validation(of: [
            "migrations/000003_a.up.sql": soundUp, "migrations/000003_a.down.sql": soundDown,
            "migrations/3_b.up.sql": "-- One.\nSELECT 1;", "migrations/3_b.down.sql": "-- nothing to undo",
        ])
        #expect(
            findings == [
                Finding(
                    rule: "duplicate-number",
                    severity: .error,
                    file: "migrations/3_b.up.sql",
                    message: "it has the same number as migrations/000003_a.up.sql, 3",
                    hint: "`granary migrate renumber 3_b` gives it the next free number"
                )
            ]
        )
    }

    @Test func historyIsSpared() async throws {
        var declared = "{\n\"migrations\": {\n"
        declared += "\"1\": {\"rollback_safe\": true,\n\"affects_tables\": [\"shop.none\"]},\n"
        declared += "\"2\": {\"affects_tables\": [\"shop.none\"]}\n}}"
        let files = [
            "migrations/1_a.up.sql": "-- A.\nCREATE TABEL x;", "migrations/2_b.up.sql": "-- B.\nCREATE TABEL y;",
            "migrations/1_a.down.sql": "DROP TABLE shop.y;",
            "migrations/dependencies.json": declared,
        ]
        let all = try await validation(of: files).map(\.place)
        #expect(
            all == [
                "error migrations/1_a.up.sql:2:8", "warning migrations/2_b.up.sql:1",
                "error migrations/2_b.up.sql:2:8", "warning migrations/dependencies.json:3",
            ]
        )
        let spared = try await validation(of: files) { $0.since = 1 }.map(\.place)
        #expect(spared == ["warning migrations/2_b.up.sql:1", "error migrations/2_b.up.sql:2:8"])
        let none = try await validation(of: files) { $0.since = 2 }
        #expect(none == [])
    }

    @Test(arguments: ["72057594037927936", "20240101000001000000", "99999999999999999999999999"])
    func aNumberThatIsTooHighIsFound(digits: String) async throws {
        let findings = try await validation(of: ["migrations/\(digits)_b.up.sql": "CREATE TABLE b ();"])
        #expect(findings.contains { $0.rule == "file-name" && $0.message.contains("above 72057594037927935") })
    }
}
