package import AgeEncryption
package import Archive
package import Migrations
package import PostgresClient
package import Project
package import Storage

/// What to drill, where, and how thoroughly.
package struct DrillOptions: Sendable {
    package enum Place: Sendable {
        /// A temporary server in this folder, which is deleted afterwards.
        case temporary(folder: String, postgresBin: String?)
        /// A database of its own on this server. The address names the database to connect to.
        case server(ServerAddress)
    }

    package var file: String
    package var place: Place
    /// The server is the local server of a folder.
    package var isLocalServer = false
    package var keyring = AgeKeyring.none
    /// Reads a backup in a bucket.
    package var stores = ObjectStores.none
    package var jobs = 2
    /// Compares numbers of rows instead of digests.
    package var isQuick = false
    /// Files of the folder that are newer than this one and cannot be read, each with the reason: a finding.
    package var unreadable: [String] = []
    /// Sentences about the choice of the file, which become notes of the report.
    package var remarks: [String] = []
    /// An older backup is a finding.
    package var ageMax: Duration?
    /// Permits the server that the backup was made on, and one of which that is unknown.
    package var allowsSameServer = false
    /// Permits a backup without a known seal to run code.
    package var trusts = false
    /// Keeps the restored database if something was found.
    package var keepsOnFailure = false
    /// The keys of this installation.
    package var keys: [SealKey] = []
    /// The files of queries that must return no row.
    package var smokeFiles: [String] = []
    package var smokeTimeout = Duration.seconds(60)
    /// Applies the pending migrations to the copy.
    package var migrates = false
    /// The services and their files; nil without a folder of migrations.
    package var migrations: MigratorOptions?
    package var environments = EnvironmentsFile.usual
    package var stateSchema = "granary"
    /// The present time, in seconds since 1970.
    package var now: Int

    package init(file: String, place: Place, now: Int) {
        self.file = file
        self.place = place
        self.now = now
    }
}
