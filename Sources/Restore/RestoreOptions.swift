package import Archive

/// What to restore, where to, and how.
package struct RestoreOptions: Sendable {
    /// A table of the archive, and the name it gets.
    package struct TableSelection: Sendable, Equatable {
        /// `schema.table`, `table`, or a pattern.
        package var table: String
        /// Another name for the restored table; nil keeps its own.
        package var newName: String?

        package init(table: String, newName: String? = nil) {
            self.table = table
            self.newName = newName
        }
    }

    package enum Rows: String, Sendable, CaseIterable {
        /// Adds the rows whose key is not there.
        case missing
        /// Empties the table first.
        case replace
    }

    package enum Trust: Sendable, Equatable {
        case anyone
        /// Those that one of these keys has sealed; of the others only what brings no code.
        case sealed(by: [SealKey])
    }

    /// An archive of ours, or a plain dump: `.sql`, `.sql.gz`.
    package var file: String
    /// Restores into a database of this name instead of the one the connection names.
    package var into: String?
    /// One session and one transaction in the database itself, for servers that grant no CREATEDB.
    package var inPlace = false
    package var jobs = 2
    /// By name or pattern, as everything that is chosen.
    package var schemas: [String] = []
    package var tables: [TableSelection] = []
    package var excludedSchemas: [String] = []
    package var excludedTables: [String] = []
    /// Tables that are made, and get no rows.
    package var tablesWithoutData: [String] = []
    package var rows: Rows?
    package var dataOnly = false
    /// With `dataOnly`: into empty tables, and refused when one of them holds a row.
    package var ifEmpty = false
    package var noOwner = false
    /// Creates the roles of the archive that the server lacks.
    package var createsRoles = false
    /// Grants nothing and takes no rights away.
    package var noPrivileges = false
    /// Puts everything into the default tablespace.
    package var noTablespaces = false
    /// Names of roles in the archive to names on the server.
    package var roleMap: [String: String] = [:]
    /// Drops the old database after the swap instead of keeping it.
    package var dropOld = false
    /// Leaves constraints that the rows violate NOT VALID instead of failing.
    package var allowInvalid = false
    /// Leaves out every object that carries no rows and cannot be made, and lists it.
    package var keepGoing = false
    /// Restores a plain dump in place, or drops the old database for it, though nothing tells whether the dump is whole;
    /// and one that is cut off, into a new database.
    package var allowIncomplete = false
    /// Of a plain dump of several databases, the one to restore.
    package var database: String?
    /// The encoding of a plain dump that does not say its own.
    package var encoding: String?
    /// Ends sessions that are connected to the target.
    package var force = false
    /// A table with more COPY text than this is loaded chunk by chunk, by several workers.
    package var splitBytes = 64 << 20
    /// Skips ANALYZE at the end.
    package var withoutAnalyze = false
    /// Restores subscriptions too.
    package var withSubscriptions = false
    /// Whose archives may bring code with them.
    package var trust = Trust.anyone
    /// The database to connect to while the target is renamed; nil tries `postgres` and `template1`.
    package var maintenanceDatabase: String?

    /// The schema of granary's own tables, whose marker and log stay the target's.
    package var stateSchema = "granary"
    /// The schemas of services, where files say more of them than their names do.
    package var services: [String: [String]] = [:]
    /// The environment that a database which was not there before is marked with; nil marks none.
    package var environment: String?

    /// Whether rows may violate constraints, and materialized views stay unpopulated.
    package var allowsInvalid: Bool { allowInvalid || keepGoing }

    package init(file: String) { self.file = file }
}
