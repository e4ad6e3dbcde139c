internal import Migrations
import SQLText

/// Goes through the statements of a file and knows for each what came before it.
struct FileReading {
    private let file: ParsedFile
    private let before: SchemaFacts
    private let outcome: SchemaFacts?
    /// What the files before have made, and the statements that were passed.
    private(set) var facts: SchemaFacts
    private var transaction: TransactionState

    /// - Parameters:
    ///   - facts: What the files before have made.
    ///   - outcome: What all files together make; nil where that is not known.
    init(_ file: ParsedFile, _ facts: SchemaFacts, _ outcome: SchemaFacts?) {
        self.file = file
        self.outcome = outcome
        before = facts
        self.facts = SchemaFacts(over: facts)
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
                    facts: facts,
                    end: (before, outcome),
                    isLast: index == last
                )
            )
            // What the last statement of a down makes nobody asks for.
            if index != last || file.direction == .up { facts.learn(tree) }
            if index != last { transaction.pass(statement, tree, effects) }
        }
    }
}
