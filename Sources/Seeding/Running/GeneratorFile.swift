import PostgresClient
internal import Storage
internal import SyntheticData

/// `--write`: writes the generators of a table as a seed file, for the user to edit.
enum GeneratorFile {
    /// - Throws: `SeedingError` with `.file` if no file can have the name of the table.
    static func path(of table: TableName, in folder: String) throws(SeedingError) -> String {
        guard !"\(table)".contains("/") else {
            throw SeedingError(.file, "there is no file for \(table): a file name cannot contain its slash")
        }
        return "\(folder)/\(table).yaml"
    }

    /// - Throws: `SeedingError` with `.file`, also if the file exists already.
    static func write(_ rows: GeneratedRows, of table: TableName, to path: String) throws(SeedingError) {
        do {
            try Files.create(path, Array(text(rows, of: table).utf8))
        } catch {
            throw SeedingError(.file, "\(path) cannot be written: \(error)")
        }
    }

    /// Creates the folder before anything else is done.
    ///
    /// - Throws: `SeedingError` with `.file`.
    static func prepare(_ folder: String) throws(SeedingError) {
        do {
            try Files.makeFolders(folder, mode: 0o777)
        } catch {
            throw SeedingError(.file, "the folder \(folder) cannot be created: \(error)")
        }
    }

    static func text(_ rows: GeneratedRows, of table: TableName) -> String {
        let lines = rows.table.columns.map { column in
            let constraints = column.constraints.isEmpty ? "" : " (\(column.constraints.joined(separator: ", ")))"
            // References and keys follow from the table. Generators that cannot be declared will be inferred again.
            guard let declared = column.generator.declaration, isDeclarable(column) else {
                return "    "
                    + comment("\(column.name): \(column.generator.summary)  # \(column.reason)\(constraints)")
            }
            return "    \(Declaration.quoted(column.name)): \(declared)  \(comment("\(column.reason)\(constraints)"))"
        }
        return """
            \(comment("The generators of \(table), written by granary seed --write."))
            # A line that begins with # describes a column whose generator is inferred.
            generate:
              count: \(rows.count)
              columns:
            \(lines.joined(separator: "\n"))

            """
    }

    private static func isDeclarable(_ column: GeneratedTable.Column) -> Bool {
        !(column.generator is SequenceGenerator) && !column.reason.hasPrefix("foreign key")
            && !column.reason.contains("unique together")
    }

    /// A comment on one line, because names may contain line breaks.
    private static func comment(_ text: String) -> String { "# " + String(text.map { $0.isNewline ? " " : $0 }) }
}
