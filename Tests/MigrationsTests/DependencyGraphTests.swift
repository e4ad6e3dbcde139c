import Migrations
import Project
import SQLText
import TestSupport
import Testing

struct DependencyGraphTests {
    private static func graph(_ files: Files, _ dependencies: String, environment: String? = nil) throws -> [String] {
        try files.write(dependencies, to: "migrations/dependencies.json")
        return try DependencyGraph([(files.service, files.environments)], environment: environment, copy: "development")
            .nodes.map { "\($0.name) \($0.risk.rawValue) \($0.needs.map(\.name).joined(separator: " "))" }
    }

    private static func with(_ names: [String], _ body: (Files) async throws -> Void) async throws {
        try await Files.with { files in
            for name in names { try files.write("CREATE TABLE shop.t ();", to: "migrations/\(name).up.sql") }
            try await body(files)
        }
    }

    @Test func eachMigrationNamesWhatItNeedsInBothSpellings() async throws {
        try await Self.with(["000001_a", "000002_b", "development/000003_c", "staging/000004_d"]) { files in
            let text = """
                {"migrations": {"000002": {"depends_on": ["000001_a"], "risk_level": "high"},
                  "000003_c": {"depends_on": ["000001", "000002"]}, "000004": {}}}
                """
            try #expect(
                Self.graph(files, text) == [
                    "000001_a low ", "000002_b high 000001_a", "000003_c low 000001_a 000002_b", "000004_d low ",
                ]
            )
            try #expect(
                Self.graph(files, text, environment: "staging").map { $0.prefix(8) } == [
                    "000001_a", "000002_b", "000004_d",
                ]
            )
        }
    }

    @Test(arguments: [
        (
            "{\"migrations\": {\n\"000001\": {\"depends_on\": [\"000002\"]}, \"000002\": {\"depends_on\": [\"000001\"]}}}",
            "dependencies.json:2: dependencies form a cycle: 000001_a → 000002_b → 000001_a"
        ),
        (
            "{\"migrations\": {\"000001\": {\"depends_on\": [\"000001\"]}}}",
            "dependencies.json:1: dependencies form a cycle: 000001_a → 000001_a"
        ),
        (
            "{\"migrations\": {\n\n\"000002\": {\"depends_on\": [\"000009\"]}}}",
            "dependencies.json:3: 000002_b depends on 9, and there is no such migration"
        ),
        (
            "{\"migrations\": {\"000002\": {\"depends_on\": [\"000003\"]}}}",
            "dependencies.json:1: 000002_b depends on 000003_c, which is a migration of development only"
        ),
        (
            "{\"migrations\": {\"000004\": {\"depends_on\": [\"000003\"]}}}",
            "dependencies.json:1: 000004_d depends on 000003_c, which is a migration of development only"
        ),
    ])
    func impossibleDependenciesAreFaultsWithTheirPlaces(text: String, message: String) async throws {
        try await Self.with(["000001_a", "000002_b", "development/000003_c", "staging/000004_d"]) { files in
            let faults = try Self.faults(files, text)
            #expect(faults.count == 1 && faults[0].hasSuffix(message), "\(faults)")
        }
    }

    @Test(arguments: [
        (#"{"migrations": {"000002": {"depends_on": ["000001"], "risk_level": "hihg"}}}"#, "risk_level"),
        (#"{"migrations": {"000002": {"depends_on": ["000001"], "rollback_safe": "perhaps"}}}"#, "rollback_safe"),
        (#"{"migrations": {"000002": {"depends_on": ["000001"]}, "none": {}}}"#, "the key none names no migration"),
        (
            #"{"migrations": {"000002": {"depends_on": ["000001"]}}, "global_config": {"max_parallel_migrations": "x"}}"#,
            "max_parallel"
        ),
    ])
    func aWrongWordIsAFaultAndTheRestIsDrawn(text: String, words: String) async throws {
        try await Self.with(["000001_a", "000002_b"]) { files in
            try #expect(Self.graph(files, text) == ["000001_a low ", "000002_b low 000001_a"])
            let faults = try Self.faults(files, text)
            #expect(faults.count == 1 && faults[0].contains(words), "\(faults)")
        }
    }

    @Test func aRiskDeclaredTooLowAndAnInvalidJSONFileAreFaults() async throws {
        try await Self.with(["000001_a"]) { files in
            try files.write("DROP TABLE shop.t;", to: "migrations/000002_b.up.sql")
            try #expect(
                Self.faults(files, #"{"migrations": {"000002": {"risk_level": "low"}}}"#).first?
                    .hasSuffix("it is declared low risk, and is high") == true
            )
            try #expect(Self.faults(files, "{").count == 1)
            try #expect(Self.graph(files, "{") == ["000001_a low ", "000002_b high "])
        }
    }

    private static func faults(_ files: Files, _ dependencies: String) throws -> [String] {
        try files.write(dependencies, to: "migrations/dependencies.json")
        let graph = try DependencyGraph([(files.service, files.environments)], environment: nil, copy: "development")
        return graph.faults.values.flatMap(\.self) + graph.nodes.flatMap(\.faults)
    }

    @Test func servicesAreOneGraph() async throws {
        try await Self.with(["000001_a"]) { files in
            try files.write("SELECT 1;", to: "orders/migrations/000001_o.up.sql")
            try files.write(
                #"{"migrations": {"000001": {"cross_service_depends_on": {"shop": ["000001"], "mail": ["000007"]}}}}"#,
                to: "orders/migrations/dependencies.json"
            )
            let orders = Service(name: "orders", schemas: ["orders"], folder: files.folder.file("orders/migrations"))
            let graph = DependencyGraph(
                [(orders, .usual), (files.service, .usual)],
                environment: nil,
                copy: "development"
            )
            // A migration of a service whose files are not available is named by its number.
            #expect(
                graph.nodes.map { "\($0.service)/\($0.name): \($0.needs.map { "\($0.service)/\($0.name)" })" } == [
                    "orders/000001_o: [\"mail/7\", \"shop/000001_a\"]", "shop/000001_a: []",
                ]
            )
        }
    }

    @Test func ofTreesOfTheirOwnOneIsShown() async throws {
        try await Self.with(["development/000001_a", "production/000001_b"]) { files in
            try #expect(Self.graph(files, "{}").map { $0.prefix(8) } == ["000001_a"])
            try #expect(Self.graph(files, "{}", environment: "production").map { $0.prefix(8) } == ["000001_b"])
        }
    }
}
