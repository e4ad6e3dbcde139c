internal import PostgresClient
internal import Project

/// The rules of production, which forbid most kinds of seeding.
enum ProductionRules {
    /// - Throws: `SeedingError` with `.refused`.
    static func check(_ set: SeedSet, _ options: SeedOptions) throws(SeedingError) {
        guard options.isProduction else { return }
        if options.generate != nil {
            throw SeedingError(
                .refused,
                "generated rows are forbidden in production",
                hint: "use the right database, or --env"
            )
        }
        for table in set.tables {
            let file = table.files[0].file.path
            let isReference = set.options.reference.contains { TablePattern($0).fits(table.name) }
            guard isReference else {
                throw SeedingError(
                    .refused,
                    "\(file): production allows reference tables only, and \(table.name) is not one",
                    hint: "list it under reference: in \(set.options.path), or move the file to another layer"
                )
            }
            if let generate = table.generate {
                throw SeedingError(
                    .refused,
                    at: FilePlace(generate.file, line: generate.node.line),
                    "generated rows are forbidden in production",
                    hint: "move generate: to the layer of another environment"
                )
            }
        }
    }
}
