/// Granary's own tables, which no command counts, so that all numbers agree.
package enum OwnTables {
    /// The schemas of these tables that hold granary's own, whatever their names.
    package static func schemas(among tables: some Sequence<(schema: String, name: String)>) -> Set<ExactText> {
        let names = Dictionary(grouping: tables, by: { ExactText($0.schema) }).mapValues { Set($0.map(\.name)) }
        return Set(names.filter { $0.value.isSuperset(of: ["migrations", "migration_log", "seeds"]) }.keys)
    }
}

extension Manifest {
    /// The schemas that hold granary's own tables.
    package var stateSchemas: Set<ExactText> {
        OwnTables.schemas(among: tables.lazy.map { (schema: $0.schema, name: $0.name) })
    }

    /// The tables without granary's own.
    package var tablesOfOthers: [Table] {
        let own = stateSchemas
        return tables.filter { !own.contains(ExactText($0.schema)) }
    }

    /// The tables whose rows are counted for people: those with rows in the archive, without granary's own.
    package var countedTables: [Table] { tablesOfOthers.filter { $0.kind == .ordinary && !$0.dataLeftOut } }

    /// The rows of `countedTables`.
    package var countedRows: Int { countedTables.reduce(0) { $0 + $1.rows } }
}
