/// What may be done in an environment, as `environments.json` says; without a word of it, everything may.
package struct EnvironmentPolicy: Sendable {
    /// Which migrations an environment has, as the file says it.
    package enum Migrations: Sendable, Equatable {
        /// Names of files, with or without their folder; checked against the folders, which decide.
        case files([String])
        case folder(String)
    }

    package struct Lint: Sendable, Equatable {
        package var enable: [String] = []
        package var disable: [String] = []
        /// Where it stands; nil where nothing is said.
        package var line: Int?
    }

    package var name: String
    package var details: String?
    package var migrations: Migrations?
    package var seedFiles: [String] = []
    /// People depend on its data: nothing empties it, and seeds and restores ask more. By default its name decides.
    package var isProduction: Bool
    /// The line of `"production": false` if the name says otherwise.
    package var deniedProductionLine: Int?
    /// Migrations may drop, empty or delete.
    package var allowsDestructiveOperations = true
    /// Files are not parsed before the first one runs.
    package var skipsValidation = false
    /// A file that runs without a transaction and fails is undone by its down file.
    package var rollsBackOnFailure = false
    /// Every migration needs an approval of exactly its content.
    package var requiresApproval = false
    package var requiresWindow = false
    package var window: MaintenanceWindow?
    /// Rows that a migration destroys are backed up first.
    package var requiresBackup = false
    /// Names of lint rules, or of groups of them, that are on beside the usual ones, and that are off.
    package var lint = Lint()
    /// Where its declaration begins; nil for one that no file declares.
    package var line: Int?

    package init(name: String) {
        self.name = name
        isProduction = Self.namesProduction(name)
    }

    /// An environment where nobody is hurt by a schema that is made anew.
    package var isForPlay: Bool { (name == "development" || name == "test") && !isProduction }
}
