import Migrations
import Project
import Synchronization
import TestSupport
import Testing

/// Dependencies within a service and between services.
@Suite struct DependencyTests {
    static let four: KeyValuePairs = [
        "1_a.up.sql": "CREATE SCHEMA shop;", "1_a.down.sql": "DROP SCHEMA shop;",
        "2_b.up.sql": "CREATE TABLE shop.b ();", "2_b.down.sql": "DROP TABLE shop.b;",
        "3_c.up.sql": "CREATE TABLE shop.c ();", "3_c.down.sql": "DROP TABLE shop.c;",
    ]

    @Test func aMigrationThatDependsOnALaterNumberRunsAfterIt() async throws {
        try await TestProject.with(migrations: Self.four) { project in
            try project.writeMigration(#"{"migrations": {"2": {"depends_on": ["3"]}}}"#, to: "dependencies.json")
            try await #expect(project.up().appliedSteps.map(\.version) == [1, 3, 2])
            // In the reverse order of application.
            try await #expect(project.down(2).revertedSteps.map(\.version) == [2, 3])
        }
    }

    @Test func aMissingDependencyIsRefusedWithItsPlace() async throws {
        try await TestProject.with(migrations: Self.four) { project in
            try project.writeMigration(
                "{\"migrations\": {\n\n\"3\": {\"depends_on\": [\"000009\"]}}}",
                to: "dependencies.json"
            )
            let error = await failure { try await project.up() }
            #expect(error?.code == .dependency)
            #expect(
                error?.description
                    == "\(project.migrations)/dependencies.json:3: 3_c depends on shop/9, and there is no such migration"
            )
            // A fault in a migration that the plan does not include is no obstacle.
            try await #expect(project.up(2).appliedSteps.map(\.version) == [1, 2])
        }
    }

    @Test func aDependencyOnAnotherEnvironmentsMigrationIsNamedAsThat() async throws {
        try await TestProject.with(migrations: Self.four) { project in
            try project.writeMigration("SELECT 1;", to: "staging/000009_s.up.sql")
            try project.writeMigration(#"{"migrations": {"3": {"depends_on": ["000009_s"]}}}"#, to: "dependencies.json")
            let error = await failure { try await project.up() }
            #expect(error?.code == .dependency)
            #expect(error?.description.hasSuffix("3_c depends on 9, which is a migration of staging only") == true)
        }
    }

    @Test func aCircleIsNamedWithItsPath() async throws {
        try await TestProject.with(migrations: Self.four) { project in
            try project.writeMigration(
                #"{"migrations": {"1": {"depends_on": ["3"]}, "2": {"depends_on": ["1"]}, "3": {"depends_on": ["2"]}}}"#,
                to: "dependencies.json"
            )
            let error = await failure { try await project.up() }
            #expect(error?.code == .dependency)
            #expect(error?.description == "dependencies form a cycle: shop/1 → shop/3 → shop/2 → shop/1")
        }
    }

    @Test func aDownThatWouldBreakADependentIsRefused() async throws {
        try await TestProject.with(migrations: Self.four) { project in
            try project.writeMigration(#"{"migrations": {"2": {"depends_on": ["3"]}}}"#, to: "dependencies.json")
            try await project.up()
            try project.writeMigration(#"{"migrations": {"1": {"depends_on": ["2"]}}}"#, to: "dependencies.json")
            let error = await failure { try await project.down() }
            #expect(error?.code == .dependent)
            #expect(error?.description == "2_b cannot be reverted: shop/1 depends on it and is applied")
            try await #expect(project.ledger() == "1 3 2")
            try await #expect(project.down(3).revertedSteps.map(\.version) == [2, 3, 1])
        }
    }

    // MARK: Several services.

    /// Orders depend on users, and shipping depends on orders. The alphabetical order would be wrong.
    static func withServices(_ body: (Services) async throws -> Void) async throws {
        try await TestProject.with(migrations: [:]) { project in
            let services = Services(project: project)
            for (name, need) in [("a-shipping", "m-orders"), ("m-orders", "z-users"), ("z-users", nil)] {
                let schema = name.replacing("-", with: "_")
                let folder = "../services/\(name)/migrations"
                try project.writeMigration(
                    "CREATE SCHEMA \(schema); CREATE TABLE \(schema).t (id int);",
                    to: "\(folder)/000001_a.up.sql"
                )
                try project.writeMigration("DROP SCHEMA \(schema) CASCADE;", to: "\(folder)/000001_a.down.sql")
                try project.writeMigration("ALTER TABLE \(schema).t ADD x int;", to: "\(folder)/000002_b.up.sql")
                try project.writeMigration("ALTER TABLE \(schema).t DROP x;", to: "\(folder)/000002_b.down.sql")
                guard let need else { continue }
                try project.writeMigration(
                    #"{"migrations": {"000001": {"cross_service_depends_on": {"\#(need)": ["000002_b"]}}}}"#,
                    to: "\(folder)/dependencies.json"
                )
            }
            try await body(services)
        }
    }

    struct Services: Sendable {
        let project: TestProject

        func migrator(_ names: [String]) throws -> Migrator {
            let root = project.folder.file("services")
            return try project.migrator {
                $0.services = names.map { name in
                    .init(
                        service: .init(
                            name: name,
                            schemas: [name.replacing("-", with: "_")],
                            folder: "\(root)/\(name)/migrations"
                        ),
                        file: .usual
                    )
                }
            }
        }
    }

    static let all = ["a-shipping", "m-orders", "z-users"]

    @Test func severalServicesAreMigratedInTheOrderOfTheirDependencies() async throws {
        try await Self.withServices { services in
            let report = try await services.migrator(Self.all).run(.up(nil))
            #expect(
                report.appliedSteps.map { "\($0.service)/\($0.version)" } == [
                    "z-users/1", "z-users/2", "m-orders/1", "m-orders/2", "a-shipping/1", "a-shipping/2",
                ]
            )
            let down = try await services.migrator(Self.all).run(.down(nil))
            #expect(
                down.revertedSteps.map(\.service) == [
                    "a-shipping", "a-shipping", "m-orders", "m-orders", "z-users", "z-users",
                ]
            )
        }
    }

    @Test func oneServiceAloneFindsWhatItNeedsInTheLedgerOfTheOther() async throws {
        try await Self.withServices { services in
            let orders = try services.migrator(["m-orders"])
            let error = await failure { try await orders.run(.up(nil)) }
            #expect(error?.code == .dependency)
            #expect(
                error?.description.hasSuffix("000001_a depends on z-users/2, which is not applied in this database")
                    == true
            )
            #expect(error?.hint?.contains("--root") == true)
            let users = try services.migrator(["z-users"])
            _ = try await users.run(.up(1))
            let half = await failure { try await orders.run(.up(nil)) }
            #expect(half?.code == .dependency)
            _ = try await users.run(.up(nil))
            try await #expect(orders.run(.up(nil)).appliedSteps.map(\.version) == [1, 2])
            // A migration that another service depends on is not reverted, even if that service's files are not part of
            // the run.
            let floor = await failure { try await users.run(.down(1)) }
            #expect(floor?.code == .dependent)
            #expect(floor?.message == "000002_b cannot be reverted: m-orders/1 depends on it and is applied")
            let floorOfGoto = await failure { try await users.run(.goto(1)) }
            #expect(floorOfGoto?.code == .dependent)
            _ = try await orders.run(.down(nil))
            try await #expect(users.run(.down(1)).revertedSteps.map(\.version) == [2])
        }
    }

    @Test func aCircleAcrossServicesIsNamedWithItsPath() async throws {
        try await Self.withServices { services in
            try services.project.writeMigration(
                #"{"migrations": {"000001": {"cross_service_depends_on": {"a-shipping": ["1"]}}}}"#,
                to: "../services/z-users/migrations/dependencies.json"
            )
            let error = await failure { try await services.migrator(Self.all).run(.up(nil)) }
            #expect(error?.code == .dependency)
            #expect(
                error?.description.hasPrefix("dependencies form a cycle: ") == true
                    && error?.description.contains("z-users/1 → a-shipping/1") == true,
                "\(error?.description ?? "")"
            )
        }
    }

    /// Two services can run at the same time.
    @Test func servicesHaveALockEach() async throws {
        try await Self.withServices { services in
            let project = services.project
            try project.writeMigration(
                "SELECT pg_advisory_xact_lock(77)",
                to: "../services/z-users/migrations/000002_b.up.sql"
            )
            try project.writeMigration("{}", to: "../services/a-shipping/migrations/dependencies.json")
            let users = Mutex<Task<MigrationReport, any Error>?>(nil)
            try await project.while("SELECT pg_advisory_xact_lock(77)", as: "gate") {
                let task = Task { try await services.migrator(["z-users"]).run(.up(nil)) }
                users.withLock { $0 = task }
                try await eventually { try await project.sql(ConcurrencyTests.waits(of: "granary")) == "1" }
                try await #expect(services.migrator(["a-shipping"]).run(.up(nil)).appliedSteps.count == 2)
            }
            try await #expect(users.withLock { $0 }!.value.appliedSteps.count == 2)
        }
    }
}
