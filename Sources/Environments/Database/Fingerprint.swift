package import PostgresClient

/// Which database this is, among all: the server's system identifier and the database's oid, as `7123…/16384`.
///
/// A database made from a template, from a dump or by a restore has another one. A copy of a whole data folder has the
/// same: nothing inside the server tells the two apart.
package struct Fingerprint: Sendable, Hashable, CustomStringConvertible {
    /// `system_identifier` of `pg_control_system()`; nil where the role may not ask.
    package var system: String?
    package var database: UInt32

    package init(system: String?, database: UInt32) {
        self.system = system
        self.database = database
    }

    /// The text that a marker keeps; nil where it is none of ours.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let database = UInt32(parts[1]) else { return nil }
        self.init(system: parts[0] == "-" ? nil : String(parts[0]), database: database)
    }

    package var description: String { "\(system ?? "-")/\(database)" }

    /// Whether both are of one database, as far as both know.
    package func matches(_ other: Fingerprint) -> Bool {
        guard database == other.database else { return false }
        guard let system, let otherSystem = other.system else { return true }
        return system == otherSystem
    }

    /// Of the session's own database. `pg_control_system()` is open to everyone unless a provider has closed it.
    package init(of session: borrowing Session) throws {
        let row = try session.query(
            """
            SELECT d.oid, pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may
            FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
            """
        )[0]
        var system: String?
        if row.bool("may") {
            system = try session.query("SELECT system_identifier FROM pg_catalog.pg_control_system()")[0][
                "system_identifier"
            ]
        }
        self.init(system: system, database: row.oid("oid"))
    }
}
