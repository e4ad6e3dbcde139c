import SQLText

/// Rules about transactions: statements that need one, and statements that must not be in one.
enum TransactionRules {
    static let all = [
        concurrentlyInside, uncommitted, nesting, severalLocks, workUnderLock, duplicateAssignment, longIdentifier,
        severalAlterTables, lockTimeout, statementTimeout,
    ]

    private static let concurrentlyInside = LintRule(
        "ban-concurrent-index-creation-in-transaction",
        .transactions,
        of: [.squawk],
        severity: .error,
        why:
            "The server refuses CONCURRENTLY in a transaction, and a file with several statements runs in one.",
        safeForm: "move it to a separate file, or begin the file with the line `-- no-transaction`",
        kinds: ["IndexStmt", "DropStmt", "ReindexStmt", "AlterTableStmt"]
    ) { context in
        guard context.transaction.isOpen, case .refusesTransaction(let reason) = context.effects.transaction else {
            return []
        }
        return [LintMatch(reason)]
    }

    private static let uncommitted = LintRule(
        "ban-uncommitted-transaction",
        .transactions,
        of: [.squawk],
        severity: .error,
        why: "Without a COMMIT, everything after BEGIN is rolled back when the session ends.",
        safeForm: "end the file with COMMIT, or omit BEGIN: granary runs the file in a transaction",
        kinds: everyKind
    ) { context in
        guard context.isLast else { return [] }
        var after = context.transaction
        after.pass(context.statement, context.tree, context.effects)
        guard let begin = after.begin else { return [] }
        return [LintMatch("the transaction that begins in line \(begin.line) has no COMMIT")]
    }

    private static let nesting = LintRule(
        "transaction-nesting",
        .transactions,
        of: [.squawk],
        why:
            "BEGIN inside a transaction and COMMIT outside of one have no effect, although they look as if they "
            + "had.",
        safeForm: "write one BEGIN and one COMMIT, or neither",
        kinds: ["TransactionStmt"]
    ) { context in
        guard case .controls(let control) = context.effects.transaction, control.isOfWholeTransaction else { return [] }
        let isInside = context.transaction.begin != nil
        if control == .begin { return isInside ? [LintMatch("the transaction has already begun")] : [] }
        return isInside ? [] : [LintMatch("there is no transaction to end")]
    }

    private static let severalLocks = LintRule(
        "several-access-exclusive-locks",
        .transactions,
        of: [.eugene],
        why:
            "Sessions that use one of the tables also wait for the other, and transactions that lock the tables in "
            + "another order cause a deadlock.",
        safeForm: "change each table in a separate file",
        kinds: everyKind
    ) { context in
        guard context.transaction.isOpen else { return [] }
        let held = context.transaction.held.filter { $0.value.mode == .accessExclusive && holdsRows($0.value.kind) }
        guard !held.isEmpty else { return [] }
        for touch in context.effects.touches where touch.lock == .accessExclusive && !touch.isNew {
            // No other session waits for an object that its own down file drops.
            guard !(context.isDown && touch.action == .drop) else { continue }
            guard holdsRows(touch.kind), !touch.isInBody, held[touch.relation] == nil,
                let first = held.min(by: { $0.value.line < $1.value.line })
            else {
                continue
            }
            return [
                LintMatch(
                    "\(touch.relation) is locked while line \(first.value.line) keeps \(first.key) locked",
                    on: touch.relation
                )
            ]
        }
        return []
    }

    private static func holdsRows(_ kind: ObjectKind) -> Bool {
        kind == .table || kind == .foreignTable || kind == .materializedView
    }

    private static let workUnderLock = LintRule(
        "work-under-access-exclusive-lock",
        .transactions,
        of: [.strongMigrations, .eugene],
        growsWithTable: true,
        why:
            "The lock of an ALTER TABLE is held while later statements of the transaction read or change rows.",
        safeForm: "change the rows in a separate file",
        kinds: ["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "IndexStmt", "CreateTableAsStmt", "CopyStmt"]
    ) { context in
        guard context.transaction.isOpen, let table = worksOn(context),
            let first = context.transaction.held.filter({ $0.value.mode == .accessExclusive }).min(by: {
                $0.value.line < $1.value.line
            })
        else { return [] }
        return [
            LintMatch(
                "\(first.key) stays locked since line \(first.value.line) while rows of \(table) are read or changed",
                on: table
            )
        ]
    }

    /// The table whose rows the statement reads or changes, if it existed before the file.
    private static func worksOn(_ context: LintContext) -> RelationName? {
        let tree = context.tree
        switch tree.kind {
        case "UpdateStmt", "DeleteStmt", "MergeStmt": return context.existing(tree["relation"])
        case "IndexStmt": return tree["concurrent"].isTrue ? nil : context.existing(tree["relation"])
        default:
            // An INSERT of listed values is quick; one that reads another table may not be.
            return context.effects.touches.first { $0.action == .read && !$0.isNew && $0.kind == .table }?.relation
        }
    }

    private static let duplicateAssignment = LintRule(
        "ban-duplicate-column-assignments",
        .transactions,
        of: [.squawk],
        severity: .error,
        why: "The server refuses a statement that assigns a column twice.",
        safeForm: "assign each column once",
        kinds: ["InsertStmt", "UpdateStmt"]
    ) { context in
        let tree = context.tree
        let lists = [tree["targetList"], tree["cols"], tree["onConflictClause"]["targetList"]]
        return lists.flatMap { list in
            var seen: Set<String> = []
            // PostgreSQL allows several assignments to elements of a column, as in `a[1] = 1, a[2] = 2`.
            return list.items.filter { !$0["indirection"].exists }.compactMap { target -> LintMatch? in
                guard let name = target["name"].string, !seen.insert(name).inserted else { return nil }
                return LintMatch("\(name) is assigned twice", at: target.content.offset)
            }
        }
    }

    private static let longIdentifier = LintRule(
        "identifier-too-long",
        .transactions,
        of: [.squawk],
        why: "The server shortens names to 63 bytes without an error, so two names may become equal.",
        safeForm: "use a shorter name",
        kinds: everyKind
    ) { context in
        context.statement.longIdentifiers.map { name in
            LintMatch("the name \(name.text) has \(name.text.utf8.count) bytes, of which 63 are kept", at: name.offset)
        }
    }

    private static let severalAlterTables = LintRule(
        "several-alter-tables",
        .transactions,
        of: [.eugene],
        isOnByDefault: false,
        why:
            "Each ALTER TABLE may read or rewrite the table again; one with several subcommands does so only once.",
        safeForm: "write one ALTER TABLE with the subcommands separated by commas",
        kinds: ["AlterTableStmt"]
    ) { context in
        guard context.transaction.isOpen, let table = context.existing(context.tree["relation"]),
            let held = context.transaction.held[table], held.mode == .accessExclusive
        else { return [] }
        return [LintMatch("\(table) is already altered in line \(held.line)", on: table)]
    }

    private static let lockTimeout = LintRule(
        "require-lock-timeout",
        .transactions,
        of: [.squawk, .strongMigrations, .eugene],
        isOnByDefault: false,
        why: "While a statement waits for its lock, all later sessions wait too.",
        safeForm:
            "rely on granary, which sets lock_timeout and tries again, or begin the file with SET lock_timeout",
        kinds: everyKind
    ) { context in missing("lock_timeout", context) }

    private static let statementTimeout = LintRule(
        "require-statement-timeout",
        .transactions,
        of: [.squawk],
        isOnByDefault: false,
        why: "A statement that takes longer than expected holds its locks until it ends.",
        safeForm: "begin the file with SET statement_timeout",
        kinds: everyKind
    ) { context in missing("statement_timeout", context) }

    private static func missing(_ setting: String, _ context: LintContext) -> [LintMatch] {
        let locks = context.effects.touches.filter { !$0.isNew && !$0.isInBody && $0.lock?.blocksWrites == true }
        guard !context.transaction.settings.contains(setting), let first = locks.first, let mode = first.lock else {
            return []
        }
        return [LintMatch("\(mode) is requested on \(first.relation), but no \(setting) is set", on: first.relation)]
    }
}
