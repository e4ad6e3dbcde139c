import Glibc
import TestSupport
import Testing

/// `granary validate` when it also runs migrations.
@Suite struct ValidateReplayTests {
    private static let files: KeyValuePairs = [
        "migrations/000001_a.up.sql": """
        -- Things, and who has them.
        CREATE SCHEMA shop;
        CREATE TABLE shop.things (id bigint PRIMARY KEY, name text NOT NULL, owner text);
        GRANT USAGE ON SCHEMA shop TO shop_reader_of_the_replay;

        """,
        "migrations/000001_a.down.sql": "DROP TABLE shop.things;\nDROP SCHEMA shop;\n",
        "migrations/000002_b.up.sql":
            "-- Owners are kept elsewhere.\n-- granary: ignore ban-drop-column\nALTER TABLE shop.things DROP COLUMN owner;\n",
        "migrations/000002_b.down.sql": "ALTER TABLE shop.things ADD COLUMN owner text;\n",
        "migrations/environments.json": #"{"service": "shop", "environments": {"development": {}}}"#,
        "seeds/common/things.yaml": "- {id: 1, name: lamp}\n- {id: two, name: chair}\n",
    ]

    private static func with(_ body: (ScratchFolder) async throws -> Void) async throws {
        try await ScratchFolder.with(in: serverParent) { folder in
            // The account of a server that root has created must be able to enter it.
            chmod(folder.path, 0o755)
            for (name, text) in files { try folder.write(text, to: name) }
            try await body(folder)
        }
    }

    private static func validate(_ folder: ScratchFolder, _ words: String...) async throws -> CommandOutcome {
        try await runCommand(
            granaryBinary(),
            ["validate", "--json"] + words,
            environment: [
                "HOME": folder.path, "XDG_CACHE_HOME": nil, "GRANARY_SERVER_FOLDER": folder.file("servers"),
                "DATABASE_URL": nil, "PGHOST": nil,
            ],
            workingDirectory: folder.path
        )
    }

    private static func rules(_ outcome: CommandOutcome) -> [String] {
        outcome.stdout.matches(of: #/"rule":"([^"]+)"/#).map { String($0.1) }
    }

    @Test func withoutAServerOneIsMadeAsideAndStoppedAgain() async throws {
        try await Self.with { folder in
            let outcome = try await Self.validate(folder)
            #expect(outcome.status == 2, "\(outcome)")
            // Three rows lost their owner, and the second seed row does not fit bigint. The role was no obstacle.
            #expect(Self.rules(outcome) == ["down-loses-rows", "seed-wrong-type"], "\(outcome)")
            #expect(outcome.stdout.contains(#""version":2,"name":"000002_b","environment":"development""#))
            #expect(outcome.stdout.contains(#""undoes":true"#) && outcome.stdout.contains(#""undoes":false"#))
            // The project is unchanged. In particular it has no local server that later commands would take for the
            // target.
            #expect(folder.names().contains(".granary") == false)
            let made = folder.names(in: ".cache/granary")
            #expect(made.count == 1)
            let status = try await runCommand(
                granaryBinary(),
                ["server", "status", "--json"],
                environment: ["GRANARY_SERVER_FOLDER": folder.file("servers")],
                workingDirectory: folder.file(".cache/granary/\(made.first ?? "")")
            )
            #expect(status.stdout.contains(#""running":false"#), "\(status)")
        }
    }

    @Test func aServerThatIsNamedKeepsNothing() async throws {
        try await Self.with { folder in
            let server = try await ThrowawayServer.start()
            try await server.withDatabase { url in
                let refused = try await Self.validate(folder, "--scratch-url", url)
                // Roles are not created on a server that other users share.
                #expect(Self.rules(refused) == ["up-fails"], "\(refused)")
                try folder.write(
                    "-- Things.\nCREATE SCHEMA shop;\nCREATE TABLE shop.things (id bigint PRIMARY KEY, name text NOT NULL, owner text);\n",
                    to: "migrations/000001_a.up.sql"
                )
                try folder.write("- {id: 1, name: lamp}\n", to: "seeds/common/things.yaml")
                try folder.write(
                    "-- granary: ignore down-loses-rows\nALTER TABLE shop.things ADD COLUMN owner text;\n",
                    to: "migrations/000002_b.down.sql"
                )
                let outcome = try await Self.validate(folder, "--scratch-url", url)
                #expect(outcome.status == 0, "\(outcome)")
                try await #expect(
                    psql(url, "SELECT count(*) FROM pg_database WHERE datname LIKE 'granary_replay%'") == "0"
                )
                let target = try await Self.validate(folder, "--scratch-url", url, "--database-url", url)
                #expect(target.status == 3, "\(target)")
                #expect(target.stdout.contains("which is not used for tests"))
            }
            try await server.stop()
        }
    }

    @Test func interruptedItLeavesNoDatabase() async throws {
        try await Self.with { folder in
            try folder.write("-- Slow.\nSELECT pg_sleep(60);\n", to: "migrations/000003_c.up.sql")
            let server = try await ThrowawayServer.start()
            try await server.withDatabase { url in
                try await psql(url, "CREATE ROLE shop_reader_of_the_replay")
                let binary = try granaryBinary()
                let running = Task {
                    try await runCommand(
                        "timeout",
                        ["--signal=INT", "--preserve-status", "5", binary, "validate", "--scratch-url", url],
                        workingDirectory: folder.path
                    )
                }
                let outcome = try await running.value
                #expect(outcome.status == 130, "\(outcome)")
                try await #expect(
                    psql(url, "SELECT count(*) FROM pg_database WHERE datname LIKE 'granary_replay%'") == "0"
                )
            }
            try await server.stop()
        }
    }
}
