/// A rule that has no effect, because it is outside `config` or misspelled in it.
package struct MisplacedRule: Sendable, Equatable {
    package var key: PolicyKey
    /// The keys that lead to it: `environments.production.require_approval`.
    package var trail: String
    package var line: Int
    /// The environment that it belongs to; nil outside of any, where it may be meant for all.
    package var environment: String?
    /// It is in `config`, and only misspelled.
    package var isInConfig: Bool

    /// The error without the place.
    package var message: String {
        isInConfig
            ? "\(trail) is not a rule, so it has no effect"
            : "\(trail) has no effect here: rules are written inside config"
    }

    package var hint: String {
        if let name = trail.split(separator: ".").last.map(String.init), PolicyKey.ofDependencies.contains(name) {
            return "move it to global_config of dependencies.json"
        }
        return isInConfig
            ? "\(key.rawValue) may be meant"
            : "move it to environments.\(environment ?? "NAME").config.\(key.rawValue)"
    }
}

extension MisplacedRule {
    /// All rules of a document that have no effect.
    static func all(in root: JSONNode) -> [MisplacedRule] {
        guard case .object(let members) = root.value else { return [] }
        return members.flatMap { member -> [MisplacedRule] in
            guard member.key == "environments", case .object(let environments) = member.value.value else {
                return found(in: [member], environment: nil)
            }
            return environments.flatMap { ofEnvironment($0) }
        }
    }

    /// All rules in `dependencies.json`, where they have no effect. That file's own fields have similar names, so only
    /// exact names are recognized.
    package static func inDependencies(_ root: JSONNode) -> [MisplacedRule] {
        found(below: root, environment: nil).filter { rule in
            let key = rule.trail.split(separator: ".").last.map(String.init)
            return key == rule.key.rawValue && rule.key != .production && rule.key != .lint
        }
    }

    private static func ofEnvironment(_ environment: JSONMember) -> [MisplacedRule] {
        guard case .object(let members) = environment.value.value else { return [] }
        return members.flatMap { member -> [MisplacedRule] in
            guard member.key == "config", case .object(let rules) = member.value.value else {
                return found(in: [member], environment: environment.key)
            }
            return rules.flatMap { ofConfig($0, environment.key) }
        }
    }

    private static func ofConfig(_ member: JSONMember, _ environment: String) -> [MisplacedRule] {
        guard PolicyKey(rawValue: member.key) == nil else {
            return found(below: member.value, environment: environment)
        }
        if let key = PolicyKey(meantBy: member.key), key.fits(member) {
            return [MisplacedRule(key, member, environment, isInConfig: true)]
        }
        return found(below: member.value, environment: environment)
    }

    private static func found(in members: [JSONMember], environment: String?) -> [MisplacedRule] {
        members.flatMap { member -> [MisplacedRule] in
            guard let key = PolicyKey(meantBy: member.key), key.fits(member) else {
                return found(below: member.value, environment: environment)
            }
            return [MisplacedRule(key, member, environment, isInConfig: false)]
        }
    }

    private static func found(below node: JSONNode, environment: String?) -> [MisplacedRule] {
        switch node.value {
        case .object(let members): found(in: members, environment: environment)
        case .array(let elements): elements.flatMap { found(below: $0, environment: environment) }
        default: []
        }
    }

    private init(_ key: PolicyKey, _ member: JSONMember, _ environment: String?, isInConfig: Bool) {
        self.init(
            key: key,
            trail: member.value.trail,
            line: member.line,
            environment: environment,
            isInConfig: isInConfig
        )
    }
}

extension PolicyKey {
    /// The rules of `global_config` in `dependencies.json`, a different file.
    fileprivate static let ofDependencies: Set<String> = [
        "require_approval_for_high_risk", "auto_backup_before_destructive",
    ]

    /// Whether a member with this name is meant as the rule, and not, for example, an environment called `production`.
    /// null means the same as absence.
    fileprivate func fits(_ member: JSONMember) -> Bool {
        switch (self, member.value.value) {
        case (_, .null): false
        case (.production, .bool): true
        case (.production, .string), (.production, .number): member.key == rawValue
        case (.production, _): false
        default: true
        }
    }
}
