/// Decides whether a command may write into a database, by its marker.
package enum Guard {
    /// What the decision is made from.
    package struct Situation: Sendable {
        /// The chosen environment; nil where nothing says.
        package var choice: EnvironmentChoice?
        package var marker: MarkerState
        /// Whether the database has no tables but ours.
        package var hasUserTables: Bool
        /// Whether it is on granary's own local server.
        package var isOwnLocalServer: Bool
        /// The database and its host, for messages.
        package var database: String
        /// The names that may be chosen.
        package var declared: [String]

        package init(
            choice: EnvironmentChoice?,
            marker: MarkerState,
            hasUserTables: Bool,
            isOwnLocalServer: Bool,
            database: String,
            declared: [String]
        ) {
            self.choice = choice
            self.marker = marker
            self.hasUserTables = hasUserTables
            self.isOwnLocalServer = isOwnLocalServer
            self.database = database
            self.declared = declared
        }
    }

    /// What to do.
    package enum Admission: Sendable, Equatable {
        /// Go on; the environment is this one, or for reading there may be none.
        case go(EnvironmentChoice?)
        /// Mark the database first.
        case mark(EnvironmentChoice)

        package var choice: EnvironmentChoice? {
            switch self {
            case .go(let choice): choice
            case .mark(let choice): choice
            }
        }
    }

    /// - Parameter writing: Reading is always allowed.
    /// - Throws: `EnvironmentsError.refused`, with both names or with the line that marks the database.
    package static func admit(writing: Bool, _ situation: Situation) throws -> Admission {
        if case .marked(let marker) = situation.marker {
            guard let choice = situation.choice, choice.name != marker.name else {
                return .go(situation.choice ?? EnvironmentChoice(marker.name, .marker))
            }
            guard writing else { return .go(choice) }
            throw EnvironmentsError(
                .refused,
                "\(situation.database) is marked \(marker.name), and \(choice.source) says \(choice.name)",
                hint: "look again which database is meant; if it is this one, say --env \(marker.name)"
            )
        }
        guard writing else { return .go(situation.choice) }
        if let choice = situation.choice, choice.isExplicit, situation.isOwnLocalServer || !situation.hasUserTables {
            return .mark(choice)
        }
        if situation.isOwnLocalServer { return .mark(EnvironmentChoice("development", .localServer)) }
        throw refusal(situation)
    }

    private static func refusal(_ situation: Situation) -> EnvironmentsError {
        let state =
            switch situation.marker {
            case .copy(let marker): "is a copy of \(marker.name), and nothing says what it is used for now"
            default: "is not marked with an environment"
            }
        let way =
            situation.choice.map { "if it is for \($0.name), run: granary env mark \($0.name)" }
            ?? "run: granary env mark NAME, with one of \(situation.declared.joined(separator: ", "))"
        return EnvironmentsError(
            .refused,
            "\(situation.database) \(state), so nothing is written into it",
            hint: "nothing was changed; \(way)"
        )
    }
}
