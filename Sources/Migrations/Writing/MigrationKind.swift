/// What a new migration is about: which template it begins with.
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
    /// Alterations of what is there.
    case schema

    /// What `dependencies.json` calls it.
    var migrationType: String {
        switch self {
        case .table: "table"
        case .index: "index"
        case .data: "data"
        default: "schema"
        }
    }

    /// Whether a down that undoes it loses nothing that was written since.
    var isRollbackSafe: Bool {
        switch self {
        case .table, .column, .data, .schema: false
        case .index, .constraint, .foreignKey, .enum, .function, .view: true
        }
    }
}
