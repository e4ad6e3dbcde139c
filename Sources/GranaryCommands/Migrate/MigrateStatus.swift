package import ArgumentParser
internal import Bookkeeping
internal import Migrations
internal import PostgresClient
internal import SQLText

/// `granary migrate status`.
package struct MigrateStatus: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "List the migrations and their states. Changes nothing and takes no lock.",
        discussion: """
            Example:
              granary migrate status
              granary migrate status --check && echo 'nothing to do'
              granary migrate status --check=exact

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    /// The strictness of the comparison.
    package enum Check: String, ExpressibleByArgument, CaseIterable, Sendable {
        /// The database must have all migrations of this release. A newer release may have applied more.
        case files
        /// The database must have exactly the same migrations.
        case exact

        /// A variable may also have a value like that of a flag, such as `1`.
        package init?(argument: String) {
            self.init(rawValue: ["1", "true", "yes", "on"].contains(argument.lowercased()) ? "files" : argument)
        }
    }

    @Option(
        name: .long,
        defaultAsFlag: .files,
        help: ArgumentHelp(
            "Exit with 2 unless all files are applied unchanged; with exact, also if a newer release has applied more.",
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
            try console.result(Self.result.document(await MigrationStatus(services, in: environment)))
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

    /// Unfinished migrations of a newer release.
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
                        facts.append("\(doubt); `granary migrate repair` continues from there")
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

    static let result = ResultDescription<MigrationStatus>([
        .init("environment", \.environment), .init("service") { $0.services.map(\.name).joined(separator: ",") },
        .init("version") { $0.services.map(\.standings.version).max() },
        .init("migrations", each: standing, \.standings), .init("ignored") { $0.services.flatMap(\.tree.ignored) },
        .init("problems") { $0.services.flatMap { $0.tree.problems.map(\.description) } },
        .init("other_ledgers", each: ledger) {
            $0.services.flatMap { state in state.otherLedgers.map { (state, $0) } }
        },
        .init("disagreements", each: disagreement) {
            $0.services.flatMap { state in state.disagreements.map { (state, $0) } }
        },
    ])

    private static let standing = ResultDescription<MigrationStatus.Standing>([
        .init("version", \.standing.version), .init("name", \.standing.name), .init("service", \.service),
        .init("state", \.standing.state.rawValue), .init("layer", \.standing.layer),
        .init("applied_at") { $0.standing.entry?.appliedAt.isEmpty == false ? $0.standing.entry?.appliedAt : nil },
        .init("risk_level", \.risk?.rawValue),
        .init("statements_done") {
            $0.standing.unfinished.flatMap { $0.leavesSomething ? $0.statementsDone : nil }
        },
        .init("running", \.standing.isRunning), .init("in_doubt", \.standing.doubt),
        .init("last_failure") { $0.standing.unfinished.flatMap { $0.hasFailed ? $0.sqlState ?? "failed" : nil } },
    ])

    private static let ledger = ResultDescription<(state: ServiceState, ledger: OtherLedger)>([
        .init("service", \.state.name), .init("table", \.ledger.table.description), .init("tool", \.ledger.tool),
        .init("entries", \.ledger.record?.entries), .init("last", \.ledger.record?.last),
        .init("message", \.ledger.sentence),
    ])

    private static let disagreement = ResultDescription<(state: ServiceState, disagreement: Disagreement)>([
        .init("service", \.state.name), .init("problem", \.disagreement.problem.rawValue),
        .init("version", \.disagreement.version), .init("name", \.disagreement.name),
        .init("table", \.disagreement.table), .init("message", \.disagreement.message),
    ])
}

/// The state of each migration, with its risk.
struct MigrationStatus {
    let environment: String
    let services: [ServiceState]
    private let risks: Risks

    init(_ services: [ServiceState], in environment: String) async {
        self.environment = environment
        self.services = services
        risks = await Risks(services)
    }

    struct Standing {
        var standing: MigrationStanding
        var service: String
        /// The higher of the risk of its statements and that in its entry.
        var risk: Risk?
    }

    var standings: [Standing] {
        services.flatMap { state in
            state.standings.all.map { standing in
                let risk = standing.migration?.up.flatMap { risks.byPath[$0.path] }
                let declared = state.dependencies.entry(standing.version)?.risk
                return Standing(
                    standing: standing,
                    service: state.name,
                    risk: [risk, declared].compactMap(\.self).max()
                )
            }
        }
    }
}

/// The risk of each file, by path. All files must be parsed, so several cores share the work.
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
