package import ArgumentParser
internal import Environments
internal import Migrations
internal import PostgresClient
internal import SQLText

/// `granary migrate status`.
package struct MigrateStatus: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "List the migrations and how each stands. Changes nothing and takes no lock.",
        discussion: """
            Example:
              granary migrate status
              granary migrate status --check && echo 'nothing to do'
              granary migrate status --check=exact

            \(variablesHelp)
            """
    )

    /// What is held against the database.
    package enum Check: String, ExpressibleByArgument, CaseIterable, Sendable {
        /// What the files of this release need; a newer release may have applied more.
        case files
        /// The same migrations here and there.
        case exact

        /// The variable may merely say yes, as that of a flag.
        package init?(argument: String) {
            self.init(rawValue: ["1", "true", "yes", "on"].contains(argument.lowercased()) ? "files" : argument)
        }
    }

    @Option(
        name: .long,
        defaultAsFlag: .files,
        help: ArgumentHelp(
            "Exit with 2 unless everything is applied as its file says; with exact, also where a newer release has applied more.",
            valueName: "exact"
        )
    )
    package var check: Check?

    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package init() {}

    package func run(on console: Console) async throws {
        let session = try await MigrationSession.open(common, writes: false, on: console)
        let services = try await session.migrator().status()
        let environment = session.options.environment
        if console.settings.isJSON {
            try console.result(Self.document(services, environment, await Risks(services)))
        } else {
            for line in Self.lines(services, environment) { try console.result(line: line) }
        }
        let isClean = services.allSatisfy { state in
            state.tree.problems.isEmpty && state.disagreements.isEmpty
                && state.standings.all.allSatisfy { standing in
                    standing.state == .newer
                        ? check != .exact
                        : [.applied, .otherLayer, .unverified].contains(standing.state) && !standing.isRunning
                }
        }
        for state in services { for note in Self.notes(on: state) { console.note(note) } }
        if check != nil, !isClean { throw ExitCode(ExitStatus.findings.rawValue) }
    }

    /// Of a newer release, what is not finished yet.
    private static func notes(on state: ServiceState) -> [String] {
        state.standings.all.filter { $0.state == .newer }.compactMap { standing in
            guard let run = standing.unfinished, run.isRunning || run.leavesSomething else { return nil }
            let done = "\(run.statementsDone) of \(run.statementsTotal) statements are done"
            return run.isRunning
                ? "\(standing.name) of a newer release is running: \(done)"
                : "\(standing.name) of a newer release is not finished: \(done)"
        }
    }

    private static func lines(_ services: [ServiceState], _ environment: String) -> [String] {
        services.flatMap { state -> [String] in
            let names = state.standings.all.map { $0.name.count }.max() ?? 0
            var lines = ["\(state.name) in \(environment)"]
            for standing in state.standings.all {
                let name = standing.name + String(repeating: " ", count: names - standing.name.count)
                var facts = [standing.state.rawValue.replacing("_", with: " ")]
                if !standing.layer.isEmpty { facts.append("of \(standing.layer)") }
                if let entry = standing.entry, !entry.appliedAt.isEmpty {
                    facts.append("\(entry.appliedAt) by \(entry.appliedBy)")
                }
                if let run = standing.unfinished, let runner = run.runner {
                    facts.append(
                        "running: \(run.statementsDone) of \(run.statementsTotal) statements are done, by \(runner)"
                    )
                } else if let run = standing.unfinished, run.leavesSomething {
                    facts.append("\(run.statementsDone) of \(run.statementsTotal) statements are done")
                    if let doubt = standing.doubt {
                        facts.append("\(doubt); `granary migrate repair` goes on from there")
                    }
                }
                lines.append("  \(name)  \(facts.joined(separator: ", "))")
            }
            if state.standings.all.isEmpty { lines.append("  no migrations in \(state.tree.folder)") }
            lines += state.tree.problems.map { "  \($0)" }
            if let note = state.tree.noteOnIgnoredFiles { lines.append("  \(note)") }
            lines += state.disagreements.map { "  disagrees: \($0.message)" }
            lines += state.otherLedgers.map { "  another tool: \($0.sentence)" }
            if let obstacle = state.otherLedgerObstacle, let hint = obstacle.hint { lines.append("  hint: \(hint)") }
            return lines
        }
    }

    private static func document(_ services: [ServiceState], _ environment: String, _ risks: Risks) -> JSONDocument {
        .object([
            "environment": .string(environment), "service": .string(services.map(\.name).joined(separator: ",")),
            "version": services.map(\.standings.version).max().map { .integer($0) } ?? .null,
            "migrations": .array(
                services.flatMap { state in
                    state.standings.all.map { Self.document($0, of: state, risks) }
                }
            ),
            "ignored": .strings(services.flatMap(\.tree.ignored)),
            "problems": .strings(services.flatMap { $0.tree.problems.map(\.description) }),
            "other_ledgers": .array(
                services.flatMap { state in state.otherLedgers.map { Self.document($0, of: state) } }
            ),
            "disagreements": .array(
                services.flatMap { state in state.disagreements.map { Self.document($0, of: state) } }
            ),
        ])
    }

    private static func document(_ ledger: OtherLedger, of state: ServiceState) -> JSONDocument {
        .object([
            "service": .string(state.name), "table": .string(ledger.table.description), "tool": .string(ledger.tool),
            "entries": .optional(ledger.record?.entries), "last": .optional(ledger.record?.last),
            "message": .string(ledger.sentence),
        ])
    }

    private static func document(_ disagreement: Disagreement, of state: ServiceState) -> JSONDocument {
        .object([
            "service": .string(state.name), "problem": .string(disagreement.problem.rawValue),
            "version": .optional(disagreement.version), "name": .optional(disagreement.name),
            "table": .optional(disagreement.table), "message": .string(disagreement.message),
        ])
    }

    private static func document(
        _ standing: MigrationStanding,
        of state: ServiceState,
        _ risks: Risks
    ) -> JSONDocument {
        let risk = standing.migration?.up.flatMap { risks.byPath[$0.path] }
        let declared = state.dependencies.entry(standing.version)?.risk
        let level = [risk, declared].compactMap { $0 }.max()
        return .object([
            "version": .integer(standing.version), "name": .string(standing.name), "service": .string(state.name),
            "state": .string(standing.state.rawValue), "layer": .string(standing.layer),
            "applied_at": .optional(standing.entry?.appliedAt.isEmpty == false ? standing.entry?.appliedAt : nil),
            "risk_level": .optional(level?.rawValue),
            "statements_done": .optional(standing.unfinished.flatMap { $0.leavesSomething ? $0.statementsDone : nil }),
            "running": .bool(standing.isRunning), "in_doubt": .optional(standing.doubt),
            "last_failure": .optional(standing.unfinished.flatMap { $0.hasFailed ? $0.sqlState ?? "failed" : nil }),
        ])
    }
}

/// How risky each file is, by its path: all have to be parsed, which every core can do a part of.
private struct Risks {
    private(set) var byPath: [String: Risk] = [:]

    init(_ services: [ServiceState]) async {
        let files = services.flatMap { $0.standings.all.compactMap(\.migration?.up) }
        let length = max(50, files.count / 8 + 1)
        await withTaskGroup(of: [(String, Risk)].self) { group in
            for start in stride(from: 0, to: files.count, by: length) {
                let part = files[start..<min(start + length, files.count)]
                group.addTask {
                    part.compactMap { file in
                        (try? MigrationScript(file.text, path: file.path)).map { (file.path, $0.risk) }
                    }
                }
            }
            for await found in group { byPath.merge(found, uniquingKeysWith: max) }
        }
    }
}
