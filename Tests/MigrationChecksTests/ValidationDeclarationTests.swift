import MigrationChecks
import Migrations
import Project
import TestSupport
import Testing

/// Checks of both JSON files.
@Suite struct ValidationDeclarationTests {
    static func dependencies(_ entries: String) -> String { "{\n\"migrations\": {\n\(entries)\n}\n}\n" }

    static let forms = [
        FaultCase(
            "no JSON",
            .jsonSyntax,
            ["migrations/dependencies.json": "{\n  \"migrations\": {},\n}\n", "migrations/environments.json": "[1, 2"],
            "error migrations/dependencies.json:3:1",
            "error migrations/environments.json:1:6",
            sound: ["migrations/dependencies.json": "{\n  \"migrations\": {}\n}", "migrations/environments.json": "{}"]
        ),
        FaultCase(
            "every wrong type, and not only the first",
            .wrongType,
            [
                "migrations/dependencies.json": """
                {
                  "migrations": {
                    "000001": {"depends_on": "000000", "affects_tables": ["shop.a", 7], "risk_level": "severe"},
                    "initial": {},
                    "000002": {"rollback_safe": "yes",
                      "cross_service_depends_on": ["user-service"]}
                  },
                  "global_config": {"max_parallel_migrations": -1}
                }
                """,
                "migrations/environments.json": """
                {
                  "environments": {
                    "staging": {"migrations": 3, "config": {"backup_required": 1,
                      "maintenance_window": "never"}},
                    "a/b": {}
                  },
                  "schemas": "shop"
                }
                """,
            ],
            "error migrations/dependencies.json:3",
            "error migrations/dependencies.json:3",
            "error migrations/dependencies.json:3",
            "error migrations/dependencies.json:4",
            "error migrations/dependencies.json:5",
            "error migrations/dependencies.json:6",
            "error migrations/dependencies.json:8",
            "error migrations/environments.json:3",
            "error migrations/environments.json:3",
            "error migrations/environments.json:4",
            "error migrations/environments.json:5",
            "error migrations/environments.json:7",
            sound: [
                "migrations/dependencies.json": """
                {
                  "migrations": {
                    "000001": {"depends_on": [], "affects_tables": ["shop.a"], "risk_level": "high", "approved": null},
                    "000002_b": {"rollback_safe": true, "cross_service_depends_on": {"user-service": ["1", "000002_b"]}}
                  },
                  "global_config": {"max_parallel_migrations": 1}
                }
                """,
                "migrations/environments.json": """
                {
                  "environments": {
                    "staging": {"migrations": ["a"], "config": {"backup_required": true,
                      "maintenance_window": "Sun 02:00-04:00 UTC"}},
                    "production": {"migrations": "migrations/production"}
                  },
                  "schemas": ["shop"]
                }
                """,
            ]
        ),
        FaultCase(
            "fields that nobody knows",
            .unknownField,
            [
                "migrations/dependencies.json": dependencies("\"1\": {\n\"risk_levl\": \"low\"}"),
                "migrations/environments.json":
                    "{\"environments\": {\"staging\": {\n\"config\": {\n\"backup\": true}}},\n\"lock\": 1}",
            ],
            "warning migrations/dependencies.json:4",
            "warning migrations/environments.json:3",
            "warning migrations/environments.json:4",
            sound: [
                "migrations/dependencies.json": dependencies("\"1\": {\n\"risk_level\": \"low\", \"created_at\": 7}"),
                "migrations/environments.json":
                    "{\"environments\": {\"staging\": {\n\"config\": {\n\"backup_required\": true}}},\n\"version\": 1}",
            ]
        ),
        FaultCase(
            "entries that are there twice",
            .duplicateEntry,
            [
                "migrations/dependencies.json": dependencies("\"1\": {},\n\"000001_a\": {},\n\"2\": {},\n\"2\": {}"),
                "migrations/000001_a.up.sql": soundUp,
                "migrations/environments.json":
                    "{\"environments\": {\"staging\": {\"migrations\": [\n\"000001_a.up.sql\",\n\"migrations/000001_a.up.sql\"]}}}",
            ],
            "error migrations/dependencies.json:4",
            "error migrations/dependencies.json:6",
            "error migrations/environments.json:3",
            sound: [
                "migrations/dependencies.json": dependencies("\"1\": {},\n\"2\": {}"),
                "migrations/environments.json":
                    "{\"environments\": {\"staging\": {\"migrations\": [\"000001_a.up.sql\", \"000001_a.down.sql\"]}}}",
            ]
        ),
        FaultCase(
            "an environment that is not declared",
            .unknownEnvironment,
            [
                "migrations/dependencies.json": dependencies("\"1\": {\"environment\": \"qa\"}"),
                "migrations/environments.json":
                    "{\"environments\": {\"staging\": {}},\n\"current_environment\": \"dev\"}",
            ],
            "error migrations/dependencies.json:3",
            "error migrations/environments.json:2",
            sound: [
                "migrations/dependencies.json": dependencies("\"1\": {\"environment\": \"staging\"}"),
                "migrations/environments.json":
                    "{\"environments\": {\"staging\": {}},\n\"current_environment\": \"staging\"}",
            ]
        ),
    ]

    static let references = [
        FaultCase(
            "an entry without a file",
            .entryWithoutFile,
            [
                "migrations/dependencies.json": dependencies("\"1\": {},\n\"000002\": {},\n\"000003_old\": {}"),
                "migrations/1_a.up.sql": soundUp, "migrations/000003_new.up.sql": "SELECT 1;",
            ],
            "error migrations/dependencies.json:4",
            "warning migrations/dependencies.json:5",
            sound: [
                "migrations/development/2_b.up.sql": "SELECT 2;", "migrations/000003_new.up.sql": "",
                "migrations/000003_old.up.sql": "SELECT 1;",
            ]
        ),
        FaultCase(
            "a file without an entry",
            .missingEntry,
            [
                "migrations/dependencies.json": dependencies("\"000001_a\": {}"), "migrations/1_a.up.sql": soundUp,
                "migrations/development/2_b.up.sql": "SELECT 2;",
            ],
            "warning migrations/development/2_b.up.sql:1",
            sound: ["migrations/dependencies.json": ""]
        ),
        FaultCase(
            "a listed file that does not exist, or is another environment's",
            .listedFileMissing,
            [
                "migrations/environments.json": """
                {"environments": {
                "development": {"migrations": [
                  "000001_a.up.sql",
                  "000009_gone.up.sql", "development/000002_b.up.sql"]},
                "staging": {"migrations": ["migrations/000001_a.up.sql",
                  "000002_b.up.sql"]},
                "production": {"migrations": "migrations/live"}
                }}
                """,
                "migrations/000001_a.up.sql": soundUp, "migrations/development/000002_b.up.sql": "SELECT 2;",
            ],
            "error migrations/environments.json:4",
            "error migrations/environments.json:6",
            "warning migrations/environments.json:7",
            sound: [
                "migrations/000009_gone.up.sql": "SELECT 9;", "migrations/staging/000002_b.up.sql": "SELECT 2;",
                "migrations/live/3_c.up.sql": "SELECT 3;",
            ]
        ),
        FaultCase(
            "a file that runs and is not listed",
            .unlistedFile,
            [
                "migrations/environments.json": """
                {"environments": {
                "development": {"migrations": ["1_a.up.sql"]},
                "staging": {"migrations":
                  []}
                }}
                """,
                "migrations/1_a.up.sql": soundUp, "migrations/development/2_b.up.sql": "SELECT 2;",
            ],
            "warning migrations/environments.json:2",
            "warning migrations/environments.json:4",
            sound: [
                "migrations/environments.json":
                    "{\"environments\": {\"development\": {\"migrations\": [\"1_a.up.sql\", \"2_b\"]}, \"staging\": {}}}"
            ]
        ),
        FaultCase(
            "a dependency that does not exist",
            .unknownDependency,
            [
                "migrations/dependencies.json": dependencies("\"1\": {},\n\"2\": {\"depends_on\": [\"1\", \"7\"]}"),
                "migrations/1_a.up.sql": soundUp, "migrations/2_b.up.sql": "SELECT 2;",
            ],
            "error migrations/dependencies.json:4",
            sound: ["migrations/7_c.up.sql": "SELECT 7;"]
        ),
        FaultCase(
            "a dependency on a migration of another environment",
            .otherEnvironmentDependency,
            [
                "migrations/dependencies.json": dependencies("\"3\": {\n\"depends_on\": [\"000002\"]}"),
                "migrations/1_a.up.sql": soundUp, "migrations/development/2_b.up.sql": "SELECT 2;",
                "migrations/3_c.up.sql": "SELECT 3;",
            ],
            "error migrations/dependencies.json:4",
            sound: ["migrations/3_c.up.sql": "", "migrations/development/3_c.up.sql": "SELECT 3;"]
        ),
        FaultCase(
            "dependencies in circles, each once",
            .dependencyCycle,
            [
                "migrations/dependencies.json": dependencies(
                    """
                    "1": {"depends_on": ["3"]},
                    "2": {"depends_on": ["1"]},
                    "3": {"depends_on": ["2"]},
                    "4": {"depends_on": ["4"]}
                    """
                )
            ],
            "error migrations/dependencies.json:3",
            "error migrations/dependencies.json:6",
            sound: [
                "migrations/dependencies.json": dependencies(
                    "\"1\": {},\n\"2\": {\"depends_on\": [\"1\"]}, \"3\": {\"depends_on\": [\"2\", \"1\"]}, \"4\": {}"
                )
            ]
        ),
    ]

    @Test(arguments: forms + references) func itIsFoundAndWhatLooksLikeItIsNot(_ fault: FaultCase) async throws {
        let (faulty, sound) = try await fault.run()
        #expect(faulty == fault.expected)
        #expect(sound == [])
    }

    @Test func circlesAndMissingServicesAreNamedAcrossServices() async throws {
        let findings = try await validation(
            of: [
                "orders/migrations/1_a.up.sql": "-- A.\nCREATE TABLE orders.a ();",
                "orders/migrations/1_a.down.sql": "DROP TABLE orders.a;",
                "orders/migrations/dependencies.json": Self.dependencies(
                    "\"1\": {\"cross_service_depends_on\": {\"users\": [\"1\", \"5\"], \"user\": [\"1\"]}}"
                ),
                "users/migrations/1_a.up.sql": "-- A.\nCREATE TABLE users.a ();",
                "users/migrations/1_a.down.sql": "DROP TABLE users.a;",
                "users/migrations/dependencies.json": Self.dependencies(
                    "\"1\": {\"cross_service_depends_on\": {\"orders\": [\"1\"]}}"
                ),
            ],
            root: true
        ).filter { $0.severity == .error }
        #expect(
            findings.map { "\($0.place) \($0.message)" } == [
                "error orders/migrations/dependencies.json:3 dependencies form a cycle: orders/1_a → users/1_a → orders/1_a",
                "error orders/migrations/dependencies.json:3 1 depends on user, and there is no such service",
                "error orders/migrations/dependencies.json:3 1 depends on users/5, and there is no such migration",
            ]
        )
        #expect(findings[1].hint == "is users meant?")
    }

    @Test func referencesAreNamedAsTheyAreWrittenAndWhereTheyStand() async throws {
        let findings = try await validation(of: [
            "migrations/000001_a.up.sql": soundUp, "migrations/000001_a.down.sql": soundDown,
            "migrations/000002_b.up.sql": "-- B.\nALTER TABLE shop.things DROP COLUMN name;",
            "migrations/000002_b.down.sql": "ALTER TABLE shop.things ADD COLUMN name text;",
            "migrations/dependencies.json": """
            {"migrations": {
              "000001": {},
              "000002": {
                "depends_on": [
                  "000001_other",
                  "000099"
                ],
                "affects_tables": [],
                "risk_level": "low",
                "rollback_safe": true,
                "environment": "staging"
              }
            }}
            """,
        ]).filter { $0.file.hasSuffix("dependencies.json") }
        #expect(
            findings.map { "\($0.line) \($0.rule): \($0.message)" } == [
                "3 unknown-environment: 000002 is declared for staging, but runs in every environment",
                "5 unknown-dependency: 000002 depends on 000001_other, but the migration with this number is 000001_a",
                "6 unknown-dependency: 000002 depends on 000099, and there is no such migration",
                "8 affects-tables: affects_tables of 000002 lacks shop.things, which line 2 of its up file changes",
                "9 risk-level: 000002 is declared low risk, and is high because of line 2, ALTER TABLE",
                "10 rollback-safe: 000002 is declared rollback_safe, but line 2 of its up file loses the values of "
                    + "shop.things.name",
            ]
        )
    }

    @Test func aListedFileThatIsNotThereIsGuessedByItsTitleOrItsNumber() async throws {
        let findings = try await validation(of: [
            "migrations/000001_users.up.sql": soundUp, "migrations/000001_users.down.sql": soundDown,
            "migrations/environments.json": """
            {"environments": {"development": {"migrations": ["000001_user.up.sql", "000007_users.up.sql",
              "000009_gone.up.sql", "000001_users.up.sql"]}}}
            """,
        ]).filter { $0.rule == "listed-file-missing" }
        let guess = "is 000001_users.up.sql meant?"
        #expect(findings.map(\.hint) == [guess, guess, "remove it from the list"])
    }

    @Test func wordsAndNumbersThatAreNotAllowedAreNamed() async throws {
        let findings = try await validation(of: [
            "migrations/dependencies.json": "{\"migrations\": {\"1\": {\"risk_level\": \"severe\"}}}",
            "migrations/environments.json": "{\"migration_locking\": {\"timeout_seconds\": -5}}",
        ]).filter { $0.rule == "wrong-type" }
        #expect(
            findings.map(\.message) == [
                "migrations.1.risk_level is \"severe\" and not low, medium or high",
                "migration_locking.timeout_seconds is a number and not a whole number from 0 on",
            ]
        )
        #expect(findings.first?.hint == "docs/migrations.md explains the fields")
    }

    /// The strict readers, which runs use, refuse the same files as these checks.
    @Test func theReadersStayStrict() throws {
        let wrong = "{\"migrations\": {\"1\": {\"risk_level\": \"severe\"}}}"
        let twice = "{\"migrations\": {\"1\": {}, \"1\": {}}}"
        for text in [wrong, twice] {
            #expect(throws: EnvironmentsError.self) {
                _ = try DependenciesFile(JSONText(Array(text.utf8), path: "dependencies.json"))
            }
        }
    }

    @Test func aFieldThatIsMisspelledIsGuessed() async throws {
        let findings = try await validation(of: [
            "migrations/dependencies.json": "{\"migrations\": {\"1\": {\"risk_levl\": \"low\", \"zzz\": 1}}}"
        ]).filter { $0.rule == "unknown-field" }
        #expect(findings.map(\.hint) == ["is risk_level meant?", "remove it"])
        #expect(findings[0].message == "migrations.1.risk_levl is an unknown field")
    }

    static let effects = [
        FaultCase(
            "tables that are changed and not declared, or declared and not touched",
            .affectsTables,
            [
                "migrations/dependencies.json": dependencies(
                    "\"1\": {\"affects_tables\": []},\n\"2\": {\"affects_tables\": [\"shop.thing\", \"shop.things\"]}"
                ),
                "migrations/1_a.up.sql": soundUp,
                "migrations/2_b.up.sql": "UPDATE shop.things SET name = 'a' WHERE id = 1;",
            ],
            "warning migrations/dependencies.json:3",
            "warning migrations/dependencies.json:4",
            sound: [
                "migrations/dependencies.json": dependencies(
                    "\"1\": {\"affects_tables\": [\"shop.things\"]},\n\"2\": {\"affects_tables\": [\"things\", \"shop.users\"]}"
                ),
                "migrations/2_b.up.sql": """
                CREATE TEMP TABLE t (a int);
                CREATE VIEW shop.v AS SELECT * FROM shop.users;
                UPDATE shop.things SET name = 'a' WHERE id = 1;
                """,
            ]
        ),
        FaultCase(
            "nobody can tell what a block touches",
            .affectsTables,
            [
                "migrations/dependencies.json": dependencies("\"1\": {\"affects_tables\": [\"shop.things\"]}"),
                "migrations/1_a.up.sql": "SELECT 1;",
            ],
            "warning migrations/dependencies.json:3",
            sound: ["migrations/1_a.up.sql": "DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'shop.things'; END $$;"]
        ),
        FaultCase(
            "less risk than there is",
            .riskLevel,
            [
                "migrations/dependencies.json": dependencies("\"1\": {\n\"risk_level\": \"low\"}"),
                "migrations/1_a.up.sql": "ALTER TABLE shop.things DROP COLUMN name;",
            ],
            "error migrations/dependencies.json:4",
            sound: ["migrations/1_a.up.sql": soundUp]
        ),
        FaultCase(
            "more risk than there is may be declared",
            .riskLevel,
            [
                "migrations/dependencies.json": dependencies("\"1\": {\"risk_level\": \"medium\"}"),
                "migrations/1_a.up.sql": "DROP TABLE shop.things;",
            ],
            "error migrations/dependencies.json:3",
            sound: ["migrations/1_a.up.sql": soundUp]
        ),
        FaultCase(
            "rollback_safe where the down loses rows",
            .rollbackSafe,
            [
                "migrations/dependencies.json": dependencies("\"1\": {\"rollback_safe\": true}"),
                "migrations/1_a.up.sql": "ALTER TABLE shop.things ADD COLUMN b int;",
                "migrations/1_a.down.sql": "ALTER TABLE shop.things DROP COLUMN b;",
            ],
            "warning migrations/dependencies.json:3",
            sound: [
                "migrations/1_a.up.sql": "CREATE INDEX a ON shop.things (b);",
                "migrations/1_a.down.sql": "DROP INDEX shop.a;",
            ]
        ),
        FaultCase(
            "rollback_safe without a down",
            .rollbackSafe,
            [
                "migrations/dependencies.json": dependencies(
                    "\"1\": {\"rollback_safe\": true},\n\"2\": {\"rollback_safe\": true}"
                ),
                "migrations/1_a.up.sql": "CREATE INDEX a ON shop.things (b);",
                "migrations/2_b.up.sql": "CREATE INDEX b ON shop.things (b);", "migrations/2_b.down.sql": "-- none\n",
            ],
            "warning migrations/dependencies.json:3",
            "warning migrations/dependencies.json:4",
            sound: ["migrations/1_a.down.sql": "DROP INDEX shop.a;", "migrations/2_b.down.sql": "-- nothing to undo"]
        ),
        FaultCase(
            "rollback_safe where the up destroys what no down brings back",
            .rollbackSafe,
            [
                "migrations/dependencies.json": dependencies("\"1\": {\"rollback_safe\": true}"),
                "migrations/1_a.up.sql": "ALTER TABLE shop.things DROP COLUMN b;",
                "migrations/1_a.down.sql": "ALTER TABLE shop.things ADD COLUMN b int;",
            ],
            "warning migrations/dependencies.json:3",
            sound: [
                "migrations/1_a.up.sql": "INSERT INTO shop.things (id) VALUES (1);",
                "migrations/1_a.down.sql": "DELETE FROM shop.things WHERE id = 1;",
            ]
        ),
    ]

    @Test(arguments: effects) func declarationsAreComparedWithTheStatements(_ fault: FaultCase) async throws {
        let (faulty, sound) = try await fault.run()
        #expect(faulty == fault.expected)
        #expect(sound == [])
    }
}
