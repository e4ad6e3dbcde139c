internal import Archive
internal import Glibc
internal import Inspection
internal import Migrations
internal import Project

/// What a person wants to know first.
struct Status {
    let database: ConnectedDatabase
    let choice: EnvironmentChoice?
    let services: [ServiceState]
    /// The newest backup of the database; nil if the folder has none.
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
            ("database", "\(database.name) at \(database.host)"),
            (
                "environment",
                choice.map { "\($0.name) (\($0.source))" } ?? "none was named, and the database is not marked"
            ),
            ("migrations", states.isEmpty ? "none" : states.map(\.text).joined(separator: ", ")),
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

    private static let margin = 13

    private static func line(_ title: String, _ text: String) -> String {
        Formatting.harmless(title + String(repeating: " ", count: margin - title.utf8.count) + text)
    }

    private static func text(_ backup: BackupCatalogue.Entry) -> String {
        let facts: [String?] = [
            backup.summary?.createdAt, Formatting.bytes(backup.bytes),
            backup.summary.flatMap { $0.isWholeDatabase ? nil : "only \($0.selection ?? "a part")" },
        ]
        return "\(backup.path) (\(facts.compactMap(\.self).joined(separator: ", ")))"
    }

    static let result = ResultDescription<Status>([
        .init("database", \.database.name), .init("host", \.database.host), .init("environment", \.choice?.name),
        .init("source") { $0.choice.map { "\($0.source)" } }, .init("migrations", each: state, \.states),
        .init("last_backup", entry, \.backup), .init("problems", each: check, \.problems),
    ])

    private static let state = ResultDescription<State>([.init("state", \.name), .init("names", \.migrations)])

    private static let entry = ResultDescription<BackupCatalogue.Entry>([
        .init("file", \.path), .init("created_at") { $0.summary?.createdAt }, .init("bytes", \.bytes),
        .init("whole_database") { $0.summary?.isWholeDatabase },
    ])

    private static let check = ResultDescription<Doctor.Check>([
        .init("name", \.name), .init("detail", \.detail), .init("remedy", \.remedy),
    ])
}
