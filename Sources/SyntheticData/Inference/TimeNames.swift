/// The times that a column's name suggests, unless a constraint says which column is earlier.
enum TimeNames {
    static let birthdays = ["birth_date", "date_of_birth", "birthday", "dob", "birthdate", "born_on"]
    /// Columns that precede the other times of a row.
    static let creations = ["created_at", "inserted_at", "registered_at", "created", "created_on"]
    static let otherCreations = ["joined_at", "signed_up_at", "creation_date"]
    static let limits = [
        "expires_at", "due_at", "due_date", "valid_until", "expires_on", "ends_at", "deadline", "valid_to",
    ]
    /// Columns that precede limits.
    static let beginnings = ["starts_at", "valid_from", "created_at"]

    static let changes = ["updated", "modified", "changed"]
    /// Times that most rows do not have.
    static let endings = ["deleted", "cancel", "archived"]

    static func isTime(_ name: String) -> Bool { ["_at", "_on", "_date", "_time"].contains { name.hasSuffix($0) } }

    static func nulls(_ name: String) -> Double {
        if changes.contains(where: { name.hasPrefix($0) }) { return 0 }
        return endings.contains { name.hasPrefix($0) } ? 0.95 : 0.3
    }
}

extension GeneratorInference {
    /// The columns that generators of other columns use. They must be chosen first.
    package static let sources =
        TextRule.Name.first.columns + TextRule.Name.last.columns + TimeNames.creations + TimeNames.beginnings

    func timeNamed(_ name: String, _ column: ColumnShape) -> Choice? {
        guard column.facts.after.isEmpty else { return nil }
        if TimeNames.birthdays.contains(name) {
            return between(-80 * 365, -18 * 365, column, "a birthday", nulls: 0.1)
        }
        if (TimeNames.creations + TimeNames.otherCreations).contains(name) {
            return between(-730, 0, column, "the time of creation", nulls: 0, grows: true)
        }
        if TimeNames.limits.contains(name) { return limit(column) }
        guard TimeNames.isTime(name) else { return nil }
        let nulls = TimeNames.nulls(name)
        guard let creation = TimeNames.creations.lazy.compactMap({ chosen[$0] }).first else {
            return between(-365, 0, column, "a time", nulls: nulls)
        }
        let generator = AfterGenerator(
            { creation.micros($0) },
            within: 90 * Calendar.day,
            least: 0,
            limit: now,
            form: column.timeForm,
            key: key(column.name)
        )
        return Choice(generator: generator, reason: "named like a time after the creation", nulls: nulls)
    }

    private func limit(_ column: ColumnShape) -> Choice {
        guard let beginning = TimeNames.beginnings.lazy.compactMap({ chosen[$0] }).first else {
            return between(1, 365, column, "a limit", nulls: 0.2)
        }
        let generator = AfterGenerator(
            { beginning.micros($0) },
            within: 400 * Calendar.day,
            least: column.timeForm.step,
            limit: .max,
            form: column.timeForm,
            key: key(column.name)
        )
        return Choice(generator: generator, reason: "named like a limit: after the beginning", nulls: 0.2)
    }

    /// - Parameters: In days from now.
    private func between(
        _ from: Int,
        _ to: Int,
        _ column: ColumnShape,
        _ what: String,
        nulls: Double,
        grows: Bool = false
    ) -> Choice {
        let generator = TimeGenerator(
            (now + from * Calendar.day)...(now + to * Calendar.day),
            form: column.timeForm,
            grows: grows,
            key: key(column.name)
        )
        return Choice(generator: generator, reason: "named like \(what)", nulls: nulls)
    }
}
