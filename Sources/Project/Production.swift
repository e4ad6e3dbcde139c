// The one definition of production. Every command that treats production differently asks here.

extension EnvironmentPolicy {
    /// Words that name production, in any case.
    private static let productionWords: Set<Substring> = ["production", "prod", "prd", "live"]
    /// Words that turn the next one into its opposite: `non-prod`, `pre_live`.
    private static let negations: Set<Substring> = ["non", "pre"]

    /// Whether a name says that the environment is production: `production`, `prod`, `prd` or `live`, in any case, alone
    /// or joined to other words by `-`, `_` or `.`, but not right after `non` or `pre`.
    package static func namesProduction(_ name: String) -> Bool {
        let words = name.lowercased().split { "-_.".contains($0) }
        return words.indices.contains { place in
            productionWords.contains(words[place]) && (place == 0 || !negations.contains(words[place - 1]))
        }
    }

    /// Whether granary's own local server may not be used for it: production and its rehearsal run elsewhere.
    package var refusesLocalServer: Bool { isProduction || name.lowercased() == "staging" }
}

extension EnvironmentsFile {
    /// The rules of an environment; those of its name alone if the file does not declare it.
    package func rules(of name: String) -> EnvironmentPolicy { policy(name) ?? EnvironmentPolicy(name: name) }
}
