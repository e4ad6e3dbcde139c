import Migrations
import Project
import TestSupport
import Testing

struct RenumberingTests {
    private static let dependencies = """
        {
          "migrations": {
            "000001": {"depends_on": []},
            "000002": {"depends_on": ["000001"],   "risk_level": "low"},
            "000003_c": {"depends_on": ["000001", "000002_b"]}
          }
        }
        """
    private static let environments = """
        {"environments": {"development": {"migrations": ["000001_a.up.sql", "migrations/000002_b.up.sql", "development/000003_c.up.sql"]},
          "production": {"migrations": ["000001_a.up.sql", "000002_b.up.sql"]}}}
        """

    private static func with(_ body: (Files) async throws -> Void) async throws {
        try await Files.with { files in
            for name in ["000001_a", "000002_b", "development/000003_c"] {
                try files.write("-- \(name)\nSELECT 1;", to: "migrations/\(name).up.sql")
                try files.write("SELECT 2;", to: "migrations/\(name).down.sql")
            }
            try files.write(dependencies, to: "migrations/dependencies.json")
            try files.write(environments, to: "migrations/environments.json")
            try files.write("# 000002_b\nSee 000002_b.up.sql.\n", to: "docs/migrations/000002_b.md")
            try await body(files)
        }
    }

    private static func renumbering(_ files: Files, _ old: Int, _ new: Int, others: [String] = []) throws -> Renumbering
    {
        let all = try files.all
        let migration = try #require(all.first { $0.version == old })
        return try Renumbering([.init(from: migration, to: new)], of: files.service, all: all, others: others)
    }

    @Test func filesEntriesReferencesListsAndThePageMoveTogether() async throws {
        try await Self.with { files in
            let renumbering = try Self.renumbering(files, 2, 11)
            #expect(renumbering.moved.count == 3 && renumbering.edited.count == 2 && renumbering.notes == [])
            #expect(files.names("migrations").contains("000002_b.up.sql"))
            try renumbering.make()
            #expect(
                files.names("migrations") == [
                    "000001_a.down.sql", "000001_a.up.sql", "000011_b.down.sql", "000011_b.up.sql", "dependencies.json",
                    "development", "environments.json",
                ]
            )
            // The text is unchanged, so that its checksum is too.
            #expect(files.read("migrations/000011_b.up.sql") == "-- 000002_b\nSELECT 1;")
            #expect(
                files.read("migrations/dependencies.json")
                    == Self.dependencies.replacing("\"000002\"", with: "\"000011\"")
                    .replacing("000002_b", with: "000011_b")
            )
            #expect(
                files.read("migrations/environments.json") == Self.environments.replacing("000002_b", with: "000011_b")
            )
            #expect(files.read("docs/migrations/000011_b.md") == "# 000011_b\nSee 000011_b.up.sql.\n")
            #expect(files.names("docs/migrations") == ["000011_b.md"])
        }
    }

    @Test func aMigrationOfAnEnvironmentStaysInItsFolder() async throws {
        try await Self.with { files in
            try Self.renumbering(files, 3, 4).make()
            #expect(files.names("migrations/development") == ["000004_c.down.sql", "000004_c.up.sql"])
            #expect(files.read("migrations/dependencies.json").contains("\"000004_c\": {"))
            #expect(files.read("migrations/environments.json").contains("\"development/000004_c.up.sql\""))
        }
    }

    @Test func otherServicesReferencesFollow() async throws {
        try await Self.with { files in
            let text =
                #"{"migrations": {"000001": {"cross_service_depends_on": {"shop": ["000002"], "mail": ["000002"]}}}}"#
            try files.write(text, to: "orders/dependencies.json")
            try Self.renumbering(files, 2, 9, others: [files.folder.file("orders")]).make()
            #expect(
                files.read("orders/dependencies.json")
                    == #"{"migrations": {"000001": {"cross_service_depends_on": {"shop": ["000009"], "mail": ["000002"]}}}}"#
            )
        }
    }

    @Test func aNumberThatIsTakenIsRefused() async throws {
        try await Self.with { files in
            let error = await failure { try Self.renumbering(files, 2, 1) }
            #expect(error?.code == .duplicate)
            #expect(error?.description == "000002_b cannot become 1, which is the number of 000001_a")
            // A number in an environment's folder is also taken for the base.
            let other = await failure { try Self.renumbering(files, 2, 3) }
            #expect(other?.message.hasSuffix("the number of 000003_c") == true)
        }
    }

    @Test func ifOneMoveFailsNothingIsMoved() async throws {
        try await Self.with { files in
            let before = files.names("migrations")
            let renumbering = try Self.renumbering(files, 2, 5)
            // A folder already has the new name of the page.
            try files.write("", to: "docs/migrations/000005_b.md/.keep")
            let error = await failure { try renumbering.make() }
            #expect(error?.description.contains("000005_b.md could not be made of") == true)
            #expect(files.names("migrations") == before)
            #expect(files.read("migrations/dependencies.json") == Self.dependencies)
            #expect(files.read("docs/migrations/000002_b.md").hasPrefix("# 000002_b"))
        }
    }

    @Test func aNumberThatHasAnEntryButNoFilesIsNotTaken() async throws {
        try await Self.with { files in
            let text = #"{"migrations": {"000002": {"depends_on": []}, "000005": {"depends_on": []}}}"#
            try files.write(text, to: "migrations/dependencies.json")
            let error = await failure { try Self.renumbering(files, 2, 5) }
            #expect(
                error?.description.hasSuffix(
                    "dependencies.json:1: 000002 cannot become 000005, which has an entry here"
                ) == true,
                "\(error?.description ?? "")"
            )
        }
    }

    @Test func anAmbiguousNumberIsLeftAndReported() async throws {
        try await Self.with { files in
            try files.write("SELECT 3;", to: "migrations/000002_other.up.sql")
            let all = try files.all
            let migration = try #require(all.first { $0.title == "other" })
            let renumbering = try Renumbering([.init(from: migration, to: 4)], of: files.service, all: all)
            #expect(renumbering.notes.count == 1)
            #expect(
                renumbering.notes[0].contains(
                    "000002 is ambiguous between 000002_other and another migration, and was not changed"
                )
            )
            try renumbering.make()
            #expect(files.read("migrations/dependencies.json") == Self.dependencies)
            #expect(files.names("migrations").contains("000004_other.up.sql"))
        }
    }

    @Test func thoseThatComeLateBehindABranchAreFound() async throws {
        try await Files.with { files in
            func git(_ words: String...) async throws {
                let outcome = try await runCommand(
                    "git",
                    ["-C", files.folder.path, "-c", "user.name=a", "-c", "user.email=a@b.test"] + words
                )
                #expect(outcome.status == 0, "\(outcome)")
            }
            try files.write("SELECT 1;", to: "migrations/000001_a.up.sql")
            try await git("init", "-q", "-b", "main")
            try await git("add", "-A")
            try await git("commit", "-qm", "a")
            try await git("checkout", "-qb", "mine")
            for name in ["000002_mine", "000003_later"] {
                try files.write("SELECT 2;", to: "migrations/\(name).up.sql")
            }
            func moves() async throws -> [String] {
                let base = try await GitTree.read("main", folder: files.path)
                return try Renumbering.moves(of: files.all, against: base, layers: ["": ""])
                    .map { "\($0.from.name) \($0.to)" }
            }
            try await #expect(moves() == [])
            try await git("add", "-A")
            try await git("commit", "-qm", "mine")
            try await git("checkout", "-q", "main")
            try files.write("SELECT 3;", to: "migrations/000002_theirs.up.sql")
            try await git("add", "-A")
            try await git("commit", "-qm", "theirs")
            try await git("checkout", "-q", "mine")
            // Both are moved, so that their order is kept.
            try await #expect(moves() == ["000002_mine 3", "000003_later 4"])
        }
    }
}
