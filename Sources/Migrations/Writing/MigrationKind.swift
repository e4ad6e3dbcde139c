/// The kind of a new migration, which selects its templates.
package enum MigrationKind: String, Sendable, CaseIterable {
    case table
    case column
    case index
    case constraint
    case foreignKey = "foreign_key"
    case data
    case `enum`
    case function
    case view
    /// Changes of existing objects.
    case schema
    /// Two files without statements.
    case blank

    /// The name of the kind in `dependencies.json`.
    var migrationType: String {
        switch self {
        case .table: "table"
        case .index: "index"
        case .data: "data"
        default: "schema"
        }
    }

    /// Whether reverting a migration of this kind loses no newer data.
    var isRollbackSafe: Bool {
        switch self {
        case .table, .column, .data, .schema, .blank: false
        case .index, .constraint, .foreignKey, .enum, .function, .view: true
        }
    }
}
