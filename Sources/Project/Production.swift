// The only definition of production. Every command that treats production differently uses it.

extension EnvironmentPolicy {
    /// Words that mean production, in any case.
    private static let productionWords: Set<Substring> = ["production", "prod", "prd", "live"]
    /// Words that negate the next one: `non-prod`, `pre_live`.
    private static let negations: Set<Substring> = ["non", "pre"]

    /// Whether a name means production: `production`, `prod`, `prd` or `live`, in any case, alone or joined to other
    /// words by `-`, `_` or `.`, but not directly after `non` or `pre`.
    package static func namesProduction(_ name: String) -> Bool {
        let words = name.lowercased().split { "-_.".contains($0) }
        return words.indices.contains { place in
            productionWords.contains(words[place]) && (place == 0 || !negations.contains(words[place - 1]))
        }
    }

    /// Whether granary's local server must not be used for it, as for production and staging.
    package var refusesLocalServer: Bool { isProduction || name.lowercased() == "staging" }
}

extension EnvironmentsFile {
    /// The file with stricter rules for an environment, which a database has stored. An environment that the file does
    /// not declare stays undeclared.
    package func with(
        _ name: String,
        isProduction: Bool,
        requiresEncryption: Bool,
        recipients: [String]
    ) -> EnvironmentsFile {
        var file = self
        guard let place = file.environments.firstIndex(where: { $0.name == name }) else { return file }
        if isProduction { file.environments[place].isProduction = true }
        if requiresEncryption { file.environments[place].requiresEncryption = true }
        if file.environments[place].recipients.isEmpty { file.environments[place].recipients = recipients }
        return file
    }

    /// The rules of an environment. If the file does not declare it, those that follow from its name.
    package func rules(of name: String) -> EnvironmentPolicy { policy(name) ?? EnvironmentPolicy(name: name) }
}
