import ArgumentParser
import GranaryCommands
import TestSupport
import Testing

/// The candidates that a shell shows after TAB.
@Suite struct CandidatesTests {
    private func candidates(
        _ words: [String],
        in folder: ScratchFolder,
        variables: [String: String] = [:],
        shell: CompletionShell? = .zsh
    ) -> Candidates {
        Candidates(
            words + ["--migrations", folder.file("migrations")],
            variables: ["GRANARY_BACKUPS": folder.file("backups")].merging(variables) { $1 },
            shell: shell
        )
    }

    @Test func backupsAreOfferedByNameAndFilesByPath() async throws {
        try await ScratchFolder.with { folder in
            for name in ["backups/shop-1.zip", "backups/shop-2.zip", "backups/shop-3.zip.partial", "backups/notes.txt"]
            {
                try folder.write("x", to: name)
            }
            for name in ["elsewhere/a.sql.gz", "elsewhere/b.gz", "elsewhere/.c.zip", "elsewhere/d/e.zip"] {
                try folder.write("x", to: name)
            }
            let found = candidates(["granary", "restore", "sh"], in: folder)
            #expect(found.backups("sh", endings: [".zip"]) == ["shop-1.zip", "shop-2.zip"])
            let path = folder.file("elsewhere/")
            #expect(found.backups(path, endings: [".zip", ".sql.gz"]) == [path + "a.sql.gz", path + "d/"])
            // bash adds the slash itself.
            let inBash = candidates(["granary", "restore", path], in: folder, shell: .bash)
            #expect(inBash.backups(path, endings: [".zip"]) == [path + "d"])
            let other = candidates(["granary", "restore", "--backups", folder.file("elsewhere/d"), ""], in: folder)
            #expect(other.backups("e", endings: [".zip"]) == ["e.zip"])
            let none = candidates(["granary", "--backups=/nowhere"], in: folder)
            #expect(none.backups("sh", endings: [".zip"]).isEmpty)
        }
    }

    @Test func environmentsAndVersionsAreThoseOfTheFiles() async throws {
        try await ScratchFolder.with { folder in
            let found = candidates(["granary"], in: folder)
            #expect(found.environments == ["development", "staging", "production"])
            #expect(found.versions.isEmpty)
            try folder.write(#"{"environments": {"night": {}, "day": {}}}"#, to: "migrations/environments.json")
            for name in [
                "000002_b.up.sql", "000001_a.up.sql", "000001_a.down.sql", "night/000003_c.up.sql", "x.up.sql",
            ] {
                try folder.write("", to: "migrations/\(name)")
            }
            #expect(Set(found.environments) == ["night", "day"])
            #expect(found.versions == ["000001", "000002", "000003"])
            try folder.write("{", to: "migrations/environments.json")
            #expect(found.environments.isEmpty)
            #expect(found.versions == ["000001", "000002"])
        }
    }
}
