/// A rule of an environment: a key of its `config` in `environments.json`.
package enum PolicyKey: String, CaseIterable, Sendable {
    case production
    case allowDestructiveOperations = "allow_destructive_operations"
    case skipValidation = "skip_validation"
    case autoRollbackOnFailure = "auto_rollback_on_failure"
    case requireApproval = "require_approval"
    case maintenanceWindowRequired = "maintenance_window_required"
    case maintenanceWindow = "maintenance_window"
    case backupRequired = "backup_required"
    case encrypted, recipients
    case lint

    /// The rules that a run of migrations follows.
    package static let ofMigrations: Set<PolicyKey> = [
        .allowDestructiveOperations, .skipValidation, .autoRollbackOnFailure, .requireApproval,
        .maintenanceWindowRequired, .maintenanceWindow, .backupRequired,
    ]
}

// Misspelled rules.
extension PolicyKey {
    /// The rule that a misspelled key probably means; nil if it means none.
    ///
    /// It recognizes other forms of the same words (`allowDestructiveOperations`, `requires-approval`,
    /// `approval_required`), some of them or additional ones (`allow_destructive`), and typing errors of one or two
    /// letters.
    init?(meantBy key: String) {
        let auto = key == "auto_backup_before_destructive" ? PolicyKey.backupRequired : nil
        guard let key = auto ?? Self.exact(key) ?? Self.ofWords(key) ?? Self.slip(key) else { return nil }
        self = key
    }

    private static func exact(_ key: String) -> PolicyKey? {
        allCases.first { joined($0.rawValue) == joined(key) }
    }

    /// The rule with the same words. Otherwise the rule that has all words of the key, or all of whose words are in the
    /// key, with the most words in common. One common word is not enough.
    private static func ofWords(_ key: String) -> PolicyKey? {
        if ["isproduction", "prod", "isprod", "live", "islive"].contains(joined(key)) { return .production }
        let words = words(key)
        if let same = allCases.first(where: { Self.words($0.rawValue) == words }) { return same }
        let near = allCases.filter { rule in
            let own = Self.words(rule.rawValue)
            return min(own.count, words.count) > 1 && (own.isSubset(of: words) || words.isSubset(of: own))
        }
        return near.max {
            Self.words($0.rawValue).intersection(words).count < Self.words($1.rawValue).intersection(words).count
        }
    }

    private static func slip(_ key: String) -> PolicyKey? {
        let key = joined(key)
        return allCases.first { rule in
            let name = joined(rule.rawValue)
            let most = max(1, name.count / 8)
            // Names whose lengths differ more cannot be typing errors. Most keys end here, and every command reads
            // them.
            guard name.count > 4, abs(name.utf8.count - key.utf8.count) <= most else { return false }
            return Spelling.distance(key, name) <= most
        }
    }

    /// `backupRequired`, `backup-required` and `BACKUP_REQUIRED` give the same result.
    private static func joined(_ key: String) -> String { key.lowercased().filter(\.isLetter) }

    /// Without endings, so that `requires_approval` and `approval_required` give the same result.
    private static func words(_ key: String) -> Set<String> {
        var words = [""]
        for character in key {
            if !character.isLetter {
                words.append("")
            } else if character.isUppercase, words.last?.last?.isLowercase == true {
                words.append(character.lowercased())
            } else {
                words[words.count - 1] += character.lowercased()
            }
        }
        return Set(words.filter { !$0.isEmpty }.map(stem))
    }

    private static func stem(_ word: String) -> String {
        for ending in ["ed", "es", "s", "d", "e", "ing"] where word.hasSuffix(ending) && word.count > ending.count + 2 {
            return String(word.dropLast(ending.count))
        }
        return word
    }
}

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
            ? "\(trail) is no rule, and has no effect" : "\(trail) has no effect here: rules are written inside config"
    }

    package var hint: String {
        if let name = trail.split(separator: ".").last.map(String.init), PolicyKey.ofDependencies.contains(name) {
            return "move it to global_config of dependencies.json"
        }
        return isInConfig
            ? "\(key.rawValue) is meant, perhaps"
            : "move it to environments.\(environment ?? "NAME").config.\(key.rawValue)"
    }
}

extension EnvironmentsFile {
    /// - Throws: `EnvironmentsError` with `.refused` and the line, if one of the rules has no effect. A command that
    ///   depends on the rule must not continue without it.
    package func requireRulesInPlace(_ keys: Set<PolicyKey>, of environment: String) throws(EnvironmentsError) {
        guard let rule = misplaced(keys, of: environment).first else { return }
        throw EnvironmentsError(
            .refused,
            "\(path ?? "environments.json"):\(rule.line): \(rule.message)",
            hint: rule.hint
        )
    }

    /// The misplaced rules that would affect an environment if they were in `config`.
    package func misplaced(_ keys: Set<PolicyKey>, of environment: String) -> [MisplacedRule] {
        misplacedRules.filter { keys.contains($0.key) && ($0.environment ?? environment) == environment }
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
