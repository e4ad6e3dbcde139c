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
    /// The tables that Citus distributed; nil if there are none. The archive does not record the distribution.
    package var distributed: [Relation]?
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
    package struct Server: Codable, Sendable, Equatable {
        /// `server_version`, such as `15.18 (Debian 15.18-0+deb12u1)`.
        package var version: String
        /// `server_version_num`, such as 150018.
        package var versionNumber: Int

        package init(version: String, versionNumber: Int) {
            self.version = version
            self.versionNumber = versionNumber
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

extension Manifest {
    /// One object of the schema as pg_dump described it: one simple-query message for the server.
    package struct SchemaItem: Codable, Sendable, Equatable {
        package enum Section: String, Codable, Sendable {
            case preData = "pre-data"
            case postData = "post-data"
        }

        /// pg_dump's number of the item; `dependsOn` refers to it.
        package var id: Int
        package var section: Section
        /// pg_dump's word: `TABLE`, `INDEX`, `CONSTRAINT`, `FK CONSTRAINT`, `ACL`, …
        package var kind: String
        package var schema: String?
        /// pg_dump's tag: a name, for a constraint the table's and its own (`orders orders_pkey`).
        package var name: String
        package var owner: String?
        /// The system catalog of the object (1259 is `pg_class`) and its row there; 0 if there is none.
        package var catalogOID: UInt32
        package var objectOID: UInt32
        /// The statements that create the object; empty for items that are only an owner or a place in the order.
        package var sql: String
        /// The text between `ALTER` and `OWNER TO`, such as `TABLE public.orders`; nil if the object has no owner.
        package var ownable: String?
        /// The statement that drops the object, if there is one.
        package var dropSQL: String?
        package var tablespace: String?
        package var accessMethod: String?
        package var dependsOn: [Int]
        /// For unique and primary key constraints that can be added `USING INDEX`.
        package var index: ConstraintIndex?

        package init(
            id: Int,
            section: Section,
            kind: String,
            schema: String? = nil,
            name: String,
            owner: String? = nil,
            catalogOID: UInt32 = 0,
            objectOID: UInt32 = 0,
            sql: String,
            ownable: String? = nil,
            dropSQL: String? = nil,
            tablespace: String? = nil,
            accessMethod: String? = nil,
            dependsOn: [Int] = [],
            index: ConstraintIndex? = nil
        ) {
            self.id = id
            self.section = section
            self.kind = kind
            self.schema = schema
            self.name = name
            self.owner = owner
            self.catalogOID = catalogOID
            self.objectOID = objectOID
            self.sql = sql
            self.ownable = ownable
            self.dropSQL = dropSQL
            self.tablespace = tablespace
            self.accessMethod = accessMethod
            self.dependsOn = dependsOn
            self.index = index
        }

        /// Items that describe the database itself, which is created from its properties.
        package var isAboutTheDatabase: Bool {
            kind == "DATABASE" || kind == "DATABASE PROPERTIES"
                // A table may have this name too.
                || (["ACL", "COMMENT", "SECURITY LABEL"].contains(kind) && schema == nil && name.hasPrefix("DATABASE "))
        }
    }

    /// A constraint as two statements: the index can be built in parallel with others, then the constraint takes it
    /// over.
    package struct ConstraintIndex: Codable, Sendable, Equatable {
        package var create: String
        package var attach: String

        package init(create: String, attach: String) {
            self.create = create
            self.attach = attach
        }
    }

    package struct Table: Codable, Sendable, Equatable {
        package enum Kind: String, Codable, Sendable {
            case ordinary
            /// A parent without its own rows; its leaves are tables of this list.
            case partitioned
        }

        /// From 1; the folder of the chunks is `data/<number>-<slug>`.
        package var number: Int
        package var oid: UInt32
        package var schema: String
        package var name: String
        package var kind: Kind
        package var isUnlogged: Bool
        /// The tables that it is a partition of or inherits from; nil if there are none.
        package var parents: [Relation]?
        /// The extension to which this configuration table belongs: its rows are added to those that the extension
        /// created.
        package var extensionName: String?
        /// Whether the rows are missing, because they were excluded (`--exclude-table-data`) or could not be read
        /// (unlogged on a standby).
        package var dataLeftOut: Bool
        /// The columns of the COPY text in its order, without generated columns.
        package var columns: [Column]
        package var primaryKey: [String]
        package var rows: Int
        /// Bytes of COPY text.
        package var rawBytes: Int
        package var digest: Digest
        package var chunks: [Chunk]

        package init(
            number: Int,
            oid: UInt32,
            schema: String,
            name: String,
            kind: Kind = .ordinary,
            isUnlogged: Bool = false,
            parents: [Relation]? = nil,
            extensionName: String? = nil,
            dataLeftOut: Bool = false,
            columns: [Column],
            primaryKey: [String] = [],
            rows: Int = 0,
            rawBytes: Int = 0,
            digest: Digest = Digest(),
            chunks: [Chunk] = []
        ) {
            self.number = number
            self.oid = oid
            self.schema = schema
            self.name = name
            self.kind = kind
            self.isUnlogged = isUnlogged
            self.parents = parents
            self.extensionName = extensionName
            self.dataLeftOut = dataLeftOut
            self.columns = columns
            self.primaryKey = primaryKey
            self.rows = rows
            self.rawBytes = rawBytes
            self.digest = digest
            self.chunks = chunks
        }
    }

    /// A table by its name.
    package struct Relation: Codable, Sendable, Equatable {
        package var schema: String
        package var name: String

        package init(schema: String, name: String) {
            self.schema = schema
            self.name = name
        }
    }

    /// An object outside a part that objects of the part need.
    package struct Need: Codable, Sendable, Equatable {
        /// PostgreSQL's word from `pg_identify_object`: `extension`, `type`, `function`, `table`, …
        package var kind: String
        /// Its name in SQL syntax, with its schema and a function's argument types.
        package var name: String
        /// The oids of the objects that need it: `schema[].objectOID` and `tables[].oid`.
        package var neededBy: [UInt32]

        package init(kind: String, name: String, neededBy: [UInt32]) {
            self.kind = kind
            self.name = name
            self.neededBy = neededBy
        }

        /// For messages: `function audit.stamp()`.
        package var title: String { "\(kind) \(name)" }
    }

    package struct Column: Codable, Sendable, Equatable {
        package var name: String
        /// As `format_type` spells it.
        package var type: String

        package init(name: String, type: String) {
            self.name = name
            self.type = type
        }
    }

    /// Whole rows of one table, in one member.
    package struct Chunk: Codable, Sendable, Equatable {
        package var member: String
        package var rows: Int
        package var rawBytes: Int
        package var storedBytes: Int
        /// Of the stored bytes, in hexadecimal digits.
        package var sha256: String
        /// COPY's binary format: one row whose text would exceed PostgreSQL's limit of 1 GB.
        package var isBinary: Bool

        package init(
            member: String,
            rows: Int,
            rawBytes: Int,
            storedBytes: Int,
            sha256: String,
            isBinary: Bool = false
        ) {
            self.member = member
            self.rows = rows
            self.rawBytes = rawBytes
            self.storedBytes = storedBytes
            self.sha256 = sha256
            self.isBinary = isBinary
        }
    }

    package struct Sequence: Codable, Sendable, Equatable {
        package var oid: UInt32
        package var schema: String
        package var name: String
        package var lastValue: Int64
        package var isCalled: Bool

        package init(oid: UInt32, schema: String, name: String, lastValue: Int64, isCalled: Bool) {
            self.oid = oid
            self.schema = schema
            self.name = name
            self.lastValue = lastValue
            self.isCalled = isCalled
        }
    }

    /// Lines of three columns in the chunks: the object's oid, the offset of the piece, and the piece as bytea.
    package struct LargeObjects: Codable, Sendable, Equatable {
        package var objects: [LargeObject]
        package var rows: Int
        package var rawBytes: Int
        package var digest: Digest
        package var chunks: [Chunk]

        package init(
            objects: [LargeObject],
            rows: Int = 0,
            rawBytes: Int = 0,
            digest: Digest = Digest(),
            chunks: [Chunk] = []
        ) {
            self.objects = objects
            self.rows = rows
            self.rawBytes = rawBytes
            self.digest = digest
            self.chunks = chunks
        }
    }

    package struct LargeObject: Codable, Sendable, Equatable {
        package var oid: UInt32
        package var owner: String
        package var comment: String?
        package var privileges: [Privilege]?

        package init(oid: UInt32, owner: String, comment: String? = nil, privileges: [Privilege]? = nil) {
            self.oid = oid
            self.owner = owner
            self.comment = comment
            self.privileges = privileges
        }
    }

    /// A member other than a chunk: the readable schema, migrations, the recovery script.
    package struct File: Codable, Sendable, Equatable {
        package var member: String
        package var rawBytes: Int
        package var storedBytes: Int
        package var sha256: String

        package init(member: String, rawBytes: Int, storedBytes: Int, sha256: String) {
            self.member = member
            self.rawBytes = rawBytes
            self.storedBytes = storedBytes
            self.sha256 = sha256
        }
    }
}
