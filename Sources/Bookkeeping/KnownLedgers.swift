/// The tables in which other tools record the migrations they have applied, by name and columns.
///
/// This is the only such list. Migrations refuse to run beside such a table unless asked to, cleaning does not empty
/// it, and no rows are generated into it.
package enum KnownLedgers {
    /// The use of a ledger.
    package enum Purpose: Sendable, Equatable {
        /// It lists the migrations that a tool has applied to the application's own tables.
        case migrations
        /// It belongs to a library, which migrates its own tables.
        case library
        /// A lock or notes beside a ledger.
        case companion
    }

    /// The names and columns of a tool's ledger.
    struct Shape: Sendable {
        var tool: String
        /// In lower case, like all names here.
        var names: [String]
        /// Columns that it has among others, each with its type if that matters: `version int8`.
        var columns: [String] = []
        /// Whether it has these columns and no others.
        var isExact = false
        /// Whether the columns are sufficient to recognize it, with any table name.
        var isKnownByColumns = false
        /// The schema that the tool creates; if set, only tables in it count.
        var schema: String?
        var purpose = Purpose.migrations
        /// Whether its migrations are SQL files that can be found by the entries of the ledger.
        var isOfSQLFiles = false
        /// How to read its entries.
        var reading = Reading()

        func fits(schema: String, name: String, columns: Set<String>) -> Bool {
            if let own = self.schema, own != schema { return false }
            guard isKnownByColumns || names.contains(name) else { return false }
            guard Set(self.columns).isSubset(of: columns) else { return false }
            guard isExact else { return true }
            // The set contains each column twice: by its name, and with its type.
            return columns.count == 2 * self.columns.count
        }
    }

    /// SQL expressions over the rows of a ledger; `t` is the table.
    struct Reading: Sendable, Equatable {
        /// The name or number of an entry; nil if the ledger only has their count.
        var entry: String?
        /// The name of the entry's file or folder, if the ledger has it.
        var file: String?
        /// Whether the entry means that everything up to it existed before the tool was introduced.
        var isBaseline: String?
        /// A value that increases with each entry.
        var order: String?
        /// The rows that mean that something was applied.
        var condition = "true"
        /// Whether the last run was interrupted.
        var isDirty: String?
        /// Whether a single row holds the version of the database.
        var isOneRow = false
    }

    /// - Parameters:
    ///   - columns: The table's columns with their types, as `pg_type` names them: `version int8`.
    ///   - exactly: Whether the case of column names matters, as it does for the tools that read them.
    static func shape(schema: String, name: String, columns: [String], exactly: Bool = false) -> Shape? {
        let columns = exactly ? columns : columns.map { $0.lowercased() }
        let names = columns.map { column in
            column.lastIndex(of: " ").map { String(column[..<$0]) } ?? column
        }
        let known = Set(columns).union(names)
        return shapes.first { $0.fits(schema: schema, name: name.lowercased(), columns: known) }
    }

    /// The shape of a table that the user has named as a ledger. Several tools let their users choose its name.
    static func shape(chosen columns: [String]) -> Shape? {
        let names = Set(columns)
        return chosenByColumns.first { $0.columns.count == columns.count && Set($0.columns) == names }
    }

    /// Whether a table belongs to golang-migrate. Only its columns decide.
    static func isGolangMigrates(_ columns: [String]) -> Bool { Set(columns) == Set(golangMigrate.columns) }

    /// The tool of a table whose name alone is sufficient, because no other table is called so.
    package static func tool(of name: String) -> String? {
        let name = name.lowercased()
        return shapes.first { $0.names.contains(name) && $0.columns.isEmpty && $0.schema == nil }?.tool
    }

    /// The tool of an adopted ledger. It cannot be Rails, whose migrations are not SQL.
    package static func adoptedName(of tool: String) -> String { tool == dbmateOrRails ? "dbmate" : tool }

    static var names: [String] { Array(Set(shapes.flatMap(\.names))).sorted() }

    /// Columns that identify a ledger with any name.
    static var tellingColumns: [String] {
        ["dirty", "version_id", "installed_rank", "version_num", "applied_steps_count", "orderexecuted"]
    }

    /// The first match counts.
    static let shapes: [Shape] = exactShapes + schemaMigrations + byName

    private static let golangMigrate = Shape(
        tool: "golang-migrate",
        names: [],
        columns: ["version int8", "dirty bool"],
        isExact: true,
        isKnownByColumns: true,
        isOfSQLFiles: true,
        reading: Reading(
            entry: "t.version::pg_catalog.text",
            order: "t.version",
            isDirty: "t.dirty",
            isOneRow: true
        )
    )

    /// Tools whose table may have any name, and has columns that no other table has.
    private static let exactShapes: [Shape] = [
        golangMigrate,
        Shape(
            tool: "goose",
            names: [],
            columns: ["id", "version_id int8", "is_applied bool", "tstamp"],
            isKnownByColumns: true,
            isOfSQLFiles: true,
            reading: Reading(
                entry: "t.version_id::pg_catalog.text",
                order: "t.version_id",
                // The last row of a version counts. Version 0 exists from the beginning.
                condition: """
                    t.version_id > 0 AND t.is_applied
                    AND t.id = (SELECT pg_catalog.max(u.id) FROM ONLY TABLE_NAME u WHERE u.version_id = t.version_id)
                    """
            )
        ),
        Shape(
            tool: "Flyway",
            names: [],
            columns: ["installed_rank", "version", "script", "checksum", "success bool", "type"],
            isKnownByColumns: true,
            isOfSQLFiles: true,
            reading: Reading(
                entry: "coalesce(t.version::pg_catalog.text, t.script::pg_catalog.text)",
                file: "t.script::pg_catalog.text",
                isBaseline: "t.type::pg_catalog.text IN ('BASELINE', 'SQL_BASELINE')",
                order: "(t.version IS NOT NULL), t.installed_rank",
                // The last row of a version counts. Of repeatable files, which have no version, the last row of the
                // file counts.
                condition: """
                    t.type::pg_catalog.text NOT IN ('SCHEMA', 'DELETE') AND t.type::pg_catalog.text NOT LIKE 'UNDO%'
                    AND t.installed_rank = (SELECT pg_catalog.max(u.installed_rank) FROM ONLY TABLE_NAME u
                        WHERE u.version IS NOT DISTINCT FROM t.version
                            AND (t.version IS NOT NULL OR u.script = t.script))
                    """,
                isDirty: "NOT t.success"
            )
        ),
        Shape(
            tool: "Alembic",
            names: [],
            columns: ["version_num"],
            isExact: true,
            isKnownByColumns: true,
            reading: Reading(entry: "t.version_num::pg_catalog.text", order: "t.version_num", isOneRow: true)
        ),
        Shape(
            tool: "Prisma",
            names: [],
            columns: ["migration_name", "finished_at", "rolled_back_at", "started_at", "applied_steps_count"],
            isKnownByColumns: true,
            isOfSQLFiles: true,
            reading: Reading(
                entry: "t.migration_name::pg_catalog.text",
                file: "t.migration_name::pg_catalog.text",
                order: "t.started_at",
                condition: "t.rolled_back_at IS NULL",
                isDirty: "t.finished_at IS NULL"
            )
        ),
        Shape(
            tool: "Liquibase",
            names: [],
            columns: ["id", "author", "filename", "dateexecuted", "orderexecuted", "exectype"],
            isKnownByColumns: true,
            reading: Reading(entry: "t.id::pg_catalog.text", order: "t.orderexecuted")
        ),
    ]

    /// A name that many tools use.
    private static let schemaMigrations: [Shape] = [
        Shape(
            tool: "Ecto",
            names: ["schema_migrations"],
            columns: ["version int8", "inserted_at"],
            reading: Reading(entry: "t.version::pg_catalog.text", order: "t.version")
        ),
        Shape(
            tool: "Migratus",
            names: ["schema_migrations"],
            columns: ["id int8", "applied", "description"],
            reading: Reading(entry: "t.id::pg_catalog.text", order: "t.id")
        ),
        Shape(
            tool: "golang-migrate",
            names: ["schema_migrations"],
            columns: ["version", "dirty"],
            reading: Reading(
                entry: "t.version::pg_catalog.text",
                order: "t.version",
                isDirty: "t.dirty::pg_catalog.text IN ('true', '1')",
                isOneRow: true
            )
        ),
        Shape(
            tool: dbmateOrRails,
            names: ["schema_migrations"],
            columns: ["version"],
            isOfSQLFiles: true,
            reading: dbmateReading
        ),
        // With any columns.
        Shape(tool: "golang-migrate, dbmate or Rails", names: ["schema_migrations"]),
    ]

    /// The table of Rails has the same name and columns, and is accompanied by `ar_internal_metadata`.
    static let dbmateOrRails = "dbmate or Rails"

    private static let dbmateReading = Reading(
        entry: "t.version::pg_catalog.text",
        order: "pg_catalog.length(t.version::pg_catalog.text), t.version"
    )

    private static let sqlMigrateReading = Reading(
        entry: "t.id::pg_catalog.text",
        file: "t.id::pg_catalog.text",
        order: "t.applied_at, t.id"
    )

    /// Recognized by all of their columns.
    private static let chosenByColumns: [Shape] = [
        Shape(tool: "dbmate", names: [], columns: ["version varchar"], isOfSQLFiles: true, reading: dbmateReading),
        Shape(
            tool: "sql-migrate",
            names: [],
            columns: ["id text", "applied_at timestamptz"],
            isOfSQLFiles: true,
            reading: sqlMigrateReading
        ),
    ]

    /// An entry is named by a column. Entries are ordered by a key.
    private static func rows(_ entry: String, by order: String, where condition: String = "true") -> Reading {
        Reading(entry: "t.\(entry)::pg_catalog.text", order: "t.\(order)", condition: condition)
    }

    private static let byName: [Shape] = [
        Shape(tool: "Rails", names: ["ar_internal_metadata"], purpose: .companion),
        Shape(tool: "Flyway", names: ["flyway_schema_history"]),
        Shape(tool: "Flyway", names: ["schema_version"], columns: ["version", "script", "success"]),
        Shape(
            tool: "tern",
            names: ["schema_version"],
            columns: ["version int4"],
            isExact: true,
            reading: Reading(
                entry: "t.version::pg_catalog.text",
                order: "t.version",
                condition: "t.version > 0",
                isOneRow: true
            )
        ),
        Shape(tool: "goose", names: ["goose_db_version"]),
        Shape(tool: "Alembic", names: ["alembic_version"]),
        Shape(tool: "Liquibase", names: ["databasechangelog"]),
        Shape(tool: "Liquibase", names: ["databasechangeloglock"], purpose: .companion),
        Shape(tool: "Prisma", names: ["_prisma_migrations"]),
        Shape(
            tool: "SQLx",
            names: ["_sqlx_migrations"],
            columns: ["version", "success bool"],
            isOfSQLFiles: true,
            reading: Reading(entry: "t.version::pg_catalog.text", order: "t.version", isDirty: "NOT t.success")
        ),
        Shape(tool: "SQLx", names: ["_sqlx_migrations"]),
        Shape(tool: "Entity Framework", names: ["__efmigrationshistory"]),
        Shape(
            tool: "Django",
            names: ["django_migrations"],
            columns: ["app", "name", "id"],
            reading: rows("name", by: "id")
        ),
        Shape(tool: "Django", names: ["django_migrations"]),
        Shape(
            tool: "Knex",
            names: ["knex_migrations"],
            columns: ["id", "name"],
            reading: rows("name", by: "id")
        ),
        Shape(tool: "Knex", names: ["knex_migrations"]),
        Shape(tool: "Knex", names: ["knex_migrations_lock"], purpose: .companion),
        Shape(tool: "AdonisJS", names: ["adonis_schema"], columns: ["name", "batch"], reading: rows("name", by: "id")),
        Shape(tool: "AdonisJS", names: ["adonis_schema_versions"], columns: ["version"], purpose: .companion),
        Shape(tool: "Drizzle", names: ["__drizzle_migrations"]),
        Shape(tool: "Sequelize", names: ["sequelizemeta"], columns: ["name"], reading: rows("name", by: "name")),
        Shape(tool: "Sequelize", names: ["sequelizemeta"]),
        Shape(tool: "Kysely", names: ["kysely_migration"]),
        Shape(tool: "Kysely", names: ["kysely_migration_lock"], purpose: .companion),
        Shape(tool: "node-pg-migrate", names: ["pgmigrations"]),
        Shape(tool: "MikroORM", names: ["mikro_orm_migrations"]),
        Shape(tool: "Diesel", names: ["__diesel_schema_migrations"]),
        Shape(tool: "refinery", names: ["refinery_schema_history"]),
        Shape(tool: "SeaORM", names: ["seaql_migrations"]),
        Shape(tool: "Atlas", names: ["atlas_schema_revisions"]),
        Shape(
            tool: "sql-migrate",
            names: ["gorp_migrations"],
            columns: ["id", "applied_at"],
            isOfSQLFiles: true,
            reading: sqlMigrateReading
        ),
        Shape(tool: "sql-migrate", names: ["gorp_migrations"]),
        Shape(tool: "Bun", names: ["bun_migrations"]),
        Shape(tool: "Bun", names: ["bun_migration_locks"], purpose: .companion),
        Shape(tool: "Phinx", names: ["phinxlog"]),
        Shape(tool: "Doctrine", names: ["doctrine_migration_versions"]),
        Shape(tool: "Doctrine", names: ["migration_versions"], columns: ["version", "executed_at"]),
        Shape(tool: "yoyo", names: ["_yoyo_migration", "_yoyo_migrations"]),
        Shape(tool: "yoyo", names: ["_yoyo_log", "_yoyo_version", "yoyo_lock"], purpose: .companion),
        Shape(tool: "Fluent", names: ["_fluent_migrations"]),
        Shape(
            tool: "pop",
            names: ["schema_migration"],
            columns: ["version", "version_self"],
            reading: rows("version", by: "version")
        ),
        Shape(
            tool: "pop",
            names: ["schema_migration"],
            columns: ["version"],
            isExact: true,
            reading: rows("version", by: "version")
        ),
        Shape(
            tool: "go-pg",
            names: ["gopg_migrations"],
            columns: ["id", "version"],
            reading: Reading(
                entry: "t.version::pg_catalog.text",
                order: "t.id",
                condition: "t.version > 0",
                isOneRow: true
            )
        ),
        Shape(tool: "go-pg", names: ["gopg_migrations"]),
        Shape(
            tool: "morph",
            names: ["db_migrations"],
            columns: ["version", "name"],
            reading: rows("version", by: "version")
        ),
        Shape(tool: "River", names: ["river_migration"], purpose: .library),
        Shape(tool: "Strapi", names: ["strapi_migrations", "strapi_migrations_internal"], purpose: .library),
        Shape(tool: "Directus", names: ["directus_migrations"], purpose: .library),
        Shape(tool: "Payload", names: ["payload_migrations"]),
        Shape(tool: "Play", names: ["play_evolutions"], columns: ["apply_script", "revert_script"]),
        Shape(tool: "Play", names: ["play_evolutions_lock"], purpose: .companion),
        Shape(tool: "DbUp", names: ["schemaversions"], columns: ["scriptname", "applied"]),
        Shape(tool: "FluentMigrator", names: ["versioninfo"], columns: ["version", "appliedon"]),
        Shape(tool: "MyBatis Migrations", names: ["changelog"], columns: ["id", "applied_at", "description"]),
        Shape(tool: "Postgrator", names: ["schemaversion"], columns: ["version", "name", "md5", "run_at"]),
        Shape(tool: "peewee-migrate", names: ["migratehistory"], columns: ["name", "migrated_at"]),
        Shape(tool: "Aerich", names: ["aerich"], columns: ["version", "app", "content"]),
        Shape(tool: "Yii", names: ["migration"], columns: ["version", "apply_time"]),
        Shape(tool: "Darwin", names: ["darwin_migrations"], columns: ["version", "checksum"]),
        Shape(tool: "lapis", names: ["lapis_migrations"], columns: ["name"]),
        Shape(tool: "pgroll", names: ["pgroll_migrations"]),
        Shape(tool: "pgroll", names: ["migrations"], columns: ["schema", "migration"], schema: "pgroll"),
        Shape(tool: "Graphile Migrate", names: ["migrations"], columns: ["hash"], schema: "graphile_migrate"),
        Shape(tool: "Graphile Migrate", names: ["current"], schema: "graphile_migrate", purpose: .companion),
        Shape(
            tool: "Graphile Worker",
            names: ["migrations"],
            columns: ["id", "ts"],
            schema: "graphile_worker",
            purpose: .library
        ),
        Shape(tool: "Sqitch", names: ["changes"], columns: ["change_id", "change"], schema: "sqitch"),
        Shape(
            tool: "Sqitch",
            names: ["dependencies", "events", "projects", "releases", "tags"],
            schema: "sqitch",
            purpose: .companion
        ),
        // Applications may also have a table with this common name.
        Shape(
            tool: "Laravel",
            names: ["migrations"],
            columns: ["migration", "batch"],
            reading: Reading(entry: "t.migration::pg_catalog.text", order: "t.batch")
        ),
        Shape(
            tool: "TypeORM",
            names: ["migrations", "typeorm_migrations", "migrations_typeorm", "migration"],
            columns: ["id", "timestamp", "name"],
            isExact: true,
            reading: rows("name", by: "id")
        ),
        Shape(
            tool: "postgres-migrations",
            names: ["migrations"],
            columns: ["id", "name", "hash", "executed_at"],
            reading: rows("name", by: "id")
        ),
        Shape(
            tool: "db-migrate",
            names: ["migrations"],
            columns: ["id", "name", "run_on"],
            reading: rows("name", by: "id")
        ),
    ]
}
