internal import Migrations
import SQLText

/// Reads the statements of a file in order, and gives each one the schema and the transaction that precede it.
struct FileReading {
    private let file: ParsedFile
    private let before: SchemaModel
    private let outcome: SchemaModel?
    private let cluster: ClusterTables
    /// The schema after the earlier files and the statements read so far.
    private(set) var schema: SchemaModel
    private var transaction: TransactionState

    /// - Parameters:
    ///   - schema: The schema after the earlier files.
    ///   - outcome: The schema after all files; nil if it is unknown.
    ///   - cluster: The tables that Citus stores in the database.
    init(_ file: ParsedFile, _ schema: SchemaModel, _ outcome: SchemaModel?, _ cluster: ClusterTables) {
        self.file = file
        self.outcome = outcome
        self.cluster = cluster
        before = schema
        self.schema = SchemaModel(over: schema)
        transaction = TransactionState(of: file)
    }

    /// Calls `body` for each statement that the parser knows.
    mutating func forEachStatement(_ body: (LintContext) -> Void) {
        let last = file.script.statements.lastIndex { $0.tree != nil }
        for (index, statement) in file.script.statements.enumerated() {
            guard let tree = statement.tree else { continue }
            let effects = file.effects.statements[index]
            body(
                LintContext(
                    statement,
                    tree,
                    effects,
                    in: file,
                    transaction: transaction,
                    schema: schema,
                    end: (before, outcome),
                    cluster: cluster,
                    isLast: index == last
                )
            )
            // Nothing follows the last statement of a down file, so its result is not needed.
            if index != last || file.direction == .up { schema.learn(tree) }
            if index != last { transaction.pass(statement, tree, effects) }
        }
    }
}
