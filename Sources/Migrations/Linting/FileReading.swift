import SQLText

/// Goes through the statements of a file and knows for each what came before it.
struct FileReading {
    private let file: ParsedFile
    private let outcome: SchemaFacts
    private var facts: SchemaFacts
    private var transaction: TransactionState
    private var index = 0
    private let last: Int

    init(_ file: ParsedFile, _ facts: SchemaFacts, _ outcome: SchemaFacts?) {
        self.file = file
        transaction = TransactionState(of: file)
        last = file.script.statements.lastIndex { $0.tree != nil } ?? 0
        self.facts = SchemaFacts(over: facts)
        var known = outcome ?? SchemaFacts(over: facts)
        // An outcome holds this file already; to learn it twice changes nothing but what was taken away since.
        if outcome == nil { known.learn(from: file.script) }
        self.outcome = known
    }

    /// The next statement that the parser knows.
    mutating func next() -> LintContext? {
        while index < file.script.statements.count {
            defer { index += 1 }
            let statement = file.script.statements[index]
            let effects = file.effects.statements[index]
            guard let tree = statement.tree else { continue }
            let context = LintContext(
                statement: statement,
                tree: tree,
                effects: effects,
                transaction: transaction,
                facts: facts,
                outcome: outcome,
                script: file.effects,
                isLast: index == last
            )
            facts.learn(tree)
            transaction.pass(statement, tree, effects)
            return context
        }
        return nil
    }
}
