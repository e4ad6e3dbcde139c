internal import Basics

extension EnvironmentPolicy.Keep {
    /// Reads `"keep": {"last": 3, "daily": 7, "within": "14d"}`.
    ///
    /// A misspelled tier would delete what it should keep, so it is an error, and so is a rule that keeps nothing.
    ///
    /// - Returns: nil if the rule is null or has an error, which is noted.
    static func read(_ node: JSONNode, _ reading: inout JSONReading) -> EnvironmentPolicy.Keep? {
        if case .null = node.value { return nil }
        var keep = EnvironmentPolicy.Keep()
        let tiers: [(name: String, path: WritableKeyPath<EnvironmentPolicy.Keep, Int>)] = [
            ("last", \.last), ("hourly", \.hourly), ("daily", \.daily), ("weekly", \.weekly), ("monthly", \.monthly),
            ("yearly", \.yearly),
        ]
        let names = tiers.map(\.name) + ["within"]
        let problems = reading.problems.count
        for member in reading.members(node) {
            if let tier = tiers.first(where: { $0.name == member.key }) {
                keep[keyPath: tier.path] = reading.count(member.value) ?? 0
            } else if member.key == "within" {
                keep.within = reading.value(member.value) { node throws(EnvironmentsError) in try node.duration() }
            } else {
                reading.note(
                    EnvironmentsError(
                        .file,
                        at: member.value.place,
                        "\(member.value.trail) does not say which backups to keep",
                        hint: "known are \(names.joined(separator: ", "))"
                    )
                )
            }
        }
        guard reading.problems.count == problems else { return nil }
        guard keep != EnvironmentPolicy.Keep() else {
            reading.note(
                EnvironmentsError(
                    .file,
                    at: node.place,
                    "\(node.trail) keeps no backup",
                    hint: "write \"keep\": {\"last\": 3, \"daily\": 7}, or leave it out"
                )
            )
            return nil
        }
        return keep
    }
}

extension JSONNode {
    /// - Throws: `EnvironmentsError` with `.file` and the line.
    func duration() throws(EnvironmentsError) -> Duration {
        guard let duration = Duration(spelled: try text()) else {
            throw EnvironmentsError(
                .file,
                at: place,
                "\(trail) is not a span of time",
                hint: "write 30s, 15m, 24h, 7d or 2w"
            )
        }
        return duration
    }
}
