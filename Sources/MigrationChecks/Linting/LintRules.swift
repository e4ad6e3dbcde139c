/// All lint rules, and which are enabled by default.
package enum LintRules {
    package static let all: [LintRule] =
        IndexRules.all + ConstraintRules.all + ColumnRules.all + LossRules.all + TransactionRules.all
        + StyleRules.all + CompatibilityRules.all + CitusRules.all

    package static let byName: [String: LintRule] = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The names of the rules that are enabled by default.
    package static let defaults: Set<String> = Set(all.filter(\.isOnByDefault).map(\.name))

    /// The rules with this name or in this group, such as `style` or `squawk`; empty if the name is unknown. `all` does
    /// not include the rules for Citus, which mean nothing elsewhere.
    package static func named(_ name: String) -> [LintRule] {
        if let rule = byName[name] { return [rule] }
        return all.filter { name == "all" ? $0.category != .citus : $0.groups.contains(name) }
    }

    /// The enabled rules: the default rules and `enable`, without `disable`. The name of a rule takes precedence over
    /// its groups.
    ///
    /// - Parameters:
    ///   - enable: Names of rules or groups from `config.lint` of `environments.json`.
    ///   - disable: Names of rules or groups from the same place.
    package static func selection(enable: [String], disable: [String]) -> Set<String> {
        let isGroup = { (name: String) in byName[name] == nil }
        var rules = defaults
        for name in enable where isGroup(name) { rules.formUnion(named(name).map(\.name)) }
        for name in disable where isGroup(name) { rules.subtract((name == "all" ? all : named(name)).map(\.name)) }
        rules.formUnion(enable.filter { byName[$0] != nil })
        rules.subtract(disable)
        return rules
    }

    /// The names that are neither those of a rule nor those of a group.
    package static func unknown(_ names: [String]) -> [String] { names.filter { named($0).isEmpty } }
}

/// The value of a rule's `kinds` that means every kind of statement.
let everyKind = ["*"]
