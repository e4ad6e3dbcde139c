import TestSupport
import Testing

@testable import GranaryCommands

/// Everything that pages name exists: files, headings, options, targets, exit codes, modules.
@Suite struct ReferenceTests {
    @Test(arguments: Project.pages)
    func everyLinkPointsAtSomething(page: String) throws {
        let folder = page.contains("/") ? String(page.prefix { $0 != "/" }) + "/" : ""
        for link in try Document(page).links where !link.target.hasPrefix("https://") {
            let parts = link.target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init
            )
            let file = parts[0].isEmpty ? page : try #require(normal(folder + parts[0]))
            #expect(Project.exists(file), "\(page):\(link.line): \(link.target)")
            guard parts.count == 2, Project.exists(file) else { continue }
            #expect(try Document(file).anchors.contains(parts[1]), "\(page):\(link.line): \(link.target)")
        }
    }

    /// The path without `..`; nil if it leaves the project.
    private func normal(_ path: String) -> String? {
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            if part == ".." {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }

    @Test func everyCommandAndOptionThatIsNamedExists() async throws {
        let help = try await CommandHelp.read()
        for page in Project.documents {
            let texts =
                page.blocks.filter { ["sh", "make", ""].contains($0.language) }.map { ($0.text, $0.line) }
                + page.codeSpans.map { ($0.text, $0.line) }
            for (text, line) in texts {
                for call in CommandLine.all(in: text, place: "\(page.path):\(line)") {
                    let known = help.options(call.command)
                    #expect(help.text(call.command) != nil, "\(call)")
                    #expect(Set(call.options).subtracting(known).isEmpty, "\(call): \(call.options)")
                }
            }
            for (text, line) in page.codeSpans {
                guard let option = CommandLine.option(text) else { continue }
                let known = commands(meantAt: line, in: page).reduce(into: Set<String>()) {
                    $0.formUnion(help.options($1))
                }
                #expect(known.contains(option), "\(page.path):\(line): \(option)")
            }
        }
    }

    /// An option that is named alone belongs to the commands in the section's heading, or to any.
    private func commands(meantAt line: Int, in page: Document) -> [[String]] {
        let headings = page.path(to: line).filter { $0.level > 1 }
        let words = Set(headings.flatMap { $0.text.lowercased().split { !$0.isLetter }.map(String.init) })
        let named = CommandHelp.commands.filter { $0.first.map(words.contains) == true }
        return named.isEmpty ? CommandHelp.commands : named
    }

    @Test func everyOptionAndEveryCommandIsDocumented() async throws {
        let help = try await CommandHelp.read()
        let pages = [
            "docs/backup-and-restore.md": [["backup"], ["convert"], ["verify"], ["restore"]],
            "docs/drills.md": [["drill"]],
            "docs/encryption.md": [["key", "new"], ["key", "recipient"], ["key", "check"]],
            "docs/cleaning.md": [["clean"]],
            "docs/seeding.md": [["seed"]],
            "docs/migrations.md": [
                ["validate"], ["migrate", "generate"], ["migrate", "deps"], ["migrate", "renumber"],
                ["migrate", "import"], ["migrate", "adopt"],
            ],
            "docs/inspection.md": [
                ["status"], ["tables"], ["counts"], ["schema"], ["doctor"], ["backups", "list"], ["backups", "show"],
                ["backups", "prune"], ["backups", "lock"], ["backups", "unlock"],
            ],
            "docs/deployment.md": [["schedule", "systemd"], ["schedule", "cron"], ["schedule", "kubernetes"]],
            "docs/local-server.md": CommandHelp.commands.filter { $0.first == "server" && $0.count == 2 },
        ]
        for (path, commands) in pages {
            let page = try Document(path)
            let explained = page.codeSpans.compactMap { span in
                CommandLine.option(span.text).map {
                    (option: $0, commands: self.commands(meantAt: span.line, in: page))
                }
            }
            for command in commands {
                #expect(help.text(command) != nil)
                for option in help.options(command).subtracting(["--help", "--version"]) {
                    #expect(
                        explained.contains { $0.option == option && $0.commands.contains(command) },
                        "\(path) does not explain \(option) of \(command)"
                    )
                }
            }
        }
        // New commands must be added to these tests and to the pages.
        let groups = [[], ["server"], ["backups"], ["key"], ["schedule"]]
        for command in CommandHelp.commands where groups.contains(command) {
            let children = Set(
                CommandHelp.commands.filter { $0.count == command.count + 1 && $0.starts(with: command) }.compactMap(
                    \.last
                )
            )
            #expect(help.subcommands(command) == children)
        }
    }

    @Test func everyKeyOfEveryDocumentIsExplained() throws {
        let keys = [
            "docs/backup-and-restore.md": BackupCommand.result.keys + ServerBackupReport.result.keys
                + VerifyReport.result.keys
                + RestoreCommand.result.keys + RestoreCommand.planResult.keys + KeptDatabases.result.keys
                + KeptDatabases.dropped.keys,
            "docs/drills.md": DrillEvidence.result.keys,
            "docs/cleaning.md": CleanLines.planResult.keys + CleanLines.result.keys,
            "docs/seeding.md": SeedSummary.result.keys + SeedExplanation.result.keys,
            "docs/migrations.md": MigrateStatus.result.keys + PlanReport.result.keys + RunReport.result.keys
                + DependencyDrawing.result.keys + MigrateRenumber.result.keys + MigrateImport.result.keys
                + MigrateAdopt.result.keys + FindingReport.result.keys,
            "docs/inspection.md": TableListing.result.keys + CountListing.result.keys + DifferenceListing.result.keys
                + SchemaDocument.result.keys + LineDifference.result.keys + CatalogueListing.result.keys
                + BackupContents.result.keys + PruneListing.result.keys + LockedBackup.result.keys
                + CheckListing.result.keys + Status.result.keys,
            "docs/deployment.md": ScheduleFile.result.keys,
            "docs/environments.md": EnvShow.Situation.result.keys,
            "docs/local-server.md": ServerStatus.result.keys,
        ]
        for (path, keys) in keys {
            let page = try Document(path)
            let examples = page.blocks.map(\.text).joined()
            let explained = Set(
                page.codeSpans.map(\.text) + examples.matches(of: #/"([a-z_]+)":/#).map { String($0.1) }
            )
            for key in keys {
                let name = key.split(separator: ".").last.map(String.init) ?? key
                #expect(explained.contains(name), "\(path) does not explain \(key)")
            }
        }
    }

    @Test func everyMetricIsExplained() throws {
        let subject = NoticeRecord.Subject(database: "shop", environment: nil)
        let size = NoticeRecord.Figures(subject, bytes: 1, rows: 1, tables: 1, seconds: 1, endedAt: 1)
        var (backup, drill) = (size, size)
        backup.rawBytes = 1
        (drill.rpoSeconds, drill.rtoSeconds) = (1, 1)
        for (job, figures, page) in [
            (NoticeRecord.Job.backup, backup, "docs/backup-and-restore.md"), (.drill, drill, "docs/drills.md"),
        ] {
            let explained = Set(try Document(page).codeSpans.map(\.text))
            var text = MetricsText()
            text.add(RunOutcome(job: job, code: 0, seconds: 1, endedAt: 1, finished: [figures]))
            let written = text.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != "{" } }
            #expect(written.count > 7)
            for metric in written { #expect(explained.contains(String(metric)), "\(page): \(metric)") }
        }
    }

    @Test func everyMakeTargetThatIsNamedExists() throws {
        let targets = try MakeTargets.all()
        for page in Project.documents {
            let texts =
                page.blocks.filter { $0.language == "sh" }.map { ($0.text, $0.line) }
                + page.codeSpans.map { ($0.text, $0.line) }
            for (text, line) in texts {
                for name in MakeTargets.called(in: text) {
                    #expect(targets[name] != nil, "\(page.path):\(line): make \(name)")
                }
            }
        }
        #expect(
            MakeTargets.called(in: "cd x && make db-backup ARGS=\"--jobs 2\"; make a b") == ["db-backup", "a", "b"]
        )
    }

    @Test func everyMakeTargetHasALineOfHelp() async throws {
        let targets = try MakeTargets.all()
        #expect(targets.count > 10)
        for (name, isExplained) in targets { #expect(isExplained, "\(name)") }
        let outcome = try await runCommand("make", ["-s", "-C", Project.folder], environment: ["MAKEFLAGS": nil])
        let listed = Set(
            outcome.stdout.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        )
        #expect(listed == Set(targets.keys))
    }

    @Test(arguments: ["README.md", "docs/exit-codes.md"])
    func theTableOfExitCodesIsTheCommands(page: String) throws {
        let codes = try Document(page).prose.compactMap { line in
            line.text.firstMatch(of: #/^\| `?([0-9]+)`? \|/#).flatMap { Int32($0.1) }
        }
        #expect(codes == ExitStatus.allCases.map(\.rawValue))
    }

    @Test func theArchitectureNamesEveryFolderOfTheSources() throws {
        let spans = Set(try Document("ARCHITECTURE.md").codeSpans.map(\.text))
        let folders = Project.everything(below: "Sources").filter { !$0.hasSuffix(".swift") && !$0.contains(".") }
        #expect(folders.count > 10)
        for folder in folders {
            let name = folder.dropFirst("Sources/".count)
            #expect(spans.contains("\(name)") || spans.contains("\(name)/"), "\(folder)")
        }
    }

    @Test func theArchitectureNamesOnlyExistingThings() throws {
        let files = Project.everything(below: "Sources") + Project.everything(below: "Tests")
        let names = Set(files.compactMap { $0.split(separator: "/").last.map(String.init) })
        let declared = try declarations(in: files.filter { $0.hasPrefix("Sources/") && $0.hasSuffix(".swift") })
        for (span, line) in try Document("ARCHITECTURE.md").codeSpans {
            if span.hasSuffix(".swift") {
                let name = span.split(separator: "/").last.map(String.init) ?? span
                #expect(names.contains(name) || Project.exists(span), "ARCHITECTURE.md:\(line): \(span)")
            } else if let match = span.wholeMatch(of: #/(?:([A-Z]\w+)\.)?([a-z]\w*)\((?:[a-zA-Z_]+:)*\)/#) {
                #expect(declared.functions.contains(match.2), "ARCHITECTURE.md:\(line): \(span)")
                if let type = match.1 { #expect(declared.types.contains(type), "ARCHITECTURE.md:\(line): \(span)") }
            } else if span.wholeMatch(of: #/[A-Z][A-Za-z]+[a-z]/#) != nil, span.contains(where: \.isLowercase) {
                let isModule = Project.exists("Sources/\(span)") || Project.exists("Tests/\(span)")
                #expect(
                    isModule || declared.types.contains(span[...]) || Project.exists(span),
                    "ARCHITECTURE.md:\(line): \(span)"
                )
            }
        }
    }

    /// The names after the words that declare or extend something.
    private func declarations(in files: [String]) throws -> (types: Set<Substring>, functions: Set<Substring>) {
        var types: Set<Substring> = []
        var functions: Set<Substring> = []
        for file in files {
            let words = try Project.text(file).utf8.split { !isOfAWord($0) }.map(Substring.init)
            for (word, name) in zip(words, words.dropFirst()) {
                switch word {
                case "struct", "class", "enum", "protocol", "extension": types.insert(name)
                case "func": functions.insert(name)
                default: break
                }
            }
        }
        return (types, functions)
    }

    private func isOfAWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: byte >= 0x80
        }
    }

    @Test(arguments: Project.pages)
    func noPageNamesAPersonalFolder(page: String) throws {
        for match in try Project.text(page).matches(of: #/(?m)(?:^|[\s`"'(=,])\/([A-Za-z]+)/#) {
            #expect(["usr", "var", "dev", "etc", "srv", "bin"].contains(match.1), "\(page): \(match.0)")
        }
    }
}
