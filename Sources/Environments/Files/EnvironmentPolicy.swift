/// What an environment allows and asks for: the flags of `config` in `environments.json`.
///
/// A flag that the file does not write has the value that changes nothing about a tree of plain migrations: everything
/// is allowed and nothing is asked for. No name is special, `production` neither: a rule that nobody wrote would stop
/// a tree that ran yesterday, and a rule that is written is kept to the letter. `declared` tells the two apart.
package struct EnvironmentPolicy: Sendable, Equatable {
    /// The flags, under their names in the file.
    package enum Flag: String, Sendable, CaseIterable {
        case allowDestructiveOperations = "allow_destructive_operations"
        case skipValidation = "skip_validation"
        case autoRollbackOnFailure = "auto_rollback_on_failure"
        case requireApproval = "require_approval"
        case maintenanceWindowRequired = "maintenance_window_required"
        case maintenanceWindow = "maintenance_window"
        case backupRequired = "backup_required"
    }

    /// Default true.
    package var allowsDestructiveOperations = true
    /// Default false.
    package var skipsValidation = false
    /// Default false: after a failure nothing runs that nobody asked for.
    package var rollsBackOnFailure = false
    /// Default false.
    package var requiresApproval = false
    /// Default false.
    package var requiresMaintenanceWindow = false
    /// When destructive or approved work may run; nil where the file names no window.
    package var maintenanceWindow: MaintenanceWindow?
    /// Default false.
    package var requiresBackup = false
    /// The flags that the file writes, with the place of their values, to be named by a refusal.
    package var declared: [Flag: TextPlace] = [:]

    package var declaredFlags: Set<Flag> { Set(declared.keys) }

    package init() {}
}

/// `migration_locking` of `environments.json`.
package struct MigrationLocking: Sendable, Equatable {
    /// Whether runners take turns. Default true.
    package var isEnabled = true
    /// How long a runner waits for its turn. Default 300.
    package var timeoutSeconds = 300
    /// How many runners may work at once. Default 1.
    package var maxConcurrentMigrations = 1
    /// The fields that the file writes.
    package var declared: [String: TextPlace] = [:]

    package init() {}
}
