internal import Basics

/// The databases in a dump. `pg_dump --create` and pg_dumpall begin each one with `\connect`.
struct DumpDatabases: Sendable {
    /// `--database`: the others are skipped.
    let chosen: String?
    /// The database that is restored. Connecting to it begins no other database.
    let target: String

    /// The databases that `\connect` names, in order.
    private(set) var names: [String] = []
    /// The database of the last `\connect`.
    private var current: String?
    /// Whether something was created before the first `\connect`.
    private var isUnnamedUsed = false
    /// The first `\connect` after something was created in another database.
    private var departure: (line: Int, name: String)?
    /// Statements about a database as a whole. They are allowed only if the dump connects to that database.
    private var mentions: [(what: String, name: String, line: Int)] = []

    init(chosen: String?, target: String) {
        self.chosen = chosen
        self.target = target
    }

    mutating func connect(to name: String, line: Int) {
        if current == nil, names.isEmpty, name == target, isUnnamedUsed { return }
        if !names.contains(where: { ExactText($0) == ExactText(name) }) {
            if !names.isEmpty || isUnnamedUsed, departure == nil { departure = (line, name) }
            names.append(name)
        }
        current = name
    }

    /// Whether statements at this position are restored.
    var isChosen: Bool { chosen.map { name in current.map { ExactText($0) == ExactText(name) } ?? false } ?? true }

    func isChosen(_ name: String) -> Bool { chosen.map { ExactText($0) == ExactText(name) } ?? true }

    /// Records a statement about the content of a database.
    mutating func noteContent() { if current == nil { isUnnamedUsed = true } }

    mutating func noteMention(of name: String, _ what: String, line: Int) {
        if mentions.count < 1000 { mentions.append((what, name, line)) }
    }

    /// Whether a `CREATE DATABASE` with this name came before.
    func isCreated(_ name: String) -> Bool { mentions.contains { $0.what == "CREATE DATABASE" && $0.name == name } }

    /// Why the options do not permit a restore of this file; nil if they do.
    ///
    /// - Parameter rules: Rules that know the places in the file.
    func failure(_ rules: DumpRules) -> RestoreError? {
        guard let chosen else {
            if let departure { return several(departure, rules) }
            let foreign = mentions.first { mention in !names.contains { ExactText($0) == ExactText(mention.name) } }
            return foreign.map { rules.beyond($0.what, $0.line) }
        }
        guard !names.isEmpty, names.count > 1 || isUnnamedUsed else {
            return RestoreError(
                .usage,
                "\(rules.path) holds one database\(names.first.map { ", \($0)" } ?? ""), so there is none to choose",
                hint: "leave --database out; --into names the database to restore into"
            )
        }
        guard !names.contains(where: { ExactText($0) == ExactText(chosen) }) else { return nil }
        let near = Spelling.nearest(to: chosen, among: names).map { "did you mean \($0)? " } ?? ""
        return RestoreError(
            .usage,
            "\(rules.path) holds no database \(chosen)",
            hint: "\(near)It holds \(names.listed(atMost: 20))"
        )
    }

    private func several(_ departure: (line: Int, name: String), _ rules: DumpRules) -> RestoreError {
        RestoreError(
            .usage,
            "\(rules.path):\(departure.line): \\connect \(departure.name) begins another database, and a restore is of one",
            hint: "choose one with --database: \(names.listed(atMost: 20))"
        )
    }
}
