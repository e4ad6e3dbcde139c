import Migrations
import Project
import SQLText
import TestSupport
import Testing

struct GeneratorTests {
    private static let users = "CREATE SCHEMA shop;\nCREATE TABLE shop.users (id bigint PRIMARY KEY, email text);\n"

    @Test(arguments: [
        (["000007_a"], "000008"), (["000008_a"], "000009"), (["000009_a"], "000010"), (["000099_a"], "000100"),
        ([], "000001"), (["001_a"], "002"), (["000001_a", "development/000005_b"], "000006"),
        (["20240101120000_a"], "20240101120001"),
        (["999_a"], "1000"),
    ])
    func theNextNumberIsAboveAllLayers(there: [String], number: String) async throws {
        try await Files.with { files in
            for name in there { try files.write("SELECT 1;", to: "migrations/\(name).up.sql") }
            let outcome = try files.generate("new", .table)
            #expect(outcome.name == "\(number)_new")
            #expect(files.read("migrations/\(number)_new.up.sql").contains("CREATE TABLE shop.new"))
            #expect(files.read("migrations/\(number)_new.down.sql").contains("DROP TABLE shop.new;"))
            #expect(files.read("docs/migrations/\(number)_new.md").hasPrefix("# \(number)_new\n"))
        }
    }

    /// An earlier version wrote a second entry with the number of a deleted migration.
    @Test func theNextNumberIsAboveTheEntriesOfDeletedMigrations() async throws {
        try await Files.with { files in
            try files.write("SELECT 1;", to: "migrations/000001_a.up.sql")
            try files.write(#"{"migrations": {"000001": {}, "000002": {}}}"#, to: "migrations/dependencies.json")
            let outcome = try files.generate("new", .table)
            #expect(outcome.name == "000003_new")
            let text = files.read("migrations/dependencies.json")
            #expect(text.contains("\"000002\"") && text.contains("\"000003\""), "\(text)")
        }
    }

    @Test(arguments: [
        ("add_user_preferences", MigrationKind.table, "CREATE TABLE shop.user_preferences ("),
        ("create_order", .table, "CREATE TABLE shop.\"order\" ("),
        ("add_email_to_users", .column, "ALTER TABLE shop.users ADD COLUMN email text;"),
        ("add_users_phone", .column, "ALTER TABLE shop.users ADD COLUMN phone text;"),
        ("add_phone", .column, "ALTER TABLE shop.change_me ADD COLUMN phone text;"),
        ("index_users_on_email", .index, "CREATE INDEX CONCURRENTLY users_email_idx ON shop.users (email);"),
        ("index_users_on_name_and_email", .index, "users_name_email_idx ON shop.users (name, email);"),
        (
            "unique_index_users_on_email", .index,
            "CREATE UNIQUE INDEX CONCURRENTLY users_email_idx ON shop.users (email);"
        ),
        ("add_index_to_orders_placed_at", .index, "orders_placed_at_idx ON shop.orders (placed_at);"),
        ("index_email_on_users", .index, "users_email_idx ON shop.users (email);"),
        ("drop_index_users_on_email", .index, "DROP INDEX CONCURRENTLY shop.users_email_idx;"),
        ("add_first_and_last_to_users", .column, "ALTER TABLE shop.users ADD COLUMN last text;"),
        ("last_seen", .column, "ALTER TABLE shop.change_me ADD COLUMN last_seen text;"),
        ("remove_email_from_users", .column, "ALTER TABLE shop.users DROP COLUMN email;"),
        ("unique_users_email", .constraint, "ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;"),
        ("add_user_id_to_orders", .foreignKey, "ON shop.orders (user_id);"),
        ("backfill_users_name", .data, "INSERT INTO shop.users ("),
        ("add_users_email_check", .constraint, "ADD CONSTRAINT users_email_check CHECK (email IS NOT NULL) NOT VALID;"),
        ("link_orders_to_users", .foreignKey, "FOREIGN KEY (user_id) REFERENCES shop.users (id) NOT VALID;"),
        ("add_orders_user_fk", .foreignKey, "ON shop.orders (user_id);"),
        ("add_mood", .enum, "CREATE TYPE shop.mood AS ENUM"),
        ("normalize_phone", .function, "CREATE FUNCTION shop.normalize_phone("),
        ("active_users", .view, "CREATE VIEW shop.active_users AS"),
        ("add_users_data", .data, "INSERT INTO shop.users ("),
        ("change_users_email", .schema, "ALTER TABLE shop.users ALTER COLUMN email SET DEFAULT"),
    ])
    func theFileFollowsTheName(name: String, kind: MigrationKind, line: String) async throws {
        try await Files.with { files in
            try files.write(Self.users + "CREATE TABLE shop.orders (id bigint);", to: "migrations/000001_a.up.sql")
            try files.generate(name, kind)
            let up = files.read("migrations/000002_\(name).up.sql")
            #expect(up.contains(line), "\(up)")
            // Both files can be parsed, and begin with a comment that describes the purpose.
            _ = try SQLScript(up)
            _ = try SQLScript(files.read("migrations/000002_\(name).down.sql"))
            let words = name.split(separator: "_").joined(separator: " ")
            #expect(up.contains("-- \(words.prefix(1).uppercased())\(words.dropFirst()).\n"))
            #expect([.index, .foreignKey, .constraint].contains(kind) == up.hasPrefix("-- no-transaction\n"))
        }
    }

    @Test func bothJSONFilesGainALineAndLoseNothing() async throws {
        let dependencies = """
            {
                "global_config": { "max_parallel_migrations": 1 },
                "migrations" : {
                    "000001": {"description":"first",   "depends_on": []}
                }
            }

            """
        let environments = """
            {"environments": {
               "development": {"migrations": ["000001_a.up.sql"]},
               "production": {"migrations": [ "000001_a.up.sql" ], "config": {}}, "staging": {"migrations": "staging"}
            }}
            """
        try await Files.with { files in
            try files.write(Self.users, to: "migrations/000001_a.up.sql")
            try files.write(dependencies, to: "migrations/dependencies.json")
            try files.write(environments, to: "migrations/environments.json")
            let outcome = try files.generate("index_users_on_email", .index)
            #expect(
                outcome.edited.map { $0.split(separator: "/").last } == ["dependencies.json", "environments.json"]
            )
            #expect(
                files.read("migrations/dependencies.json")
                    == dependencies.replacing(
                        #""depends_on": []}"#,
                        with: """
                            "depends_on": []},
                                    "000002": {
                                        "description": "Index users on email",
                                        "depends_on": ["000001"],
                                        "affects_tables": ["shop.users"],
                                        "estimated_duration": "1s",
                                        "risk_level": "low",
                                        "rollback_safe": true,
                                        "migration_type": "index",
                                        "created_at": "2026-02-09T09:00:00Z"
                                    }
                            """
                    )
            )
            #expect(
                files.read("migrations/environments.json")
                    == environments.replacing(
                        #"["000001_a.up.sql"]"#,
                        with: #"["000001_a.up.sql", "000002_index_users_on_email.up.sql"]"#
                    )
                    .replacing(
                        #"[ "000001_a.up.sql" ]"#,
                        with: #"[ "000001_a.up.sql", "000002_index_users_on_email.up.sql" ]"#
                    )
            )
        }
    }

    @Test(arguments: [
        (
            "{\n\t\"migrations\": {\n\t\t\"000001\": {}\n\t}\n}",
            "{},\n\t\t\"000002\": {\n\t\t\t\"description\": \"Add mail\",\n\t\t\t\"depends_on\""
        ),
        (
            "{\r\n  \"migrations\": {\r\n    \"000001\": {}\r\n  }\r\n}\r\n",
            "{},\r\n    \"000002\": {\r\n      \"description\": \"Add mail\",\r\n      \"depends_on\""
        ),
        (#"{"migrations":{"000001":{}}}"#, #"{"000001":{}, "000002": { "description": "Add mail", "depends_on""#),
        (#"{"migrations": null}"#, "{\"migrations\": {\n  \"000002\": {\n    \"description\": \"Add mail\""),
        (
            "{\n    \"global_config\": {}\n}\n",
            "{},\n    \"migrations\": {\n        \"000002\": {\n            \"description\""
        ),
    ])
    func anEntryIsWrittenAsItsNeighboursAre(text: String, entry: String) async throws {
        try await Files.with { files in
            try files.write(Self.users, to: "migrations/000001_a.up.sql")
            try files.write(text, to: "migrations/dependencies.json")
            try files.generate("add_mail", .table)
            let new = files.read("migrations/dependencies.json")
            #expect(Array(new.utf8).firstRange(of: Array(entry.utf8)) != nil, "\(new)")
            try #expect(DependenciesFile.read(migrations: files.path).entry(2)?.details == "Add mail")
        }
    }

    @Test func aJSONFileThatIsNotAnObjectIsRefused() async throws {
        try await Files.with { files in
            try files.write(Self.users, to: "migrations/000001_a.up.sql")
            try files.write("[]\n", to: "migrations/dependencies.json")
            #expect(throws: EnvironmentsError.self) { try files.generate("add_mail", .table) }
            #expect(files.read("migrations/dependencies.json") == "[]\n")
            #expect(files.names("migrations") == ["000001_a.up.sql", "dependencies.json"])
        }
    }

    @Test func aFileOfAnEnvironmentIsInItsFolderAndItsListAlone() async throws {
        try await Files.with { files in
            try files.write(Self.users, to: "migrations/000001_a.up.sql")
            try files.write(#"{"migrations": {}}"#, to: "migrations/dependencies.json")
            try files.write(
                #"{"environments": {"development": {"migrations": ["000001_a.up.sql"]}, "production": {"migrations": ["000001_a.up.sql"]}}}"#,
                to: "migrations/environments.json"
            )
            let outcome = try files.generate("add_mail", .table, layer: "development")
            #expect(outcome.made[0].hasSuffix("migrations/development/000002_add_mail.up.sql"))
            #expect(files.read("migrations/dependencies.json").contains(#""environment": "development""#))
            #expect(
                files.read("migrations/environments.json")
                    == #"{"environments": {"development": {"migrations": ["000001_a.up.sql", "development/000002_add_mail.up.sql"]}, "production": {"migrations": ["000001_a.up.sql"]}}}"#
            )
        }
    }

    @Test func oneOfSeveralTreesMustBeNamed() async throws {
        try await Files.with { files in
            for name in ["development", "production"] {
                try files.write(Self.users, to: "migrations/\(name)/000001_a.up.sql")
            }
            let error = await failure { try files.generate("add_mail", .table) }
            #expect(error?.code == .usage)
            #expect(error?.hint == "--env names it: development, staging, production")
            try #expect(files.generate("add_mail", .table, layer: "production").version == 2)
        }
    }

    @Test(arguments: [
        "", "Add_users", "../evil", "a b", "a;drop", "a'b", "1st", "_a", "a-b", "é", "a\nb",
        String(repeating: "a", count: 101),
    ])
    func anUnsafeNameIsRefusedAndNothingIsWritten(name: String) async throws {
        try await Files.with { files in
            let error = await failure { try files.generate(name, .table) }
            #expect(error?.code == .usage)
            #expect(error?.description.contains("\n") == false)
            #expect(files.names("migrations") == [])
        }
    }

    @Test func longNamesAreShortenedToTheLimitOfTheServer() async throws {
        try await Files.with { files in
            let name = "a" + String(repeating: "b", count: 70) + "_on_email"
            try files.generate(name, .index)
            let up = files.read("migrations/000001_\(name).up.sql")
            let index = try #require(up.firstMatch(of: #/INDEX CONCURRENTLY (\S+)/#)?.1)
            #expect(index.utf8.count <= 63 && index.hasSuffix("_idx"))
        }
    }

    @Test func theTemplatesOfTheProjectGoBeforeOurs() async throws {
        try await Files.with { files in
            try files.write(
                "-- {{purpose}} ({{number}}, {{service}})\nCREATE TABLE {{schema}}.{{table}} (\"{{column}}\" text);\n",
                to: "migrations/templates/table.up.sql.mustache"
            )
            try files.generate("add_order", .table)
            #expect(
                files.read("migrations/000001_add_order.up.sql")
                    == "-- Add order (000001, shop)\nCREATE TABLE shop.\"order\" (\"change_me\" text);\n"
            )
            try files.write("{{#open}}", to: "migrations/templates/table.up.sql.mustache")
            let error = await failure { try files.generate("add_more", .table) }
            #expect(
                error?.description.hasSuffix(
                    "templates/table.up.sql.mustache:1: this is not a Mustache template: {{#open}} is not closed"
                ) == true
            )
            #expect(files.names("migrations") == ["000001_add_order.down.sql", "000001_add_order.up.sql", "templates"])
        }
    }

    @Test func eitherAllFilesAreWrittenOrNone() async throws {
        try await Files.with { files in
            try files.write(Self.users, to: "migrations/000001_a.up.sql")
            try files.write("{\"migrations\": {}}", to: "migrations/dependencies.json")
            // A folder has the name that the page needs.
            try files.write("", to: "docs/migrations/000002_add_b.md/.keep")
            let error = await failure { try files.generate("add_b", .table) }
            #expect(error?.description.contains("docs/migrations/000002_add_b.md could not be made") == true)
            #expect(files.names("migrations") == ["000001_a.up.sql", "dependencies.json"])
            #expect(files.read("migrations/dependencies.json") == "{\"migrations\": {}}")
        }
    }

    @Test func twoAtOnceGetNumbersOfTheirOwn() async throws {
        try await Files.with { files in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for name in ["a", "b", "c", "d", "e", "f"] {
                    group.addTask { try files.generate("add_\(name)", .table).version }
                }
                var versions: [Int] = []
                for try await version in group { versions.append(version) }
                #expect(versions.sorted() == [1, 2, 3, 4, 5, 6])
            }
        }
    }
}

/// The files of a project.
struct Files: Sendable {
    let folder: ScratchFolder

    static func with(_ body: (Files) async throws -> Void) async throws {
        try await ScratchFolder.with { folder in
            try folder.write("", to: "migrations/.keep")
            try await body(Files(folder: folder))
        }
    }

    func write(_ text: String, to name: String) throws { try folder.write(text, to: name) }
    func read(_ name: String) -> String { String(decoding: readFile(folder.file(name)), as: UTF8.self) }
    var path: String { folder.file("migrations") }
    var service: Service { Service(name: "shop", schemas: ["shop"], folder: path) }
    var environments: EnvironmentsFile { get throws { try EnvironmentsFile.read(migrations: path) } }
    var all: [Migration] { get throws { try Migration.all(in: path, environments) } }

    /// The names in a folder, without hidden files.
    func names(_ name: String) -> [String] { folder.names(in: name).filter { !$0.hasPrefix(".") } }

    @discardableResult
    func generate(_ name: String, _ kind: MigrationKind, layer: String = "") throws -> Generator.Outcome {
        try Generator(
            service: service,
            environments: environments,
            name: name,
            kind: kind,
            layer: layer,
            now: "2026-02-09T09:00:00Z"
        ).run()
    }
}
