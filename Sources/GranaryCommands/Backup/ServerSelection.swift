package import ArgumentParser

/// Which databases of a server to back up.
package struct ServerSelection: ParsableArguments {
    @Flag(name: .long, help: "Every database of the server, each in its own file, and the roles.")
    package var allDatabases = false

    @Option(
        name: .long,
        help: ArgumentHelp("With --all-databases: not this database; repeatable, and a pattern.", valueName: "name")
    )
    package var excludeDatabase: [String] = []

    package init() {}

    /// - Throws: `ValidationError` for options of a single database.
    func requireSense(_ selection: BackupCommand.Selection) throws {
        guard allDatabases else {
            guard excludeDatabase.isEmpty else {
                throw ValidationError("--exclude-database belongs to --all-databases")
            }
            return
        }
        let given: [(name: String, isGiven: Bool)] = [
            ("--service", selection.service != nil), ("--schema", !selection.schema.isEmpty),
            ("--table", !selection.table.isEmpty), ("--exclude-schema", !selection.excludeSchema.isEmpty),
            ("--exclude-table", !selection.excludeTable.isEmpty),
            ("--exclude-table-data", !selection.excludeTableData.isEmpty),
        ]
        if let stray = given.first(where: \.isGiven)?.name {
            throw ValidationError("\(stray) is about one database, and --all-databases backs up all of them whole")
        }
    }
}
