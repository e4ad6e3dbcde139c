internal import Migrations
internal import SQLText

/// Checks whether a server would accept the statements and could run them as the migrator does.
struct StatementChecks {
    let file: ParsedFile

    func findings() -> [Finding] { commands() + statements() + rolledBack() + markers() + enumValues() }

    private func commands() -> [Finding] {
        file.script.metaCommands.filter { !$0.isHarmless }.map { command in
            Finding(
                .psqlCommand,
                file: file.path,
                line: command.line,
                "\\\(command.name) is a command of psql, which a migration cannot use",
                hint: "write what it does as SQL"
            )
        }
    }

    private func statements() -> [Finding] {
        file.script.statements.compactMap { statement in
            if statement.lacksRows {
                return file.finding(
                    .copyFromStdin,
                    at: statement,
                    "the rows of this COPY do not end: the line `\\.` after them is missing",
                    hint: "the file may be truncated; a COPY without rows also needs the line `\\.`"
                )
            }
            guard statement.tree == nil else { return nil }
            if let newer = statement.newerSyntax {
                return file.finding(
                    .newerSyntax,
                    at: statement,
                    "\(newer.form) came with PostgreSQL \(newer.version), and the parser is of version 15: only a server "
                        + "can check this statement",
                    hint: "the other checks skip it"
                )
            }
            guard let error = statement.syntaxError else {
                return file.finding(.newerSyntax, at: statement, "the parser does not understand this statement")
            }
            return Finding(
                .syntax,
                file: file.path,
                line: error.line,
                column: error.column,
                error.message,
                hint: error.hint
            )
        }
    }

    private func rolledBack() -> [Finding] {
        let statements = file.script.statements
        guard let work = RolledBackWork.find(statements, file.effects.statements) else { return [] }
        let lost = statements[work.statement]
        return [
            file.finding(
                .rolledBack,
                at: statements[work.rollback],
                "\(statements[work.rollback].tag) takes back what line \(lost.line), \(lost.tag), did, and the migration would "
                    + "count as applied",
                hint: "end the transaction with COMMIT, or remove these statements"
            )
        ]
    }

    private func markers() -> [Finding] {
        guard let line = file.markers.misplacedNoTransactionLine else { return [] }
        return [
            Finding(
                .misplacedNoTransaction,
                file: file.path,
                line: line,
                "`-- no-transaction` has an effect only in the first line, so this file runs in a transaction",
                hint: "move it to the beginning of the file"
            )
        ]
    }

    /// The server accepts a new enum value only after the transaction that has added it.
    private func enumValues() -> [Finding] {
        guard file.effects.controlsTransaction || !runsOutsideTransaction else { return [] }
        var findings: [Finding] = []
        var added: [(value: String, line: Int)] = []
        var created: Set<RelationName> = []
        for (statement, effects) in file.statements {
            if case .controls(let control) = effects.transaction, control == .commit || control == .rollback {
                added = []
            }
            for touch in effects.touches where touch.kind == .type && touch.action == .create {
                created.insert(touch.relation)
            }
            guard let tree = statement.tree else { continue }
            if tree.isKind("AlterEnumStmt"), let value = tree["newVal"].string, !tree["oldVal"].exists {
                let isNew = effects.touches.contains { touch in created.contains { $0.canBe(touch.relation) } }
                if !isNew { added.append((value, statement.line)) }
            } else if !added.isEmpty, !tree.isKind("CommentStmt"), !tree.isKind("CreateFunctionStmt") {
                guard let use = added.first(where: { Self.uses($0.value, tree) }) else { continue }
                findings.append(
                    file.finding(
                        .enumValueInUse,
                        at: statement,
                        "it uses the value '\(use.value)', which line \(use.line) adds in the same transaction",
                        hint: "add the value in a separate migration before this one"
                    )
                )
            }
        }
        return findings
    }

    private var runsOutsideTransaction: Bool {
        file.markers.noTransaction != nil
            || !file.effects.refusingTransaction.isEmpty
                && file.effects.refusingTransaction.count == file.script.statements.count
    }

    private static func uses(_ value: String, _ tree: ParseNode) -> Bool {
        if tree.isKind("DoStmt") {
            return tree["args"].items.contains { ($0["arg"].string ?? "").contains("'\(value)'") }
        }
        return tree.descendants(ofKind: "A_Const").contains { $0.string == value }
    }
}
