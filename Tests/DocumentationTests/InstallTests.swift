import TestSupport
import Testing

/// `make install` and `make uninstall`, with the program built beside the tests.
@Suite struct InstallTests {
    private func make(_ target: String, into folder: String, _ variables: String...) async throws {
        let binary = try granaryBinary()
        let outcome = try await runCommand(
            "make",
            // Nothing is built, because the file counts as new.
            ["-s", "-C", Project.folder, "-o", binary, "BUILT=\(binary)", "DESTDIR=\(folder)", "PREFIX=/usr", target]
                + variables,
            environment: ["MAKEFLAGS": nil, "MAKELEVEL": nil]
        )
        #expect(outcome.status == 0, "\(outcome)")
    }

    private func files(below folder: String) async throws -> [String] {
        try await runCommand("find", [folder, "-type", "f", "-printf", "%m %P\n"]).stdout.split(separator: "\n")
            .map(String.init).sorted()
    }

    /// The completions that bash offers for each line, separated by spaces.
    private func completions(_ lines: [String], in project: String, installed: String) async throws -> [String] {
        let script = #"""
            set -euo pipefail
            source "$1/usr/share/bash-completion/completions/granary"
            PATH=$1/usr/bin:$PATH
            complete -p granary | grep -q -- '-F _granary'
            while IFS= read -r COMP_LINE; do
                COMP_POINT=${#COMP_LINE}
                read -ra COMP_WORDS <<<"$COMP_LINE"
                if [[ $COMP_LINE == *' ' ]]; then COMP_WORDS+=(''); fi
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                COMPREPLY=()
                set +eu
                _granary granary "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
                set -eu
                echo "${COMPREPLY[@]}"
            done
            """#
        let outcome = try await runCommand(
            "bash",
            ["-c", script, "bash", installed],
            workingDirectory: project,
            input: Array(lines.map { $0 + "\n" }.joined().utf8)
        )
        #expect(outcome.status == 0, "\(outcome)")
        return outcome.stdout.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test func debugInformationIsInstalledBesideAStrippedProgramOnRequest() async throws {
        try await ScratchFolder.with { folder in
            let installed = folder.file("root")
            func sections(_ file: String) async throws -> String {
                try await runCommand("readelf", ["-SW", "\(installed)/usr/bin/\(file)"]).stdout
            }
            try await make("install", into: installed)
            #expect(try await !sections("granary").contains(".symtab"))
            #expect(try await files(below: installed).allSatisfy { !$0.contains("granary.debug") })
            try await make("install", into: installed, "DEBUG=1")
            #expect(try await !sections("granary").contains(".symtab"))
            #expect(try await sections("granary").contains(".gnu_debuglink"))
            // The tests' program has only symbols.
            #expect(try await sections("granary.debug").contains(".symtab"))
            try await make("uninstall", into: installed)
            #expect(try await files(below: installed).isEmpty)
        }
    }

    @Test func aBuildHasDebugInformationOnRequest() async throws {
        for (variables, format) in [([], "none"), (["DEBUG=1"], "dwarf")] {
            let arguments = ["-s", "-n", "-B", "build", "-C", Project.folder] + variables
            let outcome = try await runCommand("make", arguments, environment: ["MAKEFLAGS": nil])
            #expect(outcome.stdout.contains("-debug-info-format \(format)"))
        }
    }

    @Test func installedFilesWorkAndAreRemovedAgain() async throws {
        try await ScratchFolder.with { folder in
            let installed = folder.file("the root")
            try await make("install", into: installed)
            let found = try await files(below: installed)
            let manual = found.filter { $0.contains("/man/") }
            #expect(
                found.filter { !manual.contains($0) } == [
                    "644 usr/share/bash-completion/completions/granary",
                    "644 usr/share/fish/vendor_completions.d/granary.fish", "644 usr/share/granary/granary.mk",
                    "644 usr/share/zsh/site-functions/_granary", "755 usr/bin/granary",
                ]
            )
            #expect(manual.contains("644 usr/share/man/man1/granary.1"))
            #expect(manual.contains("644 usr/share/man/man1/granary-backup.1"))
            for path in ["fish/vendor_completions.d/granary.fish", "zsh/site-functions/_granary"] {
                let script = String(decoding: folder.read("the root/usr/share/\(path)"), as: UTF8.self)
                for command in CommandHelp.commands {
                    #expect(command.allSatisfy(script.contains), "\(path): \(command)")
                }
            }
            try folder.write("x", to: "project/backups/shop-1.zip")
            try folder.write("x", to: "project/dumps/old.sql")
            try folder.write("", to: "project/migrations/000001_a.up.sql")
            try folder.write(
                #"{"environments": {"development": {}, "night": {}}}"#,
                to: "project/migrations/environments.json"
            )
            let offered = try await completions(
                [
                    "granary ba", "granary migrate r", "granary backup --exc", "granary restore sh",
                    "granary restore du", "granary restore dumps/", "granary verify --backups backups ",
                    "granary env mark ", "granary migrate goto ", "granary migrate generate add_x --type f",
                    "granary backup --format ", "granary man",
                ],
                in: folder.file("project"),
                installed: installed
            )
            #expect(
                offered == [
                    "backup backups", "redo repair renumber",
                    "--exclude-schema --exclude-table --exclude-table-data --exclude-database",
                    "shop-1.zip", "dumps",
                    "dumps/old.sql", "backups dumps migrations shop-1.zip", "development night", "000001",
                    "foreign_key function", "zip sql", "",
                ]
            )
            try await make("uninstall", into: installed)
            #expect(try await files(below: installed).isEmpty)
        }
    }
}
