import TestSupport
import Testing

@testable import Project

@Suite struct EnvironmentsFileTests {
    private func file(_ text: String) throws -> EnvironmentsFile {
        try EnvironmentsFile(JSONText(Array(text.utf8), path: "migrations/environments.json"))
    }

    @Test func withoutAFileThereAreTheUsualThreeAndNothingIsForbidden() {
        #expect(EnvironmentsFile.usual.names == ["development", "staging", "production"])
        #expect(EnvironmentsFile.usual.policy("production")?.allowsDestructiveOperations == true)
        #expect(EnvironmentsFile.usual.policy("test") == nil)
    }

    /// If it were treated as missing, everything would be allowed.
    @Test func aFileThatCannotBeReadIsAnError() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("", to: "environments.json/x")
            let error = #expect(throws: EnvironmentsError.self) { try EnvironmentsFile.read(migrations: folder.path) }
            #expect(error?.code == .file)
            #expect(error?.description == "\(folder.path)/environments.json cannot be read")
        }
    }

    @Test func everyFieldIsRead() throws {
        let file = try file(
            """
            {"environments": {
              "development": {"description": "d", "migrations": ["000001_a.up.sql", "development/000002_b.up.sql"], "seed_files": ["x.sql"]},
              "production": {"migrations": "migrations/live", "config": {
                "allow_destructive_operations": false, "skip_validation": true, "auto_rollback_on_failure": true, "require_approval": true,
                "maintenance_window_required": true, "maintenance_window": "Sun 02:00-04:00 UTC", "backup_required": true}}},
             "current_environment": "development", "service": "user-service", "schemas": ["a", "b"],
             "migration_locking": {"enabled": false, "timeout_seconds": 7, "max_concurrent_migrations": 2}}
            """
        )
        #expect(file.names == ["development", "production"])
        #expect(file.currentEnvironment == "development")
        #expect(file.service == "user-service")
        #expect(file.schemas == ["a", "b"])
        #expect(file.locking == .init(isEnabled: false, timeoutSeconds: 7, maxConcurrentMigrations: 2))
        let development = try #require(file.policy("development"))
        #expect(development.migrations == .files(["000001_a.up.sql", "development/000002_b.up.sql"]))
        #expect(development.seedFiles == ["x.sql"])
        #expect(
            development.allowsDestructiveOperations && !development.skipsValidation && !development.rollsBackOnFailure
        )
        #expect(!development.requiresApproval && !development.requiresWindow && !development.requiresBackup)
        let production = try #require(file.policy("production"))
        #expect(production.migrations == .folder("migrations/live"))
        #expect(!production.allowsDestructiveOperations && production.skipsValidation && production.rollsBackOnFailure)
        #expect(production.requiresApproval && production.requiresWindow && production.requiresBackup)
        #expect(production.window?.description == "Sun 02:00-04:00 UTC")
        #expect(file.folders == ["development": "development", "production": "live"])
        #expect(file.unknownFields == [])
    }

    /// It would be stored in databases and printed by `granary env`.
    @Test func anIdentityIsNoRecipientAndIsNotRepeated() throws {
        let identity = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"
        for text in [identity, identity.lowercased(), " \(identity)"] {
            let error = #expect(throws: EnvironmentsError.self) {
                try file("{\"environments\": {\"a\": {\"config\": {\n\"recipients\": [\"age1x\", \"\(text)\"]}}}}")
            }
            #expect(error?.code == .file)
            #expect(error?.place?.line == 2)
            #expect(error?.message.contains("is an identity of age, which is secret") == true)
            #expect(error?.description.lowercased().contains("egtzvffv") == false)
        }
    }

    @Test func anEnvironmentEnablesLintRules() throws {
        let file = try file(
            """
            {"environments": {"a": {}, "b": {"config": {
              "lint": {"enable": ["style", "wide-index"], "disable": ["prefer-jsonb"], "enabel": []}}}}}
            """
        )
        #expect(file.policy("a")?.lint == .init())
        #expect(file.policy("b")?.lint == .init(enable: ["style", "wide-index"], disable: ["prefer-jsonb"], line: 2))
        #expect(file.unknownFields == [.init(trail: "environments.b.config.lint.enabel", line: 2, nearest: "enable")])
    }

    @Test func unknownFieldsAreKeptWithTheirLines() throws {
        let file = try file(
            "{\n\"enviroments\": {},\n\"environments\": {\"a\": {\n\"config\": {\n\"backup_requird\": true}}}}"
        )
        #expect(file.unknownFields.map(\.trail) == ["enviroments", "environments.a.config.backup_requird"])
        #expect(file.unknownFields.map(\.line) == [2, 5])
    }

    @Test(arguments: [
        ("[]", ":1: the document is a list and not an object"),
        ("{\"environments\": []}", ":1: environments is a list and not an object"),
        (
            "{\"environments\": {\"a\": {\"config\": {\n\"require_approval\": \"yes\"}}}}",
            ":2: environments.a.config.require_approval is text and not true or false"
        ),
        (
            "{\"environments\": {\"a\": {\"migrations\": 7}}}",
            ":1: environments.a.migrations is a number and not a list"
        ),
        (
            "{\"environments\": {\"a\": {}}, \"current_environment\": \"b\"}",
            ":1: current_environment is b, which is not declared"
        ),
        (
            "{\"environments\": {\n\"a/b\": {}}}",
            ":2: \"a/b\" cannot be the name of an environment, because it cannot be that of a folder"
        ),
        (
            "{\"environments\": {\"a\": {},\n\"..\": {}}}",
            ":2: \"..\" cannot be the name of an environment, because it cannot be that of a folder"
        ),
        (
            "{\"environments\": {\"\": {}}}",
            ":1: \"\" cannot be the name of an environment, because it cannot be that of a folder"
        ),
        (
            "{\"environments\": {\"a\\u0007b\": {}}}",
            ":1: \"ab\" cannot be the name of an environment, because it cannot be that of a folder"
        ),
        (
            "{\"migration_locking\": {\"timeout_seconds\": -1}}",
            ":1: migration_locking.timeout_seconds is a number and not a whole number from 0 on"
        ),
        (
            "{\"environments\": {\"a\": {\"config\": {\"maintenance_window\": \"Sunday night\"}}}}",
            ":1: environments.a.config.maintenance_window: \"Sunday night\" is not a maintenance window"
        ),
    ])
    func wrongTypesNameLineAndField(_ text: String, _ expected: String) {
        let error = #expect(throws: EnvironmentsError.self) { try file(text) }
        #expect(error?.description == "migrations/environments.json" + expected)
        #expect(error?.hint != nil)
    }
}

@Suite struct MaintenanceWindowTests {
    /// The seconds since 1970 for a time in November 2026. The 22nd is a Sunday.
    private func november(_ day: Int, _ hour: Int, _ minute: Int, _ second: Int = 0) -> Int {
        // 2026-11-01 is day 20,758 since 1970.
        (20_758 + day - 1) * 86_400 + hour * 3600 + minute * 60 + second
    }

    @Test func bothSidesOfItsLimits() throws {
        let window = try MaintenanceWindow("Sun 02:00-04:00 UTC")
        #expect(!window.contains(november(22, 1, 59, 59)))
        #expect(window.contains(november(22, 2, 0)))
        #expect(window.contains(november(22, 3, 59, 59)))
        #expect(!window.contains(november(22, 4, 0)))
        #expect(!window.contains(november(21, 3, 0)))
        #expect(!window.contains(november(23, 3, 0)))
        #expect(window.minutesUntilOpen(november(22, 1, 0)) == 60)
        #expect(window.minutesUntilOpen(november(22, 2, 30)) == 0)
        #expect(window.minutesUntilOpen(november(22, 4, 0)) == 7 * 1440 - 120)
    }

    @Test func overMidnightBelongsToTheDayItBeginsOn() throws {
        let window = try MaintenanceWindow("Fri-Sat 22:00-02:00 +01:00")
        #expect(window.contains(november(20, 21, 0)))
        #expect(!window.contains(november(20, 20, 59, 59)))
        #expect(window.contains(november(22, 0, 59, 59)))
        #expect(!window.contains(november(22, 1, 0)))
        #expect(!window.contains(november(22, 21, 0)))
    }

    @Test func severalAndDaily() throws {
        let window = try MaintenanceWindow("daily 00:00-00:30 UTC, Sun-Mon 10:00-24:00 -02:00")
        #expect(window.contains(november(18, 0, 29)))
        #expect(!window.contains(november(18, 0, 30)))
        #expect(window.contains(november(23, 1, 59)))
        #expect(window.contains(november(24, 1, 59)))
        #expect(!window.contains(november(24, 2, 0)))
        #expect(!window.contains(november(22, 11, 59)))
        #expect(window.contains(november(22, 12, 0)))
    }

    @Test(arguments: ["Sun", "SUNDAY", "sund"]) func daysMayBeShortenedToThreeLetters(_ day: String) throws {
        let window = try MaintenanceWindow("\(day) 02:00-04:00 UTC")
        #expect(window.contains(november(22, 2, 0)))
        #expect(!window.contains(november(23, 2, 0)))
    }

    @Test(arguments: [
        "Sunshine 02:00-04:00 UTC", "Su 02:00-04:00 UTC", "Sundays 02:00-04:00 UTC", "", "Sun", "Sun 02:00-04:00",
        "Sun 2-4 UTC", "Sun 02:00-25:00 UTC", "Sun 02:60-03:00 UTC",
        "Xyz 02:00-04:00 UTC", "Sun 02:00-02:00 UTC",
        "Sun 02:00-04:00 Europe/Berlin", "Sun 02:00-04:00 +15:00", "Sun-Mon-Tue 02:00-04:00 UTC", "Sun 02:00 UTC",
    ])
    func invalidWindowsAreRefused(_ text: String) {
        let error = #expect(throws: EnvironmentsError.self) { try MaintenanceWindow(text) }
        #expect(error?.hint?.contains("Sun 02:00-04:00 UTC") == true)
    }
}
