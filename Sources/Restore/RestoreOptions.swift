package import Archive

/// What to restore, into which database, and how.
package struct RestoreOptions: Sendable {
    /// A table of the archive, and the name of its copy.
    package struct TableSelection: Sendable, Equatable {
        /// `schema.table`, `table`, or a pattern.
        package var table: String
        /// The name of the copy; nil restores the table under its own name.
        package var newName: String?

        package init(table: String, newName: String? = nil) {
            self.table = table
            self.newName = newName
        }
    }

    package enum Rows: String, Sendable, CaseIterable {
        /// Adds the rows whose primary key is missing.
        case missing
        /// Empties the table first.
        case replace
    }

    package enum Trust: Sendable, Equatable {
        case anyone
        /// Archives sealed with one of these keys may contain code; others must contain none.
        case sealed(by: [SealKey])
    }

    /// An archive or a plain dump, of granary or of pg_dump.
    package var file: String
    /// The database to restore into, instead of the one that the connection names.
    package var into: String?
    /// Restores inside the database itself, in one session and one transaction, for servers that do not grant CREATEDB.
    package var inPlace = false
    /// For a restore in place: whether the database was made for it, so that it has neither a marker nor a log to keep.
    package var targetIsNew = false
    package var jobs = 2
    /// Names or patterns, as for all options that choose objects.
    package var schemas: [String] = []
    package var tables: [TableSelection] = []
    package var excludedSchemas: [String] = []
    package var excludedTables: [String] = []
    /// Tables that are created without rows.
    package var tablesWithoutData: [String] = []
    package var rows: Rows?
    package var dataOnly = false
    /// With `dataOnly`: loads only into empty tables, and refuses if one of them holds a row.
    package var ifEmpty = false
    package var noOwner = false
    /// Creates the roles of the archive that the server lacks.
    package var createsRoles = false
    /// Executes no GRANT and no REVOKE.
    package var noPrivileges = false
    /// Creates everything in the default tablespace.
    package var noTablespaces = false
    /// Roles of the archive, and the roles of the server to use instead.
    package var roleMap: [String: String] = [:]
    /// Drops the old database after the swap instead of keeping it.
    package var dropOld = false
    /// Leaves constraints NOT VALID that rows violate, instead of failing.
    package var allowInvalid = false
    /// Leaves out every object that holds no rows and cannot be created, and lists it.
    package var keepGoing = false
    /// Restores a plain dump in place, or drops the old database, even if nothing tells whether the dump is complete;
    /// and restores one that was cut off into a new database.
    package var allowIncomplete = false
    /// The database to restore, if a plain dump contains several.
    package var database: String?
    /// The encoding of a plain dump that does not set its own.
    package var encoding: String?
    /// Ends sessions that are connected to the target.
    package var force = false
    /// Several workers load a table that has more COPY text than this, chunk by chunk.
    package var splitBytes = 64 << 20
    /// Skips ANALYZE at the end.
    package var withoutAnalyze = false
    /// Restores subscriptions too.
    package var withSubscriptions = false
    /// Leaves materialized views empty that read foreign tables, and lists them.
    package var withoutForeignRows = false
    /// Whose archives may contain code.
    package var trust = Trust.anyone
    /// The database to connect to while the target is renamed; nil tries `postgres` and `template1`.
    package var maintenanceDatabase: String?

    /// The schema of granary's own tables. The target keeps its marker and its log.
    package var stateSchema = "granary"
    /// The schemas of services that files declare.
    package var services: [String: [String]] = [:]
    /// The environment that a new database is marked with; nil leaves it unmarked.
    package var environment: String?

    /// Whether rows may violate constraints, and materialized views may stay unpopulated.
    package var allowsInvalid: Bool { allowInvalid || keepGoing }

    package init(file: String) { self.file = file }
}
