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
    case drills
    case newestRows = "newest_rows"
    case keep
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
