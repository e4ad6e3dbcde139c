import MigrationChecks
import TestSupport
import Testing

/// Secrets and example people, and comments that silence rules.
@Suite struct ValidationSecretTests {
    private static func up(_ text: String) -> [String: String] { ["migrations/1_a.up.sql": text] }

    @Test(arguments: [
        ("INSERT INTO shop.a VALUES (1,\n  '$2b$12$KIXQ0r3vYc1dQm1bqkqk9uE8tF0');", "2:3"),
        ("UPDATE shop.a SET b = '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA';", "1:23"),
        ("INSERT INTO shop.a VALUES ('-----BEGIN RSA PRIVATE KEY-----\nMIIE');", "1:28"),
        ("INSERT INTO shop.a VALUES ('AKIAIOSFODNN7EXAMPLE');", "1:28"),
        (
            "INSERT INTO shop.a VALUES ('eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N');",
            "1:28"
        ),
        ("INSERT INTO shop.users (name, password) VALUES ('a', 'geheim');", "1:54"),
        ("INSERT INTO shop.users (name, user_password_hash) SELECT 'a', 'geheim'::text;", "1:63"),
        ("UPDATE shop.users SET api_key = 'k1' WHERE id = 1;", "1:33"),
        ("UPDATE shop.users SET password = crypt('geheim', gen_salt('bf'));", "1:40"),
        ("CREATE ROLE app LOGIN PASSWORD 'geheim';", "1:23"),
        ("CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'u', password 'geheim');", "1:57"),
        ("CREATE SUBSCRIPTION s CONNECTION 'host=a user=b password=geheim' PUBLICATION p;", "1:1"),
        ("SELECT dblink_connect('host=a password=geheim');", "1:23"),
        ("INSERT INTO shop.a VALUES ('postgresql://app:geheim@db/shop');", "1:28"),
        ("DO $$ BEGIN CREATE ROLE app PASSWORD 'geheim'; END $$;", "1:1"),
        ("DO $$ BEGIN EXECUTE 'CREATE ROLE app PASSWORD ''geheim'''; END $$;", "1:1"),
        ("CREATE TABLE shop.a (password text DEFAULT 'geheim');", "1:44"),
        ("ALTER TABLE shop.a ADD COLUMN api_key text DEFAULT 'geheim';", "1:52"),
        ("ALTER TABLE shop.a ALTER COLUMN api_key SET DEFAULT 'geheim';", "1:53"),
        ("DO $$ BEGIN INSERT INTO shop.a VALUES ('ghp_16C7e42F292c6912E7710c838347Ae178B4a'); END $$;", "1:1"),
    ])
    func secretsAreFound(_ text: String, _ place: String) async throws {
        let found = try await validation(of: Self.up(text)).filter { $0.rule == "secret" }
        #expect(found.map(\.place) == ["error migrations/1_a.up.sql:\(place)"])
        #expect(found.allSatisfy { !$0.message.contains("geheim") && !$0.message.contains("$2b") })
    }

    @Test(arguments: [
        "INSERT INTO shop.users (name, password_hash) VALUES ('a', '!'), ('b', NULL), ('c', ''), ('d', 'disabled');",
        "INSERT INTO shop.a (passwordless, token_count) VALUES ('yes', 'many');",
        "UPDATE shop.a SET b = 'costs $2a$ or $5$ each, in all places';",
        "UPDATE shop.a SET password_hash = other.hash FROM other;", "CREATE ROLE app LOGIN PASSWORD NULL;",
        "INSERT INTO shop.a VALUES ('-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A');",
        "INSERT INTO shop.a VALUES ('postgresql://app:<password>@db/shop'), ('https://shop.io:8080/a@b');",
        "DO $$ BEGIN EXECUTE format('CREATE ROLE app PASSWORD %L', x); END $$;",
        "ALTER TABLE shop.a ADD COLUMN password_hash text NOT NULL DEFAULT '';",
        "SELECT 'eyJhbGciOiJIUzI1NiJ9';", "CREATE TABLE shop.a (password text DEFAULT 'x');",
    ])
    func textsThatLookLikeSecretsAreNotReported(_ text: String) async throws {
        try await #expect(validation(of: Self.up(text)).filter { $0.rule == "secret" } == [])
    }

    @Test func secretsAndPeopleOfExampleComAreForDevelopmentAlone() async throws {
        let text =
            "-- A.\nINSERT INTO shop.users (email, password)\nVALUES ('ada@example.com', 'geheim'), ('bob@example.com', 'x');"
        func places(_ folder: String) async throws -> [String] {
            try await validation(of: ["migrations/\(folder)1_a.up.sql": text])
                .filter { $0.rule == "secret" || $0.rule == "example-people" }.map(\.place)
        }
        try await #expect(
            places("") == ["warning migrations/1_a.up.sql:3:9", "error migrations/1_a.up.sql:3:28"]
        )
        try await #expect(places("production/").count == 2)
        try await #expect(places("development/") == [])
        try await #expect(places("staging/") == [])
        let harmless = """
            ALTER TABLE shop.users ADD CHECK (email <> 'ada@example.com');
            DELETE FROM shop.users WHERE email = 'ada@example.com';
            INSERT INTO shop.users (email) VALUES ('ada@examples.com');
            UPDATE shop.users SET email = NULL WHERE email LIKE '%@example.com' OR email = 'ada@example.com';
            INSERT INTO shop.gone SELECT email FROM shop.users WHERE email = 'ada@example.com';
            """
        try await #expect(validation(of: Self.up(harmless)).filter { $0.rule == "example-people" } == [])
    }

    // Silencing.

    private static let faulty = "CREATE TABLE a ();\nCREATE TABLE b ();"

    private func rules(_ text: String) async throws -> [String] {
        try await validation(of: ["migrations/1_a.up.sql": text, "migrations/1_a.down.sql": "-- nothing to undo"])
            .map { "\($0.line) \($0.rule)" }
    }

    @Test func aCommentSilencesItsStatement() async throws {
        try await #expect(rules("-- A.\n\n" + Self.faulty) == ["3 no-schema", "4 no-schema"])
        try await #expect(
            rules("-- A.\n\n-- granary: ignore no-schema\nCREATE TABLE a ();\nCREATE TABLE b ();") == ["5 no-schema"]
        )
        try await #expect(
            rules("-- A.\n\nCREATE TABLE a (); -- granary: ignore no-schema\nCREATE TABLE b ();") == ["4 no-schema"]
        )
        try await #expect(
            rules("-- A.\n\nCREATE TABLE\n  -- granary: ignore no-schema\n  a ();\nCREATE TABLE b ();") == [
                "6 no-schema"
            ]
        )
    }

    @Test func theFirstCommentOfAFileSilencesForAllOfIt() async throws {
        try await #expect(
            rules("-- A.\n-- granary: ignore no-schema, syntax\n\n" + Self.faulty) == ["2 unused-silence"]
        )
        try await #expect(rules("-- granary: ignore no-schema missing-purpose\n" + Self.faulty) == [])
    }

    @Test(arguments: ["-- the path is set, always", "(the path is set, always)"])
    func theReasonMayFollow(_ reason: String) async throws {
        try await #expect(rules("-- A.\n\n-- granary: ignore no-schema \(reason)\nCREATE TABLE a ();") == [])
    }

    @Test func unknownNamesAndUselessCommentsAreReported() async throws {
        let findings = try await validation(of: [
            "migrations/1_a.up.sql":
                "-- A.\n-- granary: ignore no-shema\n\n-- granary: ignore no-schema, ban-drop-column\nCREATE TABLE shop.a ();",
            "migrations/1_a.down.sql": "DROP TABLE shop.a;",
        ])
        #expect(findings.first?.hint == "is no-schema meant?")
        #expect(
            findings.map { "\($0.place) \($0.rule): \($0.message)" } == [
                "info migrations/1_a.up.sql:2 unknown-rule: no rule is named no-shema",
                "info migrations/1_a.up.sql:4 unused-silence: ban-drop-column reports nothing here",
                "info migrations/1_a.up.sql:4 unused-silence: no-schema reports nothing here",
            ]
        )
    }
}
