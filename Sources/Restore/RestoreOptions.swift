package import Archive

/// What to restore, where to, and how.
package struct RestoreOptions: Sendable {
    /// A table of the archive, and the name it gets.
    package struct TableSelection: Sendable, Equatable {
        /// `schema.table` or `table`.
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
    package var schemas: [String] = []
    package var tables: [TableSelection] = []
    package var rows: Rows?
    package var dataOnly = false
    /// With `dataOnly`: into empty tables, and refused when one of them holds a row.
    package var ifEmpty = false
    package var noOwner = false
    /// Names of roles in the archive to names on the server.
    package var roleMap: [String: String] = [:]
    /// Drops the old database after the swap instead of keeping it.
    package var dropOld = false
    /// Leaves constraints that the rows violate NOT VALID instead of failing.
    package var allowInvalid = false
    /// Restores a plain dump in place, or drops the old database for it, though nothing tells whether the dump is whole;
    /// and one that is cut off, into a new database.
    package var allowIncomplete = false
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

    package init(file: String) { self.file = file }
}

/// What a restore came to.
package struct RestoreReport: Sendable, Equatable {
    package var database: String
    package var rows: Int
    package var tables: Int
    package var seconds: Double
    /// The new database took the place of an old one.
    package var swapped: Bool
    /// The name under which the old database was kept.
    package var kept: String?
    package var keptBytes: Int?
    /// Constraints that were left NOT VALID (`allowInvalid`).
    package var invalid: [String]
    /// What a person should know.
    package var notes: [String]
    /// The services of which something else is applied now than before.
    package var rewinds: [ServiceRewind] = []
    /// Whether the file was whole; nil for a plain dump that does not tell.
    package var isComplete: Bool? = true
}

/// What a restore would do, for `--plan`.
package struct RestorePlanReport: Sendable, Equatable {
    package var database: String
    /// Sentences in the order of what would happen.
    package var steps: [String]
    package var tables: Int
    package var rows: Int
    package var rawBytes: Int
    /// What would make it fail, each a sentence with its way out.
    package var obstacles: [String]
    /// The services of which something else would be applied than now.
    package var rewinds: [ServiceRewind] = []
    /// The environment that the archive is a backup of; nil if it does not say, as no plain dump does.
    package var environment: String?
    /// Whether the file is whole; nil for a plain dump that does not tell.
    package var isComplete: Bool? = true
    /// What a restore would throw because the file is not whole.
    package var refusal: RestoreError?
    /// Whether the archive has a seal of ours; nil for a plain dump, which can have none.
    package var isSealed: Bool?
    /// What would run; nil where nobody asked, because the archive is our own.
    package var code: CodeInventory?
}

/// What a restore says while it runs.
package enum RestoreProgress: Sendable {
    /// A phase begins, such as "loading rows".
    case phase(String)
    /// What is about to be loaded: tables and bytes of COPY text.
    case planned(tables: Int, bytes: Int)
    case started(table: String)
    /// Rows and bytes that the server took since the last such event.
    case advanced(table: String, rows: Int, bytes: Int)
    case finished(table: String, rows: Int, bytes: Int)
    /// An index, a constraint or another object was made: how many of how many.
    case made(object: String, number: Int, of: Int)
}
