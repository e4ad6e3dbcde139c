package import PostgresClient

/// What seeding must know of the tables: columns, types, keys, references, checks. A value, so that everything that is
/// decided from it can be tested without a server.
package struct SeedCatalog: Sendable {
    package struct Column: Sendable {
        package var name: String
        /// As `format_type` writes it, domains under their own name.
        package var type: String
        /// The same below any domains: `character varying(20)`.
        package var baseType: String
        /// The bare name of the base type: `varchar`, `int8`, `_text`.
        package var typeName: String
        package var kind: Kind = .plain
        /// Whether two values are the same, as the type itself has it: an operator with its schema, because our
        /// statements run under the search path of the service, which may contain another operator of this name.
        package var equality = "OPERATOR(pg_catalog.=)"
        package var isNotNull = false
        package var isGenerated = false
        package var isIdentity = false
        package var defaultText: String?
        /// The sequence that gives its default, quoted as SQL wants it.
        package var sequence: String?
        package var enumLabels: [String] = []
        /// Definitions of the checks of its domains, with VALUE for the value.
        package var domainChecks: [String] = []
        /// A domain with constraints, which a value of the base type need not satisfy.
        package var isDomain = false

        package enum Kind: Sendable, Equatable {
            case plain, json
            case array(elementIsJSON: Bool)
            case composite, enumeration, range, multirange
        }

        /// Whether a value comes by itself when none is given.
        package var fillsItself: Bool { !isNotNull || defaultText != nil || isIdentity || isGenerated }

        package init(name: String, type: String, typeName: String) {
            self.name = name
            self.type = type
            self.baseType = type
            self.typeName = typeName
        }
    }

    package struct Unique: Sendable, Equatable {
        package var name: String
        package var columns: [String]
        package var isPrimary: Bool
        /// A constraint or an index on plain columns of all rows, which rows can be found by.
        package var isKey: Bool
        /// No two rows can have the same values, whatever they are and wherever below the table the rows are: NULLs
        /// included, and not those of tables that inherit, which an index does not see.
        package var admitsOneRow = false
        /// Its expressions and its condition, for what must merely be unique.
        package var definition: String
        /// All columns that it depends on, those of expressions and of its condition included.
        package var reads: [String] = []
        /// Without expressions and without a condition.
        package var isPlain = true
        /// Two NULLs count as the same.
        package var isNullsNotDistinct = false

        package init(
            name: String,
            columns: [String],
            isPrimary: Bool,
            isKey: Bool,
            admitsOneRow: Bool = false,
            definition: String
        ) {
            self.name = name
            self.columns = columns
            self.isPrimary = isPrimary
            self.isKey = isKey
            self.admitsOneRow = admitsOneRow
            self.definition = definition
        }
    }

    package struct ForeignKey: Sendable, Equatable {
        package var name: String
        package var columns: [String]
        package var parent: TableName
        package var parentColumns: [String]
        package var isDeferrable: Bool
    }

    package struct Check: Sendable, Equatable {
        package var name: String
        package var columns: [String]
        /// `CHECK ((…))`
        package var definition: String

        /// The expression of a definition, with its parentheses.
        static func expression(_ definition: String) -> String {
            var text = definition.dropFirst(definition.hasPrefix("CHECK ") ? 6 : 0)
            for suffix in [" NOT ENFORCED", " NOT VALID", " NO INHERIT"] where text.hasSuffix(suffix) {
                text = text.dropLast(suffix.count)
            }
            return String(text)
        }
    }

    /// EXCLUDE: no two rows whose columns all compare as said.
    package struct Exclusion: Sendable, Equatable {
        package var name: String
        package var columns: [String]
        /// `EXCLUDE USING …`
        package var definition: String
    }

    package struct Table: Sendable {
        package var name: TableName
        package var columns: [Column]
        package var uniques: [Unique] = []
        package var foreignKeys: [ForeignKey] = []
        package var checks: [Check] = []
        package var exclusions: [Exclusion] = []
        package var isPartition = false
        /// Of a partitioned table: what each partition wants of its rows, as an expression. A table that is not
        /// partitioned has nil.
        package var partitionBounds: [String]?
        /// Of users, on the table or on one below it.
        package var hasTriggers = false
        /// The tool whose ledger it is.
        package var ledgerOf: String?

        package init(name: TableName, columns: [Column]) {
            self.name = name
            self.columns = columns
        }

        package func index(_ column: String) -> Int? { columns.firstIndex { $0.name == column } }
        package func column(_ name: String) -> Column? { columns.first { $0.name == name } }
        /// The operator by which a column's values are the same.
        func equality(_ column: String) -> String { self.column(column)?.equality ?? "OPERATOR(pg_catalog.=)" }
        /// Whether the server itself sees to it that a key finds one row.
        package func admitsOneRow(of key: [String]) -> Bool {
            uniques.contains { unique in
                unique.admitsOneRow && unique.columns.allSatisfy { Set(exactly: key).contains($0) }
            }
        }

        /// Whether NULL in these columns finds a row too.
        func findsNulls(by key: [String]) -> Bool {
            uniques.contains { $0.isKey && $0.isNullsNotDistinct && Set($0.columns) == Set(key) }
        }

        package var primaryKey: Unique? { uniques.first { $0.isPrimary } }

        /// Whether a constraint or an index makes rows differ in these columns alone.
        package func isUnique(_ column: String) -> Bool { uniques.contains { $0.isPlain && $0.columns == [column] } }

        /// The foreign key that a column is in, the narrowest where it is in several.
        package func foreignKey(of column: String) -> ForeignKey? {
            foreignKeys.filter { $0.columns.contains(column) }.min { $0.columns.count < $1.columns.count }
        }
    }

    package var tables: [TableName: Table]
    /// The attributes of composite types, by type name as `format_type` writes it.
    package var composites: [String: [Column]] = [:]

    package init(_ tables: [Table]) {
        self.tables = Dictionary(tables.map { ($0.name, $0) }, uniquingKeysWith: { one, _ in one })
    }

    package subscript(name: TableName) -> Table? { tables[name] }

    /// A table by a name that may lack its schema: of `schemas` the first that has it.
    package func table(schema: String?, name: String, preferring schemas: [String]) -> Table? {
        for candidate in schema.map({ [$0] }) ?? schemas {
            if let table = tables[TableName(schema: candidate, name: name)] { return table }
        }
        guard schema == nil else { return nil }
        let others = tables.values.filter { $0.name.name == name }
        return others.count == 1 ? others[0] : nil
    }
}
