import GranaryCommands
import TestSupport
import Testing

/// The manual pages that `make install` creates.
@Suite struct ManualTests {
    private func pages(_ check: (ScratchFolder, [String: String]) async throws -> Void) async throws {
        try await ScratchFolder.with { folder in
            let outcome = try await runCommand(
                granaryBinary(),
                ["manual", folder.path],
                environment: ["SOURCE_DATE_EPOCH": "1795392000"]
            )
            #expect(outcome.status == 0, "\(outcome)")
            let texts = folder.names().map { ($0, String(decoding: folder.read($0), as: UTF8.self)) }
            try await check(folder, Dictionary(uniqueKeysWithValues: texts))
        }
    }

    /// The text without roff.
    private func plain(_ page: String?) -> String {
        (page ?? "").replacing("\\-", with: "-").replacing(#/\\f[BIR]/#, with: "")
    }

    @Test func everyCommandAndEveryOptionIsInTheManual() async throws {
        let help = try await CommandHelp.read()
        try await pages { _, pages in
            let names = CommandHelp.commands.filter { $0.count == 1 }.map { "granary-\($0[0])" }
            #expect(Set(pages.keys) == Set((["granary"] + names).map { "\($0).1" }))
            for name in names { #expect(plain(pages["granary.1"]).contains("\(name)(1)\n"), "\(name)") }
            for command in CommandHelp.commands where !command.isEmpty {
                let page = plain(pages["granary-\(command[0]).1"])
                // One option may have two names.
                let entries = page.matches(of: #/(?m)^(?:-., )?(--[a-z0-9-]+)(?:, (--[a-z0-9-]+))?/#)
                let listed = Set(entries.map { String($0.1) } + entries.compactMap { $0.2.map(String.init) })
                if command.count == 2 {
                    #expect(page.contains("\n.SS granary \(command.joined(separator: " "))\n"), "\(command)")
                }
                for option in help.options(command).subtracting(["--help", "--version"]) {
                    #expect(listed.contains(option), "\(option)")
                }
            }
        }
    }

    @Test func thePagesHaveTheSectionsThatPeopleLookFor() async throws {
        try await pages { _, pages in
            let sections = (pages["granary.1"] ?? "").matches(of: #/(?m)^\.SH (.+)$/#).map { String($0.1) }
            #expect(
                sections == [
                    "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "ENVIRONMENT", "FILES", "EXIT STATUS",
                    "EXAMPLES", "SEE ALSO",
                ]
            )
            let codes = plain(pages["granary.1"]).split(separator: ".SH EXIT STATUS\n")[1]
                .matches(of: #/\.TP\n([0-9]+)\n/#).compactMap { Int32($0.1) }
            #expect(codes == ExitStatus.allCases.map(\.rawValue))
            for (name, page) in pages {
                #expect(page.hasPrefix(".TH \(name.dropLast(2).uppercased()) 1 \"2026-11-23\" \"granary "), "\(name)")
                let last = page.split(separator: ".SH SEE ALSO\n").last ?? ""
                for match in last.matches(of: #/granary(?:-[a-z]+)?/#) {
                    #expect(pages["\(match.0).1"] != nil, "\(name): \(match.0)")
                }
            }
        }
    }

    /// Every variable that the code reads is explained in the manual.
    @Test func everyVariableIsInTheManual() async throws {
        let known = Set(ManualFacts.variables.flatMap { $0.name.split(separator: ", ").map(String.init) })
        let found = try await runCommand(
            "grep",
            ["-rhoE", #"(variables|environment|getenv)[[(]"[A-Z_]+"|"GRANARY_[A-Z_]+""#, Project.path("Sources")]
        )
        let asked = found.stdout.split(separator: "\n").compactMap { line in
            line.split(separator: "\"").last.map(String.init)
        }
        #expect(asked.count > 10)
        // Variables of options are not listed individually, and granary.mk alone sets the target.
        let others = ["GRANARY_POSTGRES_BIN", "GRANARY_PASSPHRASE", "GRANARY_MAKE_VARIABLES"]
        #expect(Set(asked).subtracting(others).subtracting(known).isEmpty)
    }

    @Test func theManualPagesPassALinter() async throws {
        try await pages { folder, pages in
            let files = pages.keys.sorted().map(folder.file)
            let outcome = try await runCommand("mandoc", ["-T", "lint"] + files)
            // Pages that are not installed cannot be found.
            let complaints = outcome.stdout.split(separator: "\n").filter {
                !$0.contains("referenced manual not found")
            }
            #expect(complaints.isEmpty, "\(complaints.joined(separator: "\n"))")
            let shown = try await runCommand("mandoc", ["-T", "utf8", folder.file("granary-restore.1")])
            let text = shown.stdout.replacing(#/.\u{8}/#, with: "")
            #expect(text.contains("SYNOPSIS\n       granary restore [option...] [file|-]\n"), "\(text)")
            #expect(text.contains("granary restore shop.zip --into shop_yesterday\n"))
        }
    }
}
