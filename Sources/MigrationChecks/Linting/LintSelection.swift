package import Project

extension LintRules {
    /// The rules that are enabled in an environment.
    ///
    /// - Parameter hasCitus: Whether the rules about Citus are enabled unless the environment disables them.
    package static func selection(for policy: EnvironmentPolicy, hasCitus: Bool = false) -> Set<String> {
        let citus = hasCitus ? [LintRule.Category.citus.rawValue] : []
        return selection(enable: citus + policy.lint.enable, disable: policy.lint.disable)
    }

    /// A finding for each unknown name in `config.lint`.
    package static func unknownNames(in file: EnvironmentsFile) -> [Finding] {
        file.environments.flatMap { policy in
            unknown(policy.lint.enable + policy.lint.disable).map { name in
                Finding(
                    rule: "unknown-rule",
                    severity: .error,
                    file: file.path ?? "environments.json",
                    line: policy.lint.line ?? policy.line ?? 1,
                    message:
                        "environments.\(policy.name).config.lint names \(name), which is neither a rule nor a group",
                    hint: similar(to: name).map { "is \($0) meant?" } ?? "docs/rules.md lists the names"
                )
            }
        }
    }

    /// The rule whose name has the most words in common with an unknown name.
    private static func similar(to name: String) -> String? {
        let words = Set(name.lowercased().split { !$0.isLetter })
        let shared = { (rule: LintRule) in words.intersection(rule.name.split(separator: "-")).count }
        guard let best = all.max(by: { shared($0) < shared($1) }), shared(best) > 1 else { return nil }
        return best.name
    }
}
