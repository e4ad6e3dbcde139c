/// A ROLLBACK that undoes statements of the same script: the script succeeds and has no effect.
///
/// ROLLBACK TO SAVEPOINT does not count, because later statements may be kept.
package struct RolledBackWork: Sendable, Equatable {
    /// The index of the ROLLBACK among the statements.
    package var rollback: Int
    /// The first statement that it undoes.
    package var statement: Int

    /// - Parameter effects: One for each statement.
    /// - Returns: nil if every statement is kept.
    package static func find(_ statements: [SQLStatement], _ effects: [StatementEffects]) -> RolledBackWork? {
        // Work that ends with the script, with the next COMMIT, or that PREPARE TRANSACTION stored.
        var open: Int?
        var prepared: Int?
        for (index, statement) in statements.enumerated() {
            switch effects[index].transaction {
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
        var savepoints: [(name: String, index: Int)] = []
        var undone: Set<Int> = []
        for (index, statement) in statements.enumerated() {
            guard case .controls(let control) = effects[index].transaction else { continue }
            let name = statement.tree?["savepoint_name"].string ?? ""
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
