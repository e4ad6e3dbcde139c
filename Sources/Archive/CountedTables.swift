extension Manifest {
    /// The tables whose rows are counted for people: those with rows in the archive, without granary's own. All commands
    /// count these, so that their numbers agree.
    package var countedTables: [Table] {
        let own = stateSchemas
        return tables.filter { $0.kind == .ordinary && !$0.dataLeftOut && !own.contains(ExactText($0.schema)) }
    }

    /// The rows of `countedTables`.
    package var countedRows: Int { countedTables.reduce(0) { $0 + $1.rows } }

    /// Schemas with granary's own tables, whatever their name.
    package var stateSchemas: Set<ExactText> {
        let names = Dictionary(grouping: tables, by: { ExactText($0.schema) }).mapValues { Set($0.map(\.name)) }
        return Set(names.filter { $0.value.isSuperset(of: ["migrations", "migration_log", "seeds"]) }.keys)
    }
}
