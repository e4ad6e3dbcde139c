/// The rules of an environment, according to `environments.json`. Without an entry everything is allowed.
package struct EnvironmentPolicy: Sendable {
    /// The migrations of an environment, as written in the file.
    package enum Migrations: Sendable, Equatable {
        /// File names with or without their folder. They are compared with the folders, which take precedence.
        case files([String])
        case folder(String)
    }

    package struct Lint: Sendable, Equatable {
        package var enable: [String] = []
        package var disable: [String] = []
        /// The line of the entry; nil if there is none.
        package var line: Int?
    }

    /// How old the newest row of a table may be when it is backed up.
    package struct NewestRows: Sendable, Equatable {
        /// `schema.table.column`, or `table.column` for the schema `public`.
        package var column: String
        package var ageMax: Duration
        package var line: Int
    }

    /// Which backups `granary backup --prune` keeps, if the command line does not say.
    package struct Keep: Sendable, Equatable {
        package var last = 0
        package var hourly = 0
        package var daily = 0
        package var weekly = 0
        package var monthly = 0
        package var yearly = 0
        package var within: Duration?
    }

    package var name: String
    package var details: String?
    package var migrations: Migrations?
    package var seedFiles: [String] = []
    /// Whether it is production, so that nothing empties it, and seeds and restores have stricter rules. By default its
    /// name decides.
    package var isProduction: Bool
    /// The line of `"production": false`, if the name is that of production.
    package var deniedProductionLine: Int?
    /// Whether migrations may drop, empty or delete.
    package var allowsDestructiveOperations = true
    /// Whether a run skips parsing all files before the first one runs.
    package var skipsValidation = false
    /// Whether the down file undoes a file that fails and runs without a transaction.
    package var rollsBackOnFailure = false
    /// Whether every migration needs an approval of exactly its content.
    package var requiresApproval = false
    package var requiresWindow = false
    package var window: MaintenanceWindow?
    /// Whether rows are backed up before a migration destroys them.
    package var requiresBackup = false
    /// A backup in clear is refused.
    package var requiresEncryption = false
    /// The recipients of age that backups are encrypted for, if the command line names none.
    package var recipients: [String] = []
    /// Whether drills of backups of other environments may restore into a server that is marked with this one.
    package var allowsDrills = false
    /// Columns with a time whose newest value a drill compares with the time of the backup.
    package var newestRows: [NewestRows] = []
    /// nil if nothing is declared.
    package var keep: Keep?
    /// Lint rules or groups that are on in addition to the default ones, and those that are off.
    package var lint = Lint()
    /// The line of its declaration; nil if no file declares it.
    package var line: Int?

    package init(name: String) {
        self.name = name
        isProduction = Self.namesProduction(name)
    }

    /// Whether the schema may be dropped and created again.
    package var isForPlay: Bool { (name == "development" || name == "test") && !isProduction }
}
