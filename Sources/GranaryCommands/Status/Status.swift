internal import Archive
internal import Glibc
internal import Inspection
internal import Migrations
internal import Project

/// What a person wants to know first.
struct Status {
    /// nil if none is given.
    let database: String?
    let host: String?
    /// Whether it answered. Otherwise its marker and the states of the migrations are unknown.
    let isReached: Bool
    let choice: EnvironmentChoice?
    let services: [ServiceState]
    /// The number of migrations in the folders, if the database was not reached.
    let files: Int
    /// See `BackupCatalogue.newest(of:)`; nil if the folder has no backup of the database.
    let backup: BackupCatalogue.Entry?
    let checks: [Doctor.Check]

    private var problems: [Doctor.Check] { checks.filter { $0.verdict == .problem } }
    private var standings: [MigrationStanding] { services.flatMap(\.standings.all) }

    /// The migrations in each state, in the order of the states.
    private var states: [State] {
        standings.reduce(into: []) { states, standing in
            let name = standing.state.rawValue
            if let place = states.firstIndex(where: { $0.name == name }) {
                states[place].migrations.append(standing.name)
            } else {
                states.append(State(name: name, migrations: [standing.name]))
            }
        }
    }

    private struct State {
        var name: String
        var migrations: [String]

        /// `12 applied`, `1 pending (000013_add_orders)`
        var text: String {
            let count = "\(grouped(migrations.count)) \(name.replacing("_", with: " "))"
            return name == "applied" ? count : "\(count) (\(migrations.listed(atMost: 3)))"
        }
    }

    func lines(columns: Int?) -> [String] {
        let facts: [(String, String)] = [
            ("database", place), ("environment", environment), ("migrations", migrations),
            ("last backup", backup.map(Self.text) ?? "none of this database"),
            ("findings", problems.isEmpty ? "no problems" : counted(problems.count, "problem")),
        ]
        var lines = facts.map { Self.line($0.0, $0.1) }
        for problem in problems {
            lines.append(Self.line("", "\(problem.name): \(problem.detail)"))
            if let remedy = problem.remedy { lines.append(Self.line("", "→ \(remedy)")) }
        }
        return lines.flatMap { line in
            columns.map { Formatting.wrapped(line, columns: $0, indentation: Self.margin) } ?? [line]
        }
    }

    private var place: String {
        guard let database else { return "none was reached" }
        let host = host.map { " at \($0)" } ?? ""
        return "\(database)\(host)\(isReached ? "" : ", not reached")"
    }

    private var environment: String {
        if let choice { return "\(choice.name) (\(choice.source))" }
        return isReached ? "none was named, and the database is not marked" : "none was named"
    }

    private var migrations: String {
        guard isReached else {
            return files == 0 ? "none" : "\(counted(files, "migration")) in the folder, states unknown"
        }
        return states.isEmpty ? "none" : states.map(\.text).joined(separator: ", ")
    }

    private static let margin = 13

    private static func line(_ title: String, _ text: String) -> String {
        Formatting.harmless(title + String(repeating: " ", count: margin - title.utf8.count) + text)
    }

    private static func text(_ backup: BackupCatalogue.Entry) -> String {
        let facts: [String?] = [
            backup.summary?.createdAt, Formatting.bytes(backup.bytes),
            backup.summary?.limits,
        ]
        return "\(backup.path) (\(facts.compactMap(\.self).joined(separator: ", ")))"
    }

    static let result = ResultDescription<Status>([
        .init("database", \.database), .init("host", \.host), .init("reached", \.isReached),
        .init("environment", \.choice?.name),
        .init("source") { $0.choice.map { "\($0.source)" } }, .init("migrations", each: state, \.states),
        .init("last_backup", entry, \.backup), .init("problems", each: check, \.problems),
    ])

    private static let state = ResultDescription<State>([.init("state", \.name), .init("names", \.migrations)])

    private static let entry = ResultDescription<BackupCatalogue.Entry>([
        .init("file", \.path), .init("created_at") { $0.summary?.createdAt }, .init("bytes", \.bytes),
        .init("whole_database") { $0.summary?.isWholeDatabase }, .init("complete") { $0.summary?.isComplete },
    ])

    private static let check = ResultDescription<Doctor.Check>([
        .init("name", \.name), .init("detail", \.detail), .init("remedy", \.remedy),
    ])
}
