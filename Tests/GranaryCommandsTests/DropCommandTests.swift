import PostgresClient
import TestSupport
import Testing

@testable import GranaryCommands

@Suite struct DropCommandTests {
    private func database(_ given: ServerAddress, isLocal: Bool = false) -> ConnectedDatabase {
        ConnectedDatabase(address: given, given: given, name: "shop", host: "db", isLocal: isLocal)
    }

    @Test func theLineForAShellHasNoPassword() {
        let address = ServerAddress("postgresql://app:hush@db:5433/shop?sslmode=require")
        #expect(
            database(address).dropCommand(for: "shop_old")
                == #"psql 'dbname=shop host=db port=5433 sslmode=require user=app' -c 'DROP DATABASE "shop_old"'"#
        )
    }

    @Test func namesAreQuotedForSQLAndForTheShell() {
        let address = ServerAddress("", overrides: [ServerAddress.Parameter("host", "a b")])
        #expect(
            database(address).dropCommand(for: #"it's "old""#)
                == #"psql 'dbname=shop host='\''a b'\''' -c 'DROP DATABASE "it'\''s ""old"""'"#
        )
    }

    /// A shell must split the line into the original words, and no character may control a terminal.
    @Test(
        arguments: [
            "plain", "", "it's", "q'\u{301};touch x", "$(touch x)`y`", "a\nb", "-n\u{1b}[2J%s\\n'", "\u{202e}é\u{9b}",
            "end\n\n",
        ]
    )
    func aShellReadsWordsAsTheyWere(word: String) async throws {
        let printed = QuotedText.shellWord(word)
        #expect(!printed.unicodeScalars.contains(where: QuotedText.isControl))
        let outcome = try await runCommand("sh", ["-c", "printf '%s|' \(printed)"])
        #expect(outcome.stdoutBytes == Array("\(word)|".utf8))
    }

    @Test func theLineThatSwapsGoesThroughAnotherDatabase() {
        let address = ServerAddress("postgresql://app:hush@db:5433/shop")
        #expect(
            database(address).swapCommand("ALTER DATABASE a", of: "shop", through: nil)
                == "psql 'dbname=postgres host=db port=5433 user=app' -c 'ALTER DATABASE a'"
        )
        #expect(
            database(address, isLocal: true).swapCommand("ALTER DATABASE a", of: "shop", through: "admin")
                == #"granary server psql -c '\connect admin' -c 'ALTER DATABASE a'"#
        )
    }

    @Test func theLocalServerHasItsOwnPsql() {
        #expect(
            database(ServerAddress("postgresql:///shop"), isLocal: true).dropCommand(for: "shop_old")
                == #"granary server psql -c 'DROP DATABASE "shop_old"'"#
        )
    }
}
