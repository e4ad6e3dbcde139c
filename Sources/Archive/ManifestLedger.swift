extension Manifest {
    /// The applied migrations of a service, so that they can be restored together with the service's schemas.
    package struct ServiceLedger: Codable, Sendable, Equatable {
        package var service: String
        /// The schemas of the service, including those that are not in the archive.
        package var schemas: [String]
        /// In the order of application; empty if none is applied.
        package var migrations: [AppliedMigration]
        /// Log entries that later runs need: the adopted table of another tool, and interrupted runs.
        package var log: [LogEntry]

        package init(
            service: String,
            schemas: [String],
            migrations: [AppliedMigration] = [],
            log: [LogEntry] = []
        ) {
            self.service = service
            self.schemas = schemas
            self.migrations = migrations
            self.log = log
        }

        /// The highest applied version.
        package var version: Int? { migrations.map(\.version).max() }
    }

    /// A row of the ledger.
    package struct AppliedMigration: Codable, Sendable, Equatable {
        package var version: Int
        package var name: String
        /// The environment whose folder its file was in; empty for the base.
        package var layer: String
        package var upSHA256: String?
        package var downSHA256: String?
        /// The text of the down file when the migration was applied.
        package var downSQL: String?
        package var verified: Bool
        /// RFC 3339, UTC, with microseconds.
        package var appliedAt: String
        package var appliedBy: String
        package var milliseconds: Int?
        /// Its dependencies in other services.
        package var requires: [String]

        package init(
            version: Int,
            name: String,
            layer: String = "",
            upSHA256: String? = nil,
            downSHA256: String? = nil,
            downSQL: String? = nil,
            verified: Bool,
            appliedAt: String,
            appliedBy: String,
            milliseconds: Int? = nil,
            requires: [String] = []
        ) {
            self.version = version
            self.name = name
            self.layer = layer
            self.upSHA256 = upSHA256
            self.downSHA256 = downSHA256
            self.downSQL = downSQL
            self.verified = verified
            self.appliedAt = appliedAt
            self.appliedBy = appliedBy
            self.milliseconds = milliseconds
            self.requires = requires
        }
    }

    /// An entry of the log of migrations.
    package struct LogEntry: Codable, Sendable, Equatable {
        package var version: Int?
        package var name: String
        package var event: String
        package var layer: String
        package var sha256: String?
        package var actor: String
        /// RFC 3339, UTC, with microseconds.
        package var startedAt: String
        package var outcome: String
        package var statementsDone: Int?
        package var statementsTotal: Int?
        package var wrapped: Bool
        package var sqlState: String?
        package var note: String?

        package init(
            version: Int? = nil,
            name: String = "",
            event: String,
            layer: String = "",
            sha256: String? = nil,
            actor: String,
            startedAt: String,
            outcome: String,
            statementsDone: Int? = nil,
            statementsTotal: Int? = nil,
            wrapped: Bool = true,
            sqlState: String? = nil,
            note: String? = nil
        ) {
            self.version = version
            self.name = name
            self.event = event
            self.layer = layer
            self.sha256 = sha256
            self.actor = actor
            self.startedAt = startedAt
            self.outcome = outcome
            self.statementsDone = statementsDone
            self.statementsTotal = statementsTotal
            self.wrapped = wrapped
            self.sqlState = sqlState
            self.note = note
        }
    }
}
