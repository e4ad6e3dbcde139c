package import ArgumentParser
internal import PostgresClient

/// Tables as arguments of a command.
package struct NamedTables: ParsableArguments {
    @Argument(help: ArgumentHelp("Only this table, or a pattern as psql takes it; repeatable.", valueName: "table"))
    package var tables: [String] = []

    package init() {}

    var choice: TableChoice { TableChoice(texts: tables) }
}

/// The tables that a person names; all if none is named.
struct TableChoice: Sendable {
    let texts: [String]

    /// Whether a name says its schema, which may be another than the service's.
    var hasSchemas: Bool { texts.contains { $0.contains(".") } }

    func chosen<Table>(from all: [Table], by name: (Table) -> TableName) -> [Table] {
        guard !texts.isEmpty else { return all }
        let names = Set(texts.flatMap { TablePattern.choice($0, in: all, by: name).tables.map(name) })
        return all.filter { names.contains(name($0)) }
    }

    /// - Throws: `CommandError` with `.usage` if a name fits no table.
    func require(in all: [TableName]) throws {
        for text in texts where TablePattern.choice(text, in: all, by: { $0 }).tables.isEmpty {
            throw CommandError(
                .usage,
                "no table matches \(text)",
                hint: TablePattern.advice(text, among: all) ?? "`granary tables` lists them; --all looks in all schemas"
            )
        }
    }
}
