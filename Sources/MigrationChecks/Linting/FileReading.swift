internal import Migrations
import SQLText

/// Goes through the statements of a file and knows for each what came before it.
struct FileReading {
    private let file: ParsedFile
    private let before: SchemaModel
    private let outcome: SchemaModel?
    /// What the files before have made, and the statements that were passed.
    private(set) var schema: SchemaModel
    private var transaction: TransactionState

    /// - Parameters:
    ///   - schema: What the files before have made.
    ///   - outcome: What all files together make; nil where that is not known.
    init(_ file: ParsedFile, _ schema: SchemaModel, _ outcome: SchemaModel?) {
        self.file = file
        self.outcome = outcome
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
                    isLast: index == last
                )
            )
            // What the last statement of a down makes nobody asks for.
            if index != last || file.direction == .up { schema.learn(tree) }
            if index != last { transaction.pass(statement, tree, effects) }
        }
    }
}
