import TestSupport
import Testing

/// The built program, where no server is needed.
@Suite struct BinaryTests {
    /// There is no server on port 1, and the environment of the machine does not choose a database.
    private static let nowhere = "postgresql://app:hush@127.0.0.1:1/shop"

    private func granary(
        _ arguments: String...,
        variables: [String: String?] = [:],
        files: [String: String] = [:]
    ) async throws -> CommandOutcome {
        try await granary(arguments: arguments, variables: variables, files: files)
    }

    private func granary(
        arguments: [String],
        variables: [String: String?] = [:],
        files: [String: String] = [:]
    ) async throws -> CommandOutcome {
        try await ScratchFolder.with { folder in
            for (name, content) in files { try folder.write(content, to: name) }
            return try await runCommand(
                granaryBinary(),
                arguments,
                environment: variables,
                workingDirectory: folder.path
            )
        }
    }

    @Test func granaryAloneIsShorterThanItsHelp() async throws {
        let bare = try await granary()
        #expect(bare.status == 0)
        #expect(bare.stdout.hasPrefix("granary init  "))
        #expect(bare.stderr.isEmpty)
    }

    @Test func helpListsAllCommands() async throws {
        let asked = try await granary("--help")
        #expect(asked.stdout.hasPrefix("OVERVIEW: Migrate, seed, back up"))
    }

    @Test(arguments: [
        ["--passphrase=hush-hush"], ["--passphrase", "hush", "hush-hush"], ["--passphrse=hush-hush"],
        ["--passphrase", "--hush"],
    ])
    func aPassphraseOnTheCommandLineIsNotRepeated(_ arguments: [String]) async throws {
        for json in [[], ["--json"]] {
            let outcome = try await granary(arguments: ["backup"] + arguments + json)
            #expect(outcome.status == 64)
            #expect(!outcome.description.contains("hush"), "\(outcome)")
        }
    }

    @Test func theVersionIsAResult() async throws {
        let outcome = try await granary("--version")
        #expect(outcome.status == 0)
        #expect(outcome.stdout.split(separator: ".").count == 3)
    }

    @Test func anUnknownOptionIsUsage() async throws {
        let outcome = try await granary("backup", "--jbos", "3")
        #expect(outcome.status == 64)
        #expect(outcome.stdout.isEmpty)
        #expect(
            outcome.stderr
                == "granary: error: unknown option '--jbos'. Did you mean '--jobs'?\n"
                + "hint: `granary backup --help` lists the options\n"
        )
    }

    @Test(arguments: [
        (["bakcup"], "granary has no command bakcup", "did you mean `granary backup` or `granary backups`?"),
        (["migrate", "stauts"], "granary migrate has no command stauts", "did you mean `granary migrate status`?"),
        (["migrat", "up"], "granary has no command migrat", "did you mean `granary migrate`?"),
        (
            ["show", "--json"], "granary has no command show",
            "did you mean `granary backups show` or `granary env show`?"
        ),
        (["help", "verfy"], "granary has no command verfy", "did you mean `granary verify`?"),
        (["env", "makr", "staging"], "granary env has no command makr", "did you mean `granary env mark`?"),
    ])
    func aMisspelledCommandGetsASuggestion(words: [String], sentence: String, hint: String) async throws {
        let outcome = try await runCommand(granaryBinary(), words)
        #expect(outcome.status == 64)
        #expect(outcome.stderr.hasPrefix("granary: error: \(sentence)\nhint: \(hint) `granary"), "\(outcome)")
        #expect(outcome.stdout.isEmpty || words.last == "--json")
    }

    @Test func aWordLikeNoCommandHasNoSuggestion() async throws {
        let outcome = try await granary("frobnicate")
        #expect(outcome.status == 64)
        #expect(
            outcome.stderr
                == "granary: error: granary has no command frobnicate\nhint: `granary --help` lists the commands\n"
        )
    }

    @Test func theValuesThereAreStandOnOneLine() async throws {
        let outcome = try await granary("migrate", "generate", "add_x", "--type", "tabel")
        #expect(outcome.status == 64)
        #expect(outcome.stderr.contains("one of the following: table, column, index, constraint, foreign_key, data"))
    }

    @Test func usageErrorsAreDocumentsToo() async throws {
        let outcome = try await granary("server", "stat", "--json")
        #expect(outcome.status == 64)
        #expect(outcome.stdout.hasPrefix(#"{"error":{"message":"#))
        #expect(outcome.stdout.hasSuffix(#""code":64}}"# + "\n"))
        #expect(outcome.stderr.hasPrefix("granary: error: "))
    }

    @Test func theVariableThatIsToBlameIsNamed() async throws {
        let outcome = try await granary("backup", variables: ["GRANARY_JOBS": "many"])
        #expect(outcome.status == 64)
        #expect(outcome.stderr.contains("--jobs comes from the variable GRANARY_JOBS"))
    }

    @Test func withoutADatabaseTheExitCodeIsFourAndTheHintNamesBothOptions() async throws {
        for command in [["backup"], ["restore", "x.zip"]] {
            let outcome = try await ScratchFolder.with { folder in
                try folder.write("x", to: "x.zip")
                return try await runCommand(granaryBinary(), command, workingDirectory: folder.path)
            }
            #expect(outcome.status == 4)
            #expect(outcome.stdout.isEmpty)
            #expect(outcome.stderr.hasPrefix("granary: error: no database was given\nhint: "))
            #expect(outcome.stderr.contains("--database-url") && outcome.stderr.contains("granary server start"))
        }
    }

    @Test func aClosedPortIsFourAndTheSourceIsSaidOnceWithoutThePassword() async throws {
        let outcome = try await granary("backup", variables: ["DATABASE_URL": Self.nowhere])
        #expect(outcome.status == 4)
        #expect(outcome.stderr.hasPrefix("database shop at 127.0.0.1:1 (DATABASE_URL)\ngranary: error: "))
        #expect(outcome.stderr.contains("\nhint: "))
        #expect(!outcome.stderr.contains("hush"))
    }

    @Test func theDocumentOfAFailureIsAloneOnStandardOutput() async throws {
        let outcome = try await granary("backup", "--json", "--quiet", "--database-url", Self.nowhere)
        #expect(outcome.status == 4)
        #expect(outcome.stdout.hasPrefix(#"{"error":{"message":"#))
        #expect(outcome.stdout.hasSuffix(#""sqlstate":null,"code":4}}"# + "\n"))
        #expect(outcome.stderr.hasPrefix("granary: error: "))
        #expect(!outcome.stdout.contains("hush") && !outcome.stderr.contains("hush"))
    }

    @Test func everyOptionHasItsVariable() async throws {
        let outcome = try await granary(
            "backup",
            variables: [
                "GRANARY_DATABASE_URL": Self.nowhere, "GRANARY_JSON": "1", "DATABASE_URL": "postgresql://other",
            ]
        )
        #expect(outcome.status == 4)
        #expect(outcome.stdout.hasPrefix(#"{"error":"#))
        #expect(outcome.stderr.hasPrefix("database shop at 127.0.0.1:1 (--database-url)\n"))
    }

    @Test(arguments: [
        "postgresql://app:hu/sh@127.0.0.1:1/shop", "postgresql://app:hu@sh@127.0.0.1:1/shop",
        "postgresql://app:hu%sh@127.0.0.1:1/shop", "postgresql://app:hush", "host=127.0.0.1 password=hu sh",
        "postgres://app:hush@127.0.0.1:1/shop?nonsense=1", "mysql://app:hush@127.0.0.1/shop",
        "postgresql://app:hush@127.0.0.1:99999/shop", "host=127.0.0.1 port=x password=hush",
    ])
    func aWrongURLNeverShowsItsPassword(url: String) async throws {
        let plain = try await granary("backup", "--verbose", variables: ["DATABASE_URL": url])
        let document = try await granary("backup", "--json", "--log-format", "json", "--database-url", url)
        #expect(plain.status == 4, "\(plain)")
        #expect(document.status == 4 || document.status == 64, "\(document)")
        for text in [plain.stderr, plain.stdout, document.stderr, document.stdout] {
            #expect(!text.contains("hush") && !text.contains("sh@") && !text.contains("\"hu\""), "\(text)")
        }
    }

    @Test func waitingEndsWithTheLastError() async throws {
        let outcome = try await granary("backup", "--wait", "5s", "--database-url", Self.nowhere)
        #expect(outcome.status == 4)
        #expect(outcome.stderr.contains("waiting for the server: "))
        #expect(outcome.stderr.contains("granary: error: no connection within 5.0 s: "))
    }

    @Test(arguments: ["INT", "TERM", "HUP"])
    func anInterruptIsACleanEnd(signal: String) async throws {
        let script = """
            '\(try granaryBinary())' backup --wait 60s --database-url '\(Self.nowhere)' 2> said &
            until grep -q waiting said; do sleep 0.05; done
            kill -\(signal) $!
            wait $!
            status=$?
            cat said
            exit $status
            """
        let outcome = try await ScratchFolder.with { folder in
            try await runCommand("sh", ["-c", script], workingDirectory: folder.path)
        }
        #expect(outcome.status == 130)
        #expect(outcome.stdout.hasSuffix("\ngranary: error: interrupted\n"))
    }

    @Test func theWrongFileIsNamedWithBothPlaces() async throws {
        let outcome = try await granary("restore", "x.zip", "--database-url", Self.nowhere)
        #expect(outcome.status == 1)
        #expect(outcome.stderr.contains("there is no file x.zip, nor backups/x.zip"))
    }

    @Test func aFileIsSoughtAmongTheBackups() async throws {
        let outcome = try await granary(
            "restore",
            "x.zip",
            "--database-url",
            Self.nowhere,
            files: ["backups/x.zip": "x"]
        )
        #expect(outcome.status == 4)
    }

    @Test func garbageIsNotABackup() async throws {
        let text = try await granary("verify", "x.zip", files: ["x.zip": "garbage"])
        #expect(text.status == 1)
        let plain = try await granary("verify", "x.zip", files: ["x.zip": "\u{1}\u{2}garbage"])
        #expect(plain.status == 2)
        #expect(plain.stdout.hasSuffix("1 problem in x.zip\n"))
        let document = try await granary("verify", "x.zip", "--json", "--quiet", files: ["backups/x.zip": ""])
        #expect(document.status == 2)
        let beginning =
            #"{"file":"backups/x.zip","format":"archive","ok":false,"members":0,"tables":null,"rows":0,"#
        #expect(document.stdout.hasPrefix(beginning))
        #expect(document.stderr.isEmpty)
        let missing = try await granary("verify", "x.zip", "--json")
        #expect(missing.status == 1)
        #expect(missing.stdout.hasPrefix(#"{"error":{"message":"there is no file x.zip, nor backups/x.zip""#))
    }

    @Test func leftoversOfAnEarlierBackupAreRemovedAndReported() async throws {
        let outcome = try await granary(
            "backup",
            "--database-url",
            Self.nowhere,
            files: ["backups/shop.zip.partial": "half", "backups/shop.zip": "whole"]
        )
        #expect(outcome.stderr.hasPrefix("removed backups/shop.zip.partial, which an earlier backup left behind\n"))
        #expect(!outcome.stderr.contains("removed backups/shop.zip,"))
    }

    @Test func theLocalServerIsNotForProduction() async throws {
        let refused = try await granary("backup", "--local", "--env", "production")
        #expect(refused.status == 3)
        let undeclared = try await granary("backup", "--local", "--env", "prod")
        #expect(undeclared.status == 64)
    }

    @Test func lookingForAServerMakesNone() async throws {
        let status = try await granary("server", "status", "--json")
        #expect(status.status == 0)
        #expect(status.stdout == #"{"running":false}"# + "\n")
        let url = try await granary("server", "url")
        #expect(url.status == 4)
        #expect(url.stderr.contains("granary server start"))
        let stopped = try await granary("server", "stop", "--json", "--quiet")
        #expect(stopped.status == 0)
        #expect(stopped.stdout == #"{"stopped":false}"# + "\n")
    }

    @Test func standardErrorCanBeForPrograms() async throws {
        let outcome = try await granary("backup", "--log-format", "json", "--database-url", Self.nowhere)
        #expect(outcome.status == 4)
        let lines = outcome.stderr.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.hasPrefix(#"{"time":"#) && $0.hasSuffix("}") })
        #expect(lines.last?.contains(#""level":"error""#) == true)
    }

    @Test func aResultThatCannotBeWrittenIsAFailure() async throws {
        let outcome = try await runCommand("sh", ["-c", "'\(granaryBinary())' --version > /dev/full"])
        #expect(outcome.status == 1)
    }
}
