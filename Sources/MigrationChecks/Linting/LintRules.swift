/// The rules that there are, and which of them are on.
package enum LintRules {
    package static let all: [LintRule] =
        IndexRules.all + ConstraintRules.all + ColumnRules.all + LossRules.all + TransactionRules.all
        + StyleRules.all + CompatibilityRules.all

    package static let byName: [String: LintRule] = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The names of the rules that are on where nobody says otherwise.
    package static let defaults: Set<String> = Set(all.filter(\.isOnByDefault).map(\.name))

    /// The rules that a name stands for: itself, or all of a group such as `style` or `squawk`; none for a name that
    /// nobody knows.
    package static func named(_ name: String) -> [LintRule] {
        if let rule = byName[name] { return [rule] }
        return name == "all" ? all : all.filter { $0.groups.contains(name) }
    }

    /// The rules that are on: the usual ones and `enable`, without `disable`. A rule that is named itself counts more
    /// than a group that it is in.
    ///
    /// - Parameters:
    ///   - enable: Names of rules or groups, as `config.lint` of `environments.json` has them.
    ///   - disable: Likewise.
    package static func selection(enable: [String], disable: [String]) -> Set<String> {
        let isGroup = { (name: String) in byName[name] == nil }
        var rules = defaults
        for name in enable where isGroup(name) { rules.formUnion(named(name).map(\.name)) }
        for name in disable where isGroup(name) { rules.subtract(named(name).map(\.name)) }
        rules.formUnion(enable.filter { byName[$0] != nil })
        rules.subtract(disable)
        return rules
    }

    /// Those of the names that are neither a rule's nor a group's.
    package static func unknown(_ names: [String]) -> [String] { names.filter { named($0).isEmpty } }
}

/// Stands for all kinds of statement, in the `kinds` of a rule.
let everyKind = ["*"]
