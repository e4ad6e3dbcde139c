internal import Bookkeeping
internal import Project

/// Whether a command may write into a database, by the environment that was chosen and the marker that is there.
enum Guard {
    /// What was found.
    struct Situation: Sendable {
        var choice: EnvironmentChoice?
        var marker: MarkerState
        /// No table of a user's is in it.
        var isEmpty: Bool
        /// It is on granary's own local server.
        var isLocal: Bool
        var database: String
        /// The environments there are, and the file that says so; nil takes every name.
        var declared: EnvironmentsFile?

        init(
            choice: EnvironmentChoice?,
            marker: MarkerState,
            isEmpty: Bool,
            isLocal: Bool,
            database: String,
            declared: EnvironmentsFile? = nil
        ) {
            self.declared = declared
            self.choice = choice
            self.marker = marker
            self.isEmpty = isEmpty
            self.isLocal = isLocal
            self.database = database
        }
    }

    struct Admission: Sendable, Equatable {
        var environment: String
        /// The database is to be marked before anything else.
        var marks: Bool
    }

    /// What may be done in an environment that nobody has declared, nobody knows.
    private static func requireDeclared(_ name: String, _ situation: Situation) throws(EnvironmentsError) {
        guard let file = situation.declared, file.policy(name) == nil else { return }
        let place = file.path ?? "environments.json"
        throw EnvironmentsError(
            .refused,
            "the database \(situation.database) is marked \(name), which \(file.path == nil ? "is none of the usual environments" : "\(place) does not declare"), "
                + "so nothing is written to it",
            hint:
                "declare \(name) in \(place), or mark the database anew: declared are \(file.names.joined(separator: ", ")); "
                + "`granary env mark NAME --force` does it"
        )
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
                "the database \(situation.database) is marked \(name), and \(choice.source) says \(choice.name)",
                hint:
                    "give the database that is meant, or --env \(name); `granary env mark \(choice.name) --force` marks it anew"
            )
        }
        let isExplicit = situation.choice?.source.isExplicit ?? false
        if situation.isLocal {
            return Admission(environment: isExplicit ? chosen ?? "development" : "development", marks: true)
        }
        if situation.isEmpty, isExplicit, let chosen { return Admission(environment: chosen, marks: true) }
        var found = "is not marked with an environment"
        if case .copy(let name) = situation.marker { found = "is a copy of \(name), and not marked itself" }
        throw EnvironmentsError(
            .refused,
            "the database \(situation.database) \(found), so nothing is written to it",
            hint: "if it is what you mean, run `granary env mark \(chosen ?? "NAME")`"
        )
    }
}
