package import PostgresClient
package import Project

/// The source of a cell's value, if it is not in the file.
package struct BoundReference: Sendable, Equatable {
    package enum Target: Sendable, Equatable {
        /// A row of the files, by its index among those of its table.
        case row(Int)
        /// A row of the table, also if seeding did not insert it.
        case lookup([Reference.Condition])
    }

    package var parent: TableName
    /// The column of the parent with the value.
    package var column: String
    package var target: Target
    package var place: FilePlace
}

/// Small, since there is one for each value of the files.
package enum BoundCell: Sendable, Equatable {
    /// Text for the server; nil is NULL.
    case text(String?)
    /// An expression, evaluated when the row is inserted.
    case expression(String)
    indirect case reference(BoundReference)
}

package struct BoundRow: Sendable, Equatable {
    package var label: String?
    package var file: String
    package var line: Int
    package var layer: String
    /// By the index of the column.
    package var cells: [Int: BoundCell]
    /// The lines of cells that are not on the row's line, by column.
    package var lines: [String: Int] = [:]

    package var place: FilePlace { FilePlace(file, line: line) }
}

/// The rows of a table in the form for the server.
package struct BoundTable: Sendable {
    package var table: SeedCatalog.Table
    package var files: [TableFile]
    package var key: KeyChoice
    package var onConflict: ConflictRule
    package var prunes: Bool
    package var rows: [BoundRow] = []
    package var generate: (node: SeedNode, file: String)?

    package var name: TableName { table.name }
    package var keyIndices: [Int] { key.columns.compactMap { table.index($0) } }
    /// The smallest number of its files.
    package var number: Int? { files.compactMap(\.file.number).min() }
}
