import MigrationChecks
import Migrations
import TestSupport
import Testing

/// The comparison of a branch with the branch that it will be merged into, in a git repository.
@Suite struct ValidationBaseTests {
    /// A repository with these files on the branch `main`, and with the branch `work` checked out.
    private static func with(
        _ files: [String: String],
        _ body: (ScratchFolder, (String...) async throws -> Void) async throws -> Void
    ) async throws {
        try await ScratchFolder.with { folder in
            @Sendable func git(_ arguments: String...) async throws {
                let identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
                let outcome = try await runCommand(
                    "git",
                    identity + arguments,
                    environment: ["GIT_CONFIG_GLOBAL": "/dev/null", "HOME": folder.path],
                    workingDirectory: folder.path
                )
                guard outcome.status == 0 else { throw CommandFailure(description: "\(arguments) \(outcome)") }
            }
            for (name, text) in files { try folder.write(text, to: name) }
            try await git("init", "-q", "-b", "main")
            try await git("add", "-A")
            try await git("commit", "-qm", "base")
            try await git("checkout", "-qb", "work")
            try await body(folder, git)
        }
    }

    private static let merged = [
        "service/migrations/000001_a.up.sql": soundUp, "service/migrations/000001_a.down.sql": soundDown,
        "service/migrations/000005_e.up.sql": "-- E.\nALTER TABLE shop.things ADD COLUMN e int;",
        "service/migrations/000005_e.down.sql": "ALTER TABLE shop.things DROP COLUMN e;",
        "service/migrations/development/000007_dev.up.sql": "-- Dev.\nINSERT INTO shop.things (id) VALUES (1);",
        "other/migrations/000009_o.up.sql": soundUp,
    ]

    private func findings(_ folder: ScratchFolder, _ base: String = "main") async throws -> [String] {
        let service = folder.file("service")
        let rules: Set = ["number-taken", "number-behind", "merged-file-edited"]
        return try await validation(in: service) { $0.base = base }.filter { rules.contains($0.rule) }
            .map { "\($0.place) \($0.rule)" }
    }

    @Test func takenAndLowerNumbersAndEditedFilesAreFound() async throws {
        try await Self.with(Self.merged) { folder, git in
            try await #expect(findings(folder) == [])
            let other = "-- B.\nALTER TABLE shop.things ADD COLUMN b int;"
            try folder.write(other, to: "service/migrations/000005_b.up.sql")
            try folder.write(other, to: "service/migrations/000003_c.up.sql")
            try folder.write(other, to: "service/migrations/development/000006_d.up.sql")
            try folder.write(other, to: "service/migrations/staging/000006_d.up.sql")
            try folder.write(other, to: "service/migrations/000008_h.up.sql")
            try folder.write("-- Dev.\n-- Taken back.", to: "service/migrations/development/000007_dev.down.sql")
            try folder.write(soundUp + "-- edited", to: "service/migrations/000001_a.up.sql")
            try folder.write(soundDown + "-- edited", to: "service/migrations/000001_a.down.sql")
            try await git("rm", "-q", "service/migrations/000005_e.down.sql")
            try await #expect(
                findings(folder)
                    == [
                        "error migrations/000001_a.up.sql:1 merged-file-edited",
                        "warning migrations/000001_a.down.sql:1 merged-file-edited",
                        "error migrations/000003_c.up.sql:1 number-behind",
                        "error migrations/000005_b.up.sql:1 number-taken",
                        "error migrations/000005_e.down.sql:1 merged-file-edited",
                        "error migrations/development/000006_d.up.sql:1 number-behind",
                    ].sorted { $0.split(separator: " ")[1] < $1.split(separator: " ")[1] }
            )
        }
    }

    /// Commits that were merged into `main` meanwhile are not edits of this branch.
    @Test func laterCommitsOfTheBaseAreNotEdits() async throws {
        try await Self.with(Self.merged) { folder, git in
            try folder.write("-- H.\nSELECT 1;", to: "service/migrations/000008_h.up.sql")
            try await git("add", "-A")
            try await git("commit", "-qm", "work")
            try await git("checkout", "-q", "main")
            try folder.write(soundUp + "-- mended", to: "service/migrations/000001_a.up.sql")
            try folder.write("-- I.\nSELECT 1;", to: "service/migrations/000008_i.up.sql")
            try await git("add", "-A")
            try await git("commit", "-qm", "main")
            try await git("checkout", "-q", "work")
            try await #expect(findings(folder) == ["error migrations/000008_h.up.sql:1 number-taken"])
        }
    }

    /// Without the common ancestor, files that `main` has added would count as removed here.
    @Test func aShallowCloneWithoutTheCommonCommitIsAnErrorWithAHint() async throws {
        try await Self.with(Self.merged) { folder, git in
            try folder.write("-- H.\nSELECT 1;", to: "service/migrations/000008_h.up.sql")
            try await git("add", "-A")
            try await git("commit", "-qm", "work")
            try await git("checkout", "-q", "main")
            try folder.write("-- I.\nSELECT 1;", to: "service/migrations/000009_i.up.sql")
            try await git("add", "-A")
            try await git("commit", "-qm", "main")
            try await git("clone", "-q", "--depth", "1", "-b", "work", "file://\(folder.path)", "clone")
            try await git("-C", "clone", "fetch", "-q", "--depth", "1", "origin", "main:refs/remotes/origin/main")
            let error = await #expect(throws: MigrationError.self) {
                try await GitTree.read("origin/main", folder: folder.file("clone/service/migrations"))
            }
            #expect(error?.code == .usage)
            #expect(error?.description.contains("that origin/main and what is checked out have in common") == true)
            #expect(error?.hint?.contains("git fetch --unshallow") == true)
            try await git("-C", "clone", "fetch", "-q", "--unshallow")
            let tree = try await GitTree.read("origin/main", folder: folder.file("clone/service/migrations"))
            #expect(tree.edited == [] && tree.removed == [])
        }
    }

    @Test func aTakenNumberIsThatOfTheUpFile() async throws {
        try await Self.with(Self.merged) { folder, _ in
            try folder.write("-- B.\nSELECT 1;", to: "service/migrations/000005_b.up.sql")
            let found = try await validation(in: folder.file("service")) { $0.base = "main" }
            #expect(
                found.first { $0.rule == "number-taken" }?.message == "its number is used in main by 000005_e.up.sql"
            )
        }
    }

    @Test func aBranchThatIsNotThereAndAFolderWithoutGitAreErrorsOfUsage() async throws {
        try await Self.with(Self.merged) { folder, _ in
            let error = await #expect(throws: MigrationError.self) {
                try await GitTree.read("origin/main", folder: folder.file("service/migrations"))
            }
            #expect(error?.code == .usage)
            #expect(error?.description.contains("origin/main is not a commit") == true)
            let option = await #expect(throws: MigrationError.self) {
                try await GitTree.read("--output=x", folder: folder.path)
            }
            #expect(option?.code == .usage)
        }
        try await ScratchFolder.with { folder in
            let error = await #expect(throws: MigrationError.self) {
                try await GitTree.read("main", folder: folder.path)
            }
            #expect(error?.code == .usage)
            #expect(error?.description.contains("is not in a git repository") == true)
        }
    }
}
