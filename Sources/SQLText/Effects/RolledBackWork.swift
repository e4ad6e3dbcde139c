/// A ROLLBACK that undoes statements of the same script: the script succeeds and has no effect.
///
/// ROLLBACK TO SAVEPOINT does not count, because later statements may be kept.
package struct RolledBackWork: Sendable, Equatable {
    /// The index of the ROLLBACK among the statements.
    package var rollback: Int
    /// The first statement that it undoes.
    package var statement: Int

    /// The properties of a statement that matter here.
    package protocol Statement {
        var tag: String { get }
        var transaction: TransactionUse { get }
        /// The name in SAVEPOINT, RELEASE and ROLLBACK TO.
        var savepoint: String? { get }
    }

    private struct Read: Statement {
        let statement: SQLStatement
        let transaction: TransactionUse
        var tag: String { statement.tag }
        var savepoint: String? { statement.savepoint }
    }

    /// - Parameter effects: One for each statement.
    /// - Returns: nil if every statement is kept.
    package static func find(_ statements: [SQLStatement], _ effects: [StatementEffects]) -> RolledBackWork? {
        find(zip(statements, effects).lazy.map { Read(statement: $0, transaction: $1.transaction) })
    }

    package static func find(_ statements: some Sequence<some Statement>) -> RolledBackWork? {
        // Work that is rolled back if the script ends, committed by the next COMMIT, or stored by PREPARE TRANSACTION.
        var open: Int?
        var prepared: Int?
        for (index, statement) in statements.enumerated() {
            switch statement.transaction {
            case .controls(.begin), .controls(.commit): open = nil
            case .controls(.rollback):
                if let open { return RolledBackWork(rollback: index, statement: open) }
            case .controls(.prepareTransaction): (prepared, open) = (open, nil)
            case .controls: break
            case .refusesTransaction where statement.tag == "ROLLBACK PREPARED":
                if let prepared { return RolledBackWork(rollback: index, statement: prepared) }
            default: open = open ?? index
            }
        }
        return nil
    }

    /// The indexes of statements that a ROLLBACK TO SAVEPOINT undoes.
    package static func undoneBySavepoints(_ statements: [SQLStatement], _ effects: [StatementEffects]) -> Set<Int> {
        undoneBySavepoints(zip(statements, effects).lazy.map { Read(statement: $0, transaction: $1.transaction) })
    }

    package static func undoneBySavepoints(_ statements: some Sequence<some Statement>) -> Set<Int> {
        var savepoints: [(name: String, index: Int)] = []
        var undone: Set<Int> = []
        for (index, statement) in statements.enumerated() {
            guard case .controls(let control) = statement.transaction else { continue }
            let name = statement.savepoint ?? ""
            let place = savepoints.lastIndex { $0.name == name }
            switch control {
            case .savepoint: savepoints.append((name, index))
            case .rollbackToSavepoint:
                guard let place else { continue }
                undone.formUnion(savepoints[place].index..<index)
                savepoints.removeSubrange((place + 1)...)
            case .releaseSavepoint: if let place { savepoints.removeSubrange(place...) }
            default: savepoints = []
            }
        }
        return undone
    }
}
