// Where an archive comes from: server, database, roles, versions.
extension Manifest {
    package struct Server: Codable, Sendable, Equatable {
        /// `server_version`, such as `15.18 (Debian 15.18-0+deb12u1)`.
        package var version: String
        /// `server_version_num`, such as 150018.
        package var versionNumber: Int
        /// The server's number for itself (`pg_control_system`); nil in archives of older versions, and if the role may
        /// not read it.
        package var systemIdentifier: String?

        package init(version: String, versionNumber: Int, systemIdentifier: String? = nil) {
            self.version = version
            self.versionNumber = versionNumber
            self.systemIdentifier = systemIdentifier
        }
    }

    /// The properties that a database is created with, and its settings.
    package struct Database: Codable, Sendable, Equatable {
        package var name: String
        /// PostgreSQL's name of the encoding of every chunk (`UTF8`, `LATIN1`, `SQL_ASCII`).
        package var encoding: String
        package var collate: String
        package var ctype: String
        /// `libc`, `icu` or `builtin`.
        package var localeProvider: String
        package var locale: String?
        package var icuRules: String?
        package var owner: String
        package var tablespace: String
        package var connectionLimit: Int
        package var comment: String?
        /// nil if the privileges are PostgreSQL's defaults.
        package var privileges: [Privilege]?
        package var settings: [Setting]

        package init(
            name: String,
            encoding: String,
            collate: String,
            ctype: String,
            localeProvider: String = "libc",
            locale: String? = nil,
            icuRules: String? = nil,
            owner: String,
            tablespace: String = "pg_default",
            connectionLimit: Int = -1,
            comment: String? = nil,
            privileges: [Privilege]? = nil,
            settings: [Setting] = []
        ) {
            self.name = name
            self.encoding = encoding
            self.collate = collate
            self.ctype = ctype
            self.localeProvider = localeProvider
            self.locale = locale
            self.icuRules = icuRules
            self.owner = owner
            self.tablespace = tablespace
            self.connectionLimit = connectionLimit
            self.comment = comment
            self.privileges = privileges
            self.settings = settings
        }
    }

    /// One privilege of one role, as `aclexplode` lists it.
    package struct Privilege: Codable, Sendable, Equatable {
        /// nil for PUBLIC.
        package var grantee: String?
        package var privilege: String
        package var grantable: Bool

        package init(grantee: String?, privilege: String, grantable: Bool) {
            self.grantee = grantee
            self.privilege = privilege
            self.grantable = grantable
        }
    }

    /// `ALTER DATABASE … SET` or, with a role, `ALTER ROLE … IN DATABASE … SET`.
    package struct Setting: Codable, Sendable, Equatable {
        package var role: String?
        package var name: String
        package var value: String

        package init(role: String? = nil, name: String, value: String) {
            self.role = role
            self.name = name
            self.value = value
        }
    }

    /// What was requested; empty lists mean the whole database.
    package struct Scope: Codable, Sendable, Equatable {
        package var schemas: [String]
        /// Tables as `schema.table`.
        package var tables: [String]
        /// What the user excluded; nil if nothing was excluded.
        package var excluded: Excluded?
        /// The options from which all of this follows; nil in archives of older versions and of pg_dump.
        package var requested: Requested?

        package struct Excluded: Codable, Sendable, Equatable {
            package var schemas: [String]
            /// Tables as `schema.table`, outside of these schemas.
            package var tables: [String]
            /// Objects that need an excluded object and were therefore omitted too.
            package var dependents: [String]

            package init(schemas: [String], tables: [String], dependents: [String]) {
                self.schemas = schemas
                self.tables = tables
                self.dependents = dependents
            }
        }

        /// What the options said, so that a new table that a pattern matches makes no other selection. Each list is sorted and
        /// has no duplicates. Names of tables are written as `schema.table`, patterns as they were given.
        package struct Requested: Codable, Sendable, Equatable {
            package var schemas: [String]
            package var tables: [String]
            package var excludedSchemas: [String]
            package var excludedTables: [String]
            package var tablesWithoutData: [String]

            package init(
                schemas: [String] = [],
                tables: [String] = [],
                excludedSchemas: [String] = [],
                excludedTables: [String] = [],
                tablesWithoutData: [String] = []
            ) {
                self.schemas = schemas
                self.tables = tables
                self.excludedSchemas = excludedSchemas
                self.excludedTables = excludedTables
                self.tablesWithoutData = tablesWithoutData
            }
        }

        package init(schemas: [String] = [], tables: [String] = []) {
            self.schemas = schemas
            self.tables = tables
        }

        package var isWholeDatabase: Bool { schemas.isEmpty && tables.isEmpty }
    }

    /// A role, as a server that lacks it can create it.
    package struct Role: Codable, Sendable, Equatable {
        package var name: String
        /// Words of `CREATE ROLE`, such as `LOGIN`.
        package var attributes: [String]
        /// -1 for none.
        package var connectionLimit: Int
        package var validUntil: String?
        /// For all databases.
        package var settings: [Setting]
        package var comment: String?
        /// A SCRAM verifier; nil unless it was requested.
        package var password: String?
        package var memberOf: [Membership]

        package struct Setting: Codable, Sendable, Equatable {
            package var name: String
            package var value: String

            package init(name: String, value: String) { (self.name, self.value) = (name, value) }
        }

        package struct Membership: Codable, Sendable, Equatable {
            package var role: String
            package var admin: Bool
            /// nil before PostgreSQL 16.
            package var inherit: Bool?
            package var set: Bool?

            package init(role: String, admin: Bool, inherit: Bool?, set: Bool?) {
                (self.role, self.admin, self.inherit, self.set) = (role, admin, inherit, set)
            }
        }

        package init(
            name: String,
            attributes: [String],
            connectionLimit: Int,
            validUntil: String?,
            settings: [Setting],
            comment: String?,
            password: String?,
            memberOf: [Membership]
        ) {
            self.name = name
            self.attributes = attributes
            self.connectionLimit = connectionLimit
            self.validUntil = validUntil
            self.settings = settings
            self.comment = comment
            self.password = password
            self.memberOf = memberOf
        }
    }

    /// The version that a migrator's own table recorded: golang-migrate's `schema_migrations`, or granary's.
    package struct SchemaVersion: Codable, Sendable, Equatable {
        /// The table, as `schema.table`.
        package var table: String
        package var service: String?
        package var version: String
        package var dirty: Bool

        package init(table: String, service: String? = nil, version: String, dirty: Bool = false) {
            self.table = table
            self.service = service
            self.version = version
            self.dirty = dirty
        }
    }

    package struct Extension: Codable, Sendable, Equatable {
        package var name: String
        package var version: String
        package var schema: String

        package init(name: String, version: String, schema: String) {
            self.name = name
            self.version = version
            self.schema = schema
        }
    }
}
