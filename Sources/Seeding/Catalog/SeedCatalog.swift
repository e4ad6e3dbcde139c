package import PostgresClient

/// The facts about the tables that seeding needs: columns, types, keys, foreign keys, checks. It is a value, so
/// decisions that are based on it can be tested without a server.
package struct SeedCatalog: Sendable {
    package struct Column: Sendable {
        package var name: String
        /// The type as `format_type` prints it; for a domain, its name.
        package var type: String
        /// The type below all domains: `character varying(20)`.
        package var baseType: String
        /// The bare name of the base type: `varchar`, `int8`, `_text`.
        package var typeName: String
        package var kind: Kind = .plain
        /// The equality operator of the type, with its schema, because statements run under the service's search path,
        /// where another operator of the same name may be found.
        package var equality = "OPERATOR(pg_catalog.=)"
        package var isNotNull = false
        package var isGenerated = false
        package var isIdentity = false
        package var defaultText: String?
        /// The sequence of the column's default, quoted for SQL.
        package var sequence: String?
        package var enumLabels: [String] = []
        /// The definitions of the CHECK constraints of its domains. They refer to the value as VALUE.
        package var domainChecks: [String] = []
        /// Whether the type is a domain.
        package var isDomain = false
        /// Whether a text always means the same value of the type: not with another setting, on another day, or after
        /// other objects have changed.
        var isInputFixed = false

        package enum Kind: Sendable, Equatable {
            case plain, json
            case array(elementIsJSON: Bool)
            case composite, enumeration, range, multirange
        }

        /// Whether the column may be omitted from an INSERT.
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
        /// Whether the constraint or index covers all rows by plain columns, so that it identifies rows.
        package var isKey: Bool
        /// Whether no two rows can have the same values in these columns, NULLs included. False if other tables inherit
        /// from the table, because an index does not cover them.
        package var admitsOneRow = false
        /// The text of the index definition, with its expressions and condition.
        package var definition: String
        /// All columns that the index depends on, including those of expressions and of the condition.
        package var reads: [String] = []
        /// Whether the index has neither expressions nor a condition.
        package var isPlain = true
        /// Whether two NULLs count as equal.
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
        /// The text of the constraint, such as `CHECK ((…))`.
        package var definition: String

        /// The expression of a definition, in parentheses.
        static func expression(_ definition: String) -> String {
            var text = definition.dropFirst(definition.hasPrefix("CHECK ") ? 6 : 0)
            for suffix in [" NOT ENFORCED", " NOT VALID", " NO INHERIT"] where text.hasSuffix(suffix) {
                text = text.dropLast(suffix.count)
            }
            return String(text)
        }
    }

    /// An EXCLUDE constraint. It compares two rows by an operator for each column, and at least one of the comparisons
    /// must not be true.
    package struct Exclusion: Sendable, Equatable {
        package var name: String
        package var columns: [String]
        /// The text of the constraint, such as `EXCLUDE USING …`.
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
        /// For a partitioned table: the condition of each partition, as an expression. nil for other tables.
        package var partitionBounds: [String]?
        /// Whether the table, or one that inherits from it, has user triggers.
        package var hasTriggers = false
        /// Whether Citus stores it. Its rows are then on other nodes, where temporary tables are unknown.
        package var isDistributed = false
        /// The name of the tool, if the table is its ledger.
        package var ledgerOf: String?

        package init(name: TableName, columns: [Column]) {
            self.name = name
            self.columns = columns
        }

        package func index(_ column: String) -> Int? { columns.firstIndex { $0.name == column } }
        package func column(_ name: String) -> Column? { columns.first { $0.name == name } }
        /// The equality operator of a column's type.
        func equality(_ column: String) -> String { self.column(column)?.equality ?? "OPERATOR(pg_catalog.=)" }
        /// Whether a unique index guarantees that a key matches at most one row.
        package func admitsOneRow(of key: [String]) -> Bool {
            uniques.contains { unique in
                unique.admitsOneRow && unique.columns.allSatisfy { Set(exactly: key).contains($0) }
            }
        }

        /// Whether NULLs in these columns also match.
        func findsNulls(by key: [String]) -> Bool {
            uniques.contains { $0.isKey && $0.isNullsNotDistinct && Set($0.columns) == Set(key) }
        }

        package var primaryKey: Unique? { uniques.first { $0.isPrimary } }

        /// Whether a constraint or index makes the values of this column alone unique.
        package func isUnique(_ column: String) -> Bool { uniques.contains { $0.isPlain && $0.columns == [column] } }

        /// The foreign key that contains a column; if there are several, the one with the fewest columns.
        package func foreignKey(of column: String) -> ForeignKey? {
            foreignKeys.filter { $0.columns.contains(column) }.min { $0.columns.count < $1.columns.count }
        }
    }

    package var tables: [TableName: Table]
    /// The attributes of each composite type, by its name as `format_type` prints it.
    package var composites: [String: [Column]] = [:]

    package init(_ tables: [Table]) {
        self.tables = Dictionary(tables.map { ($0.name, $0) }, uniquingKeysWith: { one, _ in one })
    }

    package subscript(name: TableName) -> Table? { tables[name] }

    /// Finds a table by a name that may lack its schema: in the first of `schemas` that has it, or else in the only
    /// schema that has it.
    package func table(schema: String?, name: String, preferring schemas: [String]) -> Table? {
        for candidate in schema.map({ [$0] }) ?? schemas {
            if let table = tables[TableName(schema: candidate, name: name)] { return table }
        }
        guard schema == nil else { return nil }
        let others = tables.values.filter { $0.name.name == name }
        return others.count == 1 ? others[0] : nil
    }
}
