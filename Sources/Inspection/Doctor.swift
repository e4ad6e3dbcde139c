package import Bookkeeping
internal import PostgresClient

/// Judges the facts about programs, database and folders. The caller collects them.
package struct Doctor: Sendable {
    package enum Verdict: String, Sendable {
        case good = "ok"
        /// A remark; nothing is wrong.
        case note
        case problem
    }

    package struct Check: Sendable, Equatable {
        package var name: String
        package var verdict: Verdict
        package var detail: String
        /// A command that fixes the problem, or that a note recommends.
        package var remedy: String?

        package init(_ name: String, _ verdict: Verdict, _ detail: String, remedy: String? = nil) {
            self.name = name
            self.verdict = verdict
            self.detail = detail
            self.remedy = remedy
        }
    }

    /// Facts about a database and the current role.
    package struct DatabaseFacts: Sendable, Equatable {
        package var place: String
        package var database: String
        package var user: String
        package var serverVersion: Int
        package var serverVersionText: String
        package var isSuperuser: Bool
        package var mayCreateDatabases: Bool
        package var bypassesRowSecurity: Bool
        package var ownsDatabase: Bool
        package var isStandby: Bool
        package var bytes: Int
        /// Tables with rows that a policy hides from this role.
        package var hiddenTables: Int
        package var unreadableTables: Int
        /// Tables in other schemas than the service's, if it has some.
        package var unreadableElsewhere: Int
        package var marker: MarkerState
        /// Whether there is a marker's table that this role may not read.
        package var markerIsHidden = false
        package var isEmpty: Bool
        package var hasStateSchema: Bool
        /// The faults of granary's own tables, and how to fix them.
        package var stateTrouble: [Trouble] = []
        /// nil if there is no ledger, or the role may not read it.
        package var appliedMigrations: Int?
        /// Ledgers of other tools with entries, unless they are recorded as another service's.
        package var otherLedgers: [OtherLedger] = []
        /// The schema of granary's tables, if it has the name of the role, and unqualified names lead there.
        package var namesake: String?
        /// Tables that Citus distributes over nodes.
        package var distributedTables = 0
        /// Migrations of which a part is in the database, and how much of each.
        package var brokenOff: [String] = []
    }

    package struct Trouble: Sendable, Equatable {
        package var detail: String
        package var remedy: String

        package init(_ detail: String, remedy: String) {
            self.detail = detail
            self.remedy = remedy
        }
    }

    package struct Folder: Sendable, Equatable {
        package var purpose: String
        package var path: String
        package var exists: Bool
        package var isWritable: Bool

        package init(purpose: String, path: String, exists: Bool, isWritable: Bool) {
            self.purpose = purpose
            self.path = path
            self.exists = exists
            self.isWritable = isWritable
        }
    }
}

// Judgement.
extension Doctor {
    /// The database, and the rights of the role in it.
    ///
    /// - Parameters:
    ///   - environment: The chosen one, for the command that marks the database.
    ///   - isLocal: On granary's own server, which marks itself.
    package static func judge(_ facts: DatabaseFacts, environment: String?, isLocal: Bool) -> [Check] {
        [
            Check(
                "database",
                .good,
                "\(facts.database) at \(facts.place) as \(facts.user)" + (facts.isStandby ? ", a standby" : "")
            ),
            facts.serverVersion >= 120_000
                ? Check("server", .good, "PostgreSQL \(facts.serverVersionText)")
                : Check(
                    "server",
                    .problem,
                    "PostgreSQL \(facts.serverVersionText) is older than 12",
                    remedy: "upgrade the server to PostgreSQL 12 or newer"
                ),
            rights(facts),
        ] + namesake(facts) + distribution(facts) + rows(facts) + [marker(facts, environment, isLocal)]
            + (facts.stateTrouble.isEmpty
                ? [ledger(facts)] : facts.stateTrouble.map { Check("ledger", .problem, $0.detail, remedy: $0.remedy) })
            + otherLedgers(facts)
    }

    /// Finds out whether another tool migrates this database, or used to.
    private static func otherLedgers(_ facts: DatabaseFacts) -> [Check] {
        facts.otherLedgers.map { ledger in
            // The first migration has been applied, so the question was decided already.
            guard facts.appliedMigrations ?? 0 == 0 else { return Check("other tool", .note, ledger.sentence) }
            return Check(
                "other tool",
                .problem,
                "\(ledger.sentence), but granary's ledger is empty",
                remedy: "granary migrate status shows how to continue"
            )
        }
    }

    private static func rights(_ facts: DatabaseFacts) -> Check {
        if facts.isSuperuser { return Check("rights", .good, "superuser") }
        let owner = facts.ownsDatabase ? "owner of the database" : "not the owner of the database"
        if facts.mayCreateDatabases { return Check("rights", .good, "CREATEDB, \(owner)") }
        return Check(
            "rights",
            .note,
            "no CREATEDB, \(owner): a restore can only work in place",
            remedy:
                "granary restore FILE --in-place, or as a superuser: ALTER ROLE \(QuotedText.name(facts.user)) CREATEDB"
        )
    }

    /// A table that a migration creates without naming a schema would be in granary's own, which no clean empties.
    private static func namesake(_ facts: DatabaseFacts) -> [Check] {
        guard let schema = facts.namesake else { return [] }
        return [
            Check(
                "search path",
                .note,
                """
                unqualified names mean the schema \(schema) of granary's own tables, because the role has the same name
                """,
                remedy: "ALTER ROLE \(QuotedText.name(schema)) SET search_path = public, or use another role"
            )
        ]
    }

    private static func distribution(_ facts: DatabaseFacts) -> [Check] {
        guard facts.distributedTables > 0 else { return [] }
        return [
            Check(
                "citus",
                .note,
                """
                Citus distributes \(facts.distributedTables) of the tables: a backup reads them at one moment if it reaches \
                all nodes, and may lock the catalogs of Citus there
                """,
                remedy: "back up as a superuser; without the locks, stop writers during a backup"
            )
        ]
    }

    /// Finds rows that a backup could not read. A backup fails because of them.
    private static func rows(_ facts: DatabaseFacts) -> [Check] {
        let name = QuotedText.name(facts.user)
        var checks: [Check] = []
        if facts.unreadableTables > 0 {
            checks.append(
                Check(
                    "rows",
                    .problem,
                    "\(facts.unreadableTables) of the tables cannot be read by \(facts.user): a complete backup is not possible",
                    remedy: "as a superuser: GRANT pg_read_all_data TO \(name)"
                )
            )
        }
        if facts.hiddenTables > 0, !facts.bypassesRowSecurity {
            checks.append(
                Check(
                    "rows",
                    .problem,
                    "row security hides rows of \(facts.hiddenTables) tables from \(facts.user): a backup refuses them",
                    remedy: "as a superuser: ALTER ROLE \(name) BYPASSRLS"
                )
            )
        }
        if facts.unreadableElsewhere > 0 {
            checks.append(
                Check(
                    "rows",
                    .note,
                    "\(facts.unreadableElsewhere) tables of other schemas cannot be read by \(facts.user): only the service can be backed up",
                    remedy: "granary backup --service NAME, or as a superuser: GRANT pg_read_all_data TO \(name)"
                )
            )
        }
        return checks.isEmpty ? [Check("rows", .good, "all tables can be read")] : checks
    }

    private static func marker(_ facts: DatabaseFacts, _ environment: String?, _ isLocal: Bool) -> Check {
        let name = environment ?? "NAME"
        guard !facts.markerIsHidden else {
            return Check(
                "marker",
                .problem,
                "\(facts.user) has no right to read the marker: nothing is written to the database",
                remedy: "as the database's owner: granary init --grant \(QuotedText.shellWord(facts.user))"
            )
        }
        switch facts.marker {
        case .marked(let marked) where environment != nil && environment != marked:
            return Check(
                "marker",
                .problem,
                "the database is marked \(marked), but \(name) was chosen",
                remedy: "choose --env \(marked), or: granary env mark \(name) --force"
            )
        case .marked(let marked): return Check("marker", .good, marked)
        case .copy(let original):
            return Check(
                "marker",
                .problem,
                "an unmarked copy of \(original): nothing is written to it",
                remedy: "granary env mark \(name)"
            )
        case .unmarked where facts.isEmpty || isLocal:
            return Check("marker", .note, "not marked yet; the first command that writes marks it")
        case .unmarked:
            return Check(
                "marker",
                .problem,
                "the database is not marked: nothing is written to it",
                remedy: "granary env mark \(name)"
            )
        }
    }

    private static func ledger(_ facts: DatabaseFacts) -> Check {
        guard facts.brokenOff.isEmpty else {
            let list = facts.brokenOff.joined(separator: "; ")
            return Check("ledger", .problem, list, remedy: "granary migrate repair")
        }
        if let applied = facts.appliedMigrations {
            return Check("ledger", .good, "\(counted(applied, "migration", isGrouped: false)) applied")
        }
        return facts.hasStateSchema
            ? Check(
                "ledger",
                .problem,
                "\(facts.user) has no right to read the ledger",
                remedy: "as the database's owner: granary init --grant \(QuotedText.shellWord(facts.user))"
            )
            : Check("ledger", .note, "there is none yet", remedy: "granary migrate up")
    }

    /// Compares the version of pg_dump with the server's. `found` is nil if there is no suitable one.
    package static func judgePgDump(_ found: (path: String, major: Int)?, server: Int?, reason: String?) -> Check {
        guard let found else {
            let wanted = server.map { "-\($0 / 10000)" } ?? ""
            return Check(
                "pg_dump",
                .problem,
                reason ?? "not found",
                remedy: "apt-get install postgresql-client\(wanted)"
            )
        }
        guard let server, found.major > server / 10000 else {
            return Check("pg_dump", .good, "\(found.major) (\(found.path))")
        }
        return Check(
            "pg_dump",
            .note,
            "\(found.major) (\(found.path)) is newer than the server: servers of this version may not understand its dumps",
            remedy: "apt-get install postgresql-client-\(server / 10000)"
        )
    }

    package static func judge(_ folder: Folder) -> Check {
        let name = folder.purpose
        if !folder.exists {
            return Check(name, .note, "the folder \(folder.path) does not exist", remedy: "granary init")
        }
        guard folder.isWritable else {
            return Check(
                name,
                name == "backups" ? .problem : .note,
                "the folder \(folder.path) may not be written to",
                remedy: "chmod u+w \(folder.path)"
            )
        }
        return Check(name, .good, folder.path)
    }

    /// The disk of the backups. A backup takes about a third of its database's size.
    ///
    /// - Parameter sizes: Formats a size.
    package static func judgeDisk(free: Int?, database: Int?, sizes: (Int) -> String) -> Check {
        guard let free else { return Check("disk", .note, "its free space is unknown") }
        let detail = "\(sizes(free)) free" + (database.map { ", the database has \(sizes($0))" } ?? "")
        guard free < (database ?? 0) / 3 else { return Check("disk", .good, detail) }
        return Check(
            "disk",
            .problem,
            "\(detail): a backup may not fit",
            remedy:
                "granary backups prune --keep-last 3 --dry-run shows what can be deleted; or use another folder with --backups"
        )
    }
}
