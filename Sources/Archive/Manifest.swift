// The file of a backup. This module does not know PostgreSQL.
//
//     member      an entry of the ZIP
//     chunk       whole rows of one table, in a member of their own
//     manifest    the list of all members, and their totals
//     digest      a checksum of the rows of a table that does not depend on their order
//     seal        an HMAC over the manifest: who made the archive

/// The content of an archive: `manifest.json`, its last member. It names every other member.
///
/// The format is specified in `docs/archive-format.md`. Within one `format` keys are added, never renamed.
package struct Manifest: Codable, Sendable, Equatable {
    /// The format that this version of granary writes, and the newest that it reads.
    package static let currentFormat = 1
    /// The name of the manifest's member, the last one.
    package static let member = "manifest.json"

    package var format = Manifest.currentFormat
    /// The version of granary that wrote the archive.
    package var granary: String
    /// When the snapshot was taken: RFC 3339, UTC.
    package var createdAt: String
    package var environment: String?
    package var database: Database
    package var server: Server
    /// The name of the exported snapshot (`pg_export_snapshot`), only for information.
    package var snapshot: String
    /// The write-ahead log position at the snapshot; nil if the server does not report it.
    package var walPosition: String?
    package var scope: Scope
    /// The command whose undo line names the archive: `clean` or `migrate`. nil for other backups.
    package var undoFor: String?
    /// Whether the archive was made from a dump. Its time is not that of its rows. nil means false.
    package var isConverted: Bool?
    /// Versions that the tables of migrators recorded in the snapshot.
    package var schemaVersions: [SchemaVersion] = []
    /// The ledger of the services whose schemas are in the archive; nil if it was not read.
    package var ledger: [ServiceLedger]?
    /// The schemas of the database without the system's. A new database has `public`; this one may not.
    package var schemas: [String] = []
    package var extensions: [Extension] = []
    /// Roles that own something in the archive or have privileges on it.
    package var roles: [String] = []
    /// The same roles with all that a server needs to create them; nil in archives of older versions.
    package var roleDefinitions: [Role]?
    package var schema: [SchemaItem] = []
    package var tables: [Table] = []
    package var sequences: [Sequence] = []
    package var largeObjects: LargeObjects?
    /// The objects that a part needs and the archive does not contain; nil for a whole database, and if nothing is
    /// missing.
    package var needs: [Need]?
    /// The tables that Citus distributed, with their partitions; nil if there are none.
    package var distributed: [Relation]?
    /// How Citus distributed them; nil in archives of older versions.
    package var distribution: Distribution?
    /// Secrets left out of the schema (passwords of user mappings, connections of subscriptions), each named.
    package var redacted: [String] = []
    /// The recipients that the file is encrypted for (`age1…`); empty for a passphrase, nil if it is not encrypted.
    package var recipients: [String]?
    /// Members that are neither chunks nor the manifest itself.
    package var files: [File] = []
    /// The proof of who made the archive; nil if the writer had no key.
    package var seal: Seal?

    package init(
        granary: String,
        createdAt: String,
        environment: String? = nil,
        database: Database,
        server: Server,
        snapshot: String,
        walPosition: String? = nil,
        scope: Scope = Scope()
    ) {
        self.granary = granary
        self.createdAt = createdAt
        self.environment = environment
        self.database = database
        self.server = server
        self.snapshot = snapshot
        self.walPosition = walPosition
        self.scope = scope
    }
}

extension Manifest {
    /// The proof of who made the archive.
    package struct Seal: Codable, Sendable, Equatable {
        /// The name of the key.
        package var key: String
        /// The HMAC of the manifest with zeros in place of these digits.
        package var hmac: String

        package init(key: String, hmac: String) {
            self.key = key
            self.hmac = hmac
        }

        /// The placeholder for the digits while the HMAC is computed.
        static let zeros = String(repeating: "0", count: 64)
    }
}
