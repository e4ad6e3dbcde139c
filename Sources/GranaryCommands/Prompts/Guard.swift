internal import Bookkeeping
internal import Project

/// Decides whether a command may write into a database, from the chosen environment and the marker.
enum Guard {
    /// The facts for the decision.
    struct Situation: Sendable {
        var choice: EnvironmentChoice?
        var marker: MarkerState
        /// The rules that are stored beside the marker, even if the database is a copy.
        var stored: MarkerPolicy?
        /// The marker's table exists, and the role may not read it.
        var isHidden: Bool
        /// The marker's table is damaged.
        var isDamaged: Bool
        /// The database has no tables of users.
        var isEmpty: Bool
        /// The database is on granary's own local server.
        var isLocal: Bool
        var database: String
        /// The declared environments and their file; nil accepts every name.
        var declared: EnvironmentsFile?

        init(
            choice: EnvironmentChoice?,
            marker: MarkerState,
            stored: MarkerPolicy? = nil,
            isHidden: Bool = false,
            isDamaged: Bool = false,
            isEmpty: Bool,
            isLocal: Bool,
            database: String,
            declared: EnvironmentsFile? = nil
        ) {
            self.declared = declared
            self.stored = stored
            self.isHidden = isHidden
            self.isDamaged = isDamaged
            self.choice = choice
            self.marker = marker
            self.isEmpty = isEmpty
            self.isLocal = isLocal
            self.database = database
        }

        /// The stored rules, if the marker belongs to this database.
        var policy: MarkerPolicy? { marker.name == nil ? nil : stored }
    }

    struct Admission: Sendable, Equatable {
        var environment: String
        /// Whether the database must be marked first.
        var marks: Bool
    }

    /// The rules of an undeclared environment are unknown, so writing to it is refused.
    private static func requireDeclared(_ name: String, _ situation: Situation) throws(EnvironmentsError) {
        guard let file = situation.declared, file.policy(name) == nil else { return }
        let place = file.path ?? "environments.json"
        throw EnvironmentsError(
            .refused,
            "the database \(situation.database) is marked \(name), which \(file.path == nil ? "is none of the usual environments" : "\(place) does not declare"), "
                + "so nothing is written to it",
            hint:
                "declare \(name) in \(place), or change the marker; the declared environments are \(file.names.joined(separator: ", ")); "
                + "`granary env mark NAME --force` changes the marker"
        )
    }

    /// An empty database is marked by the first command that names the environment.
    private static func hint(_ situation: Situation) -> String {
        if let chosen = situation.choice?.name {
            return "if this is the right database, run `granary env mark \(chosen)`"
        }
        let names = choices(situation.declared?.names ?? [])
        return situation.isEmpty
            ? "the database is empty; say what it will be: --env \(names ?? "NAME"); this marks it"
            : "if this is the right database, run `granary env mark NAME`\(names.map { "; NAME is \($0)" } ?? "")"
    }

    /// `development, staging or production`
    private static func choices(_ names: [String]) -> String? {
        guard let last = names.last, names.count > 1 else { return names.first }
        return "\(names.dropLast().joined(separator: ", ")) or \(last)"
    }

    /// - Throws: `EnvironmentsError` with `.refused`.
    static func admit(_ situation: Situation) throws(EnvironmentsError) -> Admission {
        let chosen = situation.choice?.name
        if case .marked(let name) = situation.marker {
            guard let choice = situation.choice, choice.name != name else {
                try requireDeclared(name, situation)
                return Admission(environment: name, marks: false)
            }
            throw EnvironmentsError(
                .refused,
                "the database \(situation.database) is marked \(name), but \(choice.source) says \(choice.name)",
                hint:
                    "use the right database, or --env \(name); `granary env mark \(choice.name) --force` changes the marker"
            )
        }
        let isExplicit = situation.choice?.source.isExplicit ?? false
        if situation.isLocal {
            return Admission(environment: isExplicit ? chosen ?? "development" : "development", marks: true)
        }
        if situation.isEmpty, isExplicit, let chosen { return Admission(environment: chosen, marks: true) }
        var found = "is not marked with an environment"
        if case .copy(let name) = situation.marker { found = "is an unmarked copy of \(name)" }
        throw EnvironmentsError(
            .refused,
            "the database \(situation.database) \(found), so nothing is written to it",
            hint: hint(situation)
        )
    }
}
