import Environments
import TestSupport
import Testing

@Suite struct EnvironmentsFileTests {
    @Test func listsOfFilesAreReadWithEveryFlag() throws {
        let file = try environmentsFile(
            """
            {
              "service": "user-service", "schemas": ["user_service", "user_audit"],
              "environments": {
                "development": {
                  "description": "a machine",
                  "migrations": ["000001_a.up.sql", "migrations/development/000002_b.up.sql"],
                  "seed_files": ["common/000001_x.sql"],
                  "config": {"allow_destructive_operations": true, "auto_rollback_on_failure": true}
                },
                "production": {
                  "migrations": [],
                  "config": {
                    "allow_destructive_operations": false,
                    "skip_validation": false,
                    "auto_rollback_on_failure": false,
                    "require_approval": true,
                    "maintenance_window_required": true,
                    "maintenance_window": "Sun 02:00-04:00 UTC",
                    "backup_required": true
                  }
                }
              },
              "current_environment": "development",
              "migration_locking": {"enabled": false, "timeout_seconds": 20, "max_concurrent_migrations": 3}
            }
            """
        )
        #expect(file.path == "environments.json")
        #expect(file.names == ["development", "production"])
        #expect(file.service?.text == "user-service")
        #expect(file.schemas?.map(\.text) == ["user_service", "user_audit"])
        #expect(file.currentEnvironment?.text == "development")
        #expect(file.findings == [])
        let development = try #require(file["development"])
        #expect(development.description == "a machine")
        #expect(development.place?.line == 4)
        guard case .files(let listed) = development.migrations else {
            Issue.record("not a list")
            return
        }
        #expect(listed.map(\.text) == ["000001_a.up.sql", "migrations/development/000002_b.up.sql"])
        #expect(listed.map(\.lastComponent) == ["000001_a.up.sql", "000002_b.up.sql"])
        #expect(listed.map(\.place.line) == [6, 6])
        #expect(development.seedFiles.map(\.text) == ["common/000001_x.sql"])
        #expect(development.policy.allowsDestructiveOperations)
        #expect(development.policy.rollsBackOnFailure)
        #expect(development.policy.declaredFlags == [.allowDestructiveOperations, .autoRollbackOnFailure])
        let production = try #require(file["production"]).policy
        #expect(!production.allowsDestructiveOperations)
        #expect(!production.skipsValidation)
        #expect(!production.rollsBackOnFailure)
        #expect(production.requiresApproval)
        #expect(production.requiresMaintenanceWindow)
        #expect(production.maintenanceWindow?.description == "Sun 02:00-04:00 UTC")
        #expect(production.requiresBackup)
        #expect(production.declaredFlags == Set(EnvironmentPolicy.Flag.allCases))
        #expect(production.declared[.requireApproval]?.line == 16)
        #expect(!file.locking.isEnabled)
        #expect(file.locking.timeoutSeconds == 20)
        #expect(file.locking.maxConcurrentMigrations == 3)
        #expect(Set(file.locking.declared.keys) == ["enabled", "timeout_seconds", "max_concurrent_migrations"])
    }

    @Test func theNameOfAFolderIsReadToo() throws {
        let file = try environmentsFile(
            "{\"environments\": {\"qa\": {\"migrations\": \"development\"}, \"live\": {}}}"
        )
        guard case .folder(let folder) = file["qa"]?.migrations else {
            Issue.record("not a folder")
            return
        }
        #expect(folder.text == "development")
        #expect(file["live"]?.migrations == nil)
        #expect(file["development"] == nil)
    }

    @Test func whatTheFileDoesNotSayAllowsEverything() throws {
        for file in [EnvironmentsFile.usual, try environmentsFile("{}")] {
            #expect(file.names == ["development", "staging", "production"])
            let policy = try #require(file["production"]).policy
            #expect(policy == EnvironmentPolicy())
            #expect(policy.allowsDestructiveOperations)
            #expect(!policy.requiresApproval && !policy.requiresBackup && !policy.requiresMaintenanceWindow)
            #expect(!policy.rollsBackOnFailure && !policy.skipsValidation)
            #expect(policy.declaredFlags == [])
            #expect(file.locking == MigrationLocking())
            #expect(file.locking.timeoutSeconds == 300)
            #expect(file.currentEnvironment == nil)
        }
    }

    @Test func unknownFieldsAreFindingsWithTheirLines() throws {
        let file = try environmentsFile(
            """
            {"$schema": "x",
             "environments": {"qa": {"owner": "me",
               "require_approval": true,
               "config": {"require_aproval": true}}},
             "migration_locking": {"timeout": 5}}
            """
        )
        #expect(file.findings.map(\.place.line) == [1, 2, 3, 4, 5])
        #expect(file.findings[2].message == "the field require_approval is not known, and has no effect")
        #expect(file.findings[2].hint == "it counts within the \"config\" of an environment")
        #expect(file.findings[3].hint?.contains("require_approval") == true)
        #expect(file["qa"]?.policy.requiresApproval == false)
    }

    static let mistakes: [(String, String)] = [
        ("[]", "environments.json:1:1: the file must be an object, { … }, and it is an array"),
        ("{\"environments\": []}", "environments.json:1:18: environments must be an object, { … }, and it is an array"),
        ("{\"environments\": {}}", "environments.json:1:18: environments declares no environment"),
        (
            "{\"environments\": {\"a b\": {}}}",
            "environments.json:1:19: a b cannot be the name of the environment"
        ),
        (
            "{\"environments\": {\"qa\": {\"config\": {\"require_approval\": \"yes\"}}}}",
            "environments.json:1:57: environments.qa.config.require_approval must be true or false, without quotes, "
                + "and it is a string"
        ),
        (
            "{\"environments\": {\"qa\": {\"migrations\": 7}}}",
            "environments.json:1:40: environments.qa.migrations must be a list of files, or the name of a folder, "
                + "and it is a number"
        ),
        (
            "{\"environments\": {\"qa\": {\"migrations\": [\"a\", 2]}}}",
            "environments.json:1:46: environments.qa.migrations[1] must be a string in double quotes, and it is a number"
        ),
        (
            "{\"environments\": {\"qa\": {\"seed_files\": [\"\"]}}}",
            "environments.json:1:41: environments.qa.seed_files[0] is empty"
        ),
        (
            "{\"environments\": {\"qa\": {\"config\": {\"maintenance_window\": \"Sun 2-4\"}}}}",
            "environments.json:1:59: environments.qa.config.maintenance_window has a time that is not between 00:00 "
                + "and 24:00"
        ),
        (
            "{\"current_environment\": \"qa\"}",
            "environments.json:1:25: current_environment names an environment that is not declared"
        ),
        (
            "{\"migration_locking\": {\"timeout_seconds\": -1}}",
            "environments.json:1:43: migration_locking.timeout_seconds must be a number from 0, and it is a number"
        ),
        (
            "{\"migration_locking\": {\"max_concurrent_migrations\": 0}}",
            "environments.json:1:53: migration_locking.max_concurrent_migrations must be a number from 1, and it is "
                + "a number"
        ),
        ("{\"service\": \"\"}", "environments.json:1:13: service is empty"),
        ("{\"schemas\": []}", "environments.json:1:13: schemas is an empty list"),
        (
            "{\"schemas\": [\"pg_x\"]}",
            "environments.json:1:14: schemas[0] is no good: the schema pg_x belongs to PostgreSQL"
        ),
    ]

    @Test(arguments: mistakes)
    func wrongValuesAreToldByTheirPlace(_ json: String, _ expected: String) throws {
        let error = #expect(throws: EnvironmentsError.self) { _ = try environmentsFile(json) }
        #expect(error?.message == expected)
        #expect(error?.code == .invalidFile)
        #expect(error?.hint?.isEmpty == false)
    }

    @Test func theFileLiesInTheMigrationsFolder() async throws {
        try await ScratchFolder.with { folder in
            let path = try folder.write("{\"environments\": {\"qa\": {}}}", to: "db/environments.json")
            let file = try EnvironmentsFile.read(migrations: folder.file("db"))
            #expect(file.path == path)
            #expect(file.names == ["qa"])
            try #expect(EnvironmentsFile.read(migrations: folder.path) == .usual)
            try #expect(EnvironmentsFile.read(migrations: folder.file("none")) == .usual)
        }
    }
}
