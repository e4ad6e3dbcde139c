import TestSupport
import Testing

/// `granary.mk` in a Makefile of a user. `echo` takes the place of granary, so that make shows what it would run.
@Suite struct MakeTargetTests {
    private func make(
        _ words: String...,
        makefile: String = "include granary.mk\nall: ; @echo all\nship: db-backup ; @echo ship $(VERSION)\n",
        granary: String = "echo granary",
        environment: [String: String?] = [:]
    ) async throws -> CommandOutcome {
        try await ScratchFolder.with { folder in
            try folder.write(ownMakefile(), to: "granary.mk")
            try folder.write(makefile, to: "Makefile")
            return try await runCommand(
                "make",
                words,
                environment: ["MAKEFLAGS": nil, "MAKELEVEL": nil, "GRANARY": granary].merging(environment) { $1 },
                workingDirectory: folder.path
            )
        }
    }

    private func ownMakefile() throws -> [UInt8] {
        let root = #filePath.prefix(upTo: try #require(#filePath.firstRange(of: "/Tests/")).lowerBound)
        return Array(readFile("\(root)/granary.mk"))
    }

    @Test func aPlainMakeRunsTheFirstTargetOfTheUser() async throws {
        try await #expect(make().stdout == "all\n")
        try await #expect(make(makefile: "first: ; @echo first\ninclude granary.mk\n").stdout == "first\n")
        let chosen = ".DEFAULT_GOAL := last\ninclude granary.mk\nall: ; @echo all\nlast: ; @echo last\n"
        try await #expect(make(makefile: chosen).stdout == "last\n")
        let alone = try await make(makefile: "include granary.mk\n")
        #expect(alone.status == 2 && alone.stdout.isEmpty, "\(alone)")
    }

    /// Otherwise the migrations behind that version would be applied too.
    @Test(arguments: [
        ["db-migrate-up", "VERSION=2"], ["db-migrate-up", "COUNT=1"], ["db-backup", "FILE=x.zip"],
        ["db-reset-dev", "ENV=staging"], ["all", "db-migrate-up", "VERSION=2"], ["db-seed", "db-clean", "N=1"],
        ["db-clean", "db-reset-dev", "ENV=qa"],
    ])
    func aVariableThatTheTargetDoesNotTakeStopsEverything(words: [String]) async throws {
        let outcome = try await ScratchFolder.with { folder in
            try folder.write(ownMakefile(), to: "granary.mk")
            try folder.write("include granary.mk\nall: ; @echo all\n", to: "Makefile")
            return try await runCommand(
                "make",
                words,
                environment: ["MAKEFLAGS": nil, "MAKELEVEL": nil, "GRANARY": "echo granary"],
                workingDirectory: folder.path
            )
        }
        #expect(outcome.status == 2 && outcome.stdout.isEmpty, "\(outcome)")
        let name = try #require(words.last?.split(separator: "=").first)
        #expect(outcome.stderr.contains("takes no \(name), so nothing was done; it takes "), "\(outcome)")
    }

    @Test func variablesOfTheTargetAndOfGranaryAreTaken() async throws {
        try await #expect(make("db-migrate-up", "N=2").stdout == "granary migrate up 2\n")
        try await #expect(make("db-migrate-goto", "VERSION=2").stdout == "granary migrate goto 2\n")
        try await #expect(make("db-drill").stdout == "granary drill\n")
        try await #expect(make("db-drill", "FILE=a b.zip").stdout == "granary drill a b.zip\n")
        try await #expect(make("db-clean", "CONFIRM=it's").stdout == "granary clean --confirm it's\n")
        try await #expect(
            make("db-backup", "ENV=qa", "PGHOST=x", "ARGS=--jobs 2").stdout == "granary backup --jobs 2\n"
        )
        try await #expect(make("db-migration-generate", "NAME=x").stdout == "granary migrate generate x\n")
    }

    /// A confirmation in a shell's environment would answer every question, and other tools use such names too.
    @Test func variablesOfTheEnvironmentAreNotTaken() async throws {
        let environment = [
            "CONFIRM": "shop", "N": "3", "NAME": "laptop", "FILE": "x.zip", "FORMAT": "md", "ARGS": "--force",
        ]
        try await #expect(make("db-clean", environment: environment).stdout == "granary clean\n")
        try await #expect(make("db-migrate-up", environment: environment).stdout == "granary migrate up\n")
        try await #expect(make("db-schema", environment: environment).stdout == "granary schema\n")
        try await #expect(make("db-backups", environment: environment).stdout == "granary backups list\n")
        let nameless = try await make("db-migration-generate", environment: environment)
        #expect(nameless.status == 2 && nameless.stderr.contains("needs NAME="), "\(nameless)")
        let written = "CONFIRM = shop\nN = 3\ninclude granary.mk\n"
        try await #expect(make("db-migrate-up", makefile: written).stdout == "granary migrate up 3\n")
        let given = try await make("db-clean", "CONFIRM=other", environment: environment)
        #expect(given.stdout == "granary clean --confirm other\n")
    }

    @Test func anEnvironmentOnTheCommandLineIsPassedOn() async throws {
        func chosen(_ words: String...) async throws -> String {
            try await ScratchFolder.with { folder in
                try folder.write(ownMakefile(), to: "granary.mk")
                try folder.write("include granary.mk\ndeploy: db-migrate-up\n", to: "Makefile")
                return try await runCommand(
                    "make",
                    words + ["GRANARY=echo $$GRANARY_ENV"],
                    environment: ["MAKEFLAGS": nil, "MAKELEVEL": nil, "GRANARY_ENV": "staging", "ENV": "/etc/profile"],
                    workingDirectory: folder.path
                ).stdout
            }
        }
        try await #expect(chosen("db-migrate-up", "ENV=prodution") == "prodution migrate up\n")
        try await #expect(chosen("deploy", "ENV=prodution") == "prodution migrate up\n")
        try await #expect(chosen("db-migrate-up", "ENV=") == "staging migrate up\n")
        try await #expect(chosen("db-migrate-up") == "staging migrate up\n")
    }

    @Test func variablesOfTheUsersOwnTargetsAreTheirs() async throws {
        try await #expect(make("ship", "VERSION=2").stdout == "granary backup\nship 2\n")
        try await #expect(make("all", "db-backup", "STAGE=2").stdout == "all\ngranary backup\n")
        let declared = "GRANARY_VARIABLES = STAGE\ninclude granary.mk\n"
        try await #expect(make("db-backup", "STAGE=2", makefile: declared).stdout == "granary backup\n")
    }

    @Test func helpListsTheTargets() async throws {
        let help = try await make("db-help")
        #expect(
            help.stdout.contains("\n  db-migrate-up         Apply all pending migrations; N=1 applies one\n"),
            "\(help)"
        )
        #expect(help.stdout.split(separator: "\n").allSatisfy { $0.hasPrefix("  db-") || $0.hasPrefix("  doctor ") })
    }

    @Test func hintsNameVariablesOfMake() async throws {
        try await TestProject.withOrders(marked: "development") { site in
            try site.folder.write(ownMakefile(), to: "granary.mk")
            func make(_ words: String...) async throws -> CommandOutcome {
                try await runCommand(
                    "make",
                    ["-f", "granary.mk", "GRANARY=\(granaryBinary())"] + words,
                    environment: ["MAKEFLAGS": nil, "MAKELEVEL": nil, "DATABASE_URL": site.url],
                    workingDirectory: site.folder.path
                )
            }
            let refused = try await make("db-reset-dev")
            #expect(refused.stderr.contains(", add CONFIRM=\(site.database)\n"), "\(refused)")
            let done = try await make("db-reset-dev", "CONFIRM=\(site.database)")
            #expect(done.status == 0, "\(done)")
        }
    }
}
