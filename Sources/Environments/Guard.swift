/// Whether a command may write into a database, by the environment that was chosen and the marker that is there.
package enum Guard {
    /// What was found.
    package struct Situation: Sendable {
        package var choice: EnvironmentChoice?
        package var marker: MarkerState
        /// No table of a user's is in it.
        package var isEmpty: Bool
        /// It is on granary's own local server.
        package var isLocal: Bool
        package var database: String

        package init(choice: EnvironmentChoice?, marker: MarkerState, isEmpty: Bool, isLocal: Bool, database: String) {
            self.choice = choice
            self.marker = marker
            self.isEmpty = isEmpty
            self.isLocal = isLocal
            self.database = database
        }
    }

    package struct Admission: Sendable, Equatable {
        package var environment: String
        /// The database is to be marked before anything else.
        package var marks: Bool
    }

    /// - Throws: `EnvironmentsError` with `.refused`.
    package static func admit(_ situation: Situation) throws(EnvironmentsError) -> Admission {
        let chosen = situation.choice?.name
        if case .marked(let name) = situation.marker {
            guard let choice = situation.choice, choice.name != name else {
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
