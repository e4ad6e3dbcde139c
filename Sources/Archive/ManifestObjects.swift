// The content of an archive: schema, tables with their chunks, sequences, large objects, other files.
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
