/// Tables in which migrators keep what is applied. A schema without its ledger is one that nobody can migrate any more.
enum KnownLedgers {
    /// Whose table it is; nil for one of a user's.
    ///
    /// - Parameter columns: The table's columns, where its name alone does not tell.
    static func owner(of table: String, columns: [String]) -> String? {
        let name = table.lowercased()
        if let owner = owners[name] { return owner }
        guard name == "migrations" else { return nil }
        // A word that anybody may use for a table of theirs.
        if Set(["migration", "batch"]).isSubset(of: columns) { return "Laravel" }
        return Set(["timestamp", "name"]).isSubset(of: columns) && columns.count == 3 ? "TypeORM" : nil
    }

    private static let owners: [String: String] = [
        "schema_migrations": "golang-migrate, dbmate or Rails", "ar_internal_metadata": "Rails",
        "flyway_schema_history": "Flyway", "schema_version": "Flyway or tern", "goose_db_version": "goose",
        "alembic_version": "Alembic", "databasechangelog": "Liquibase", "databasechangeloglock": "Liquibase",
        "_prisma_migrations": "Prisma", "__efmigrationshistory": "Entity Framework",
        "django_migrations": "Django", "knex_migrations": "Knex", "knex_migrations_lock": "Knex",
        "__drizzle_migrations": "Drizzle", "sequelizemeta": "Sequelize", "kysely_migration": "Kysely",
        "kysely_migration_lock": "Kysely", "pgmigrations": "node-pg-migrate", "mikro_orm_migrations": "MikroORM",
        "_sqlx_migrations": "SQLx", "__diesel_schema_migrations": "Diesel", "refinery_schema_history": "refinery",
        "seaql_migrations": "SeaORM", "atlas_schema_revisions": "Atlas", "gorp_migrations": "sql-migrate",
        "bun_migrations": "Bun", "bun_migration_locks": "Bun", "phinxlog": "Phinx",
        "doctrine_migration_versions": "Doctrine", "_yoyo_migration": "yoyo", "_yoyo_log": "yoyo",
        "_yoyo_version": "yoyo", "yoyo_lock": "yoyo", "_fluent_migrations": "Fluent", "pgroll_migrations": "pgroll",
    ]
}
