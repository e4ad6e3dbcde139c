internal import Glibc
import PostgresClient
internal import Storage
internal import SyntheticData

/// `--write`: the generators of a table as a seed file, to be edited.
enum GeneratorFile {
    /// - Returns: The path; nil if there is a file of this name already, which stays as it is.
    /// - Throws: `SeedingError` with `.file`.
    static func write(_ rows: GeneratedRows, of table: TableName, in folder: String) throws(SeedingError) -> String? {
        let path = "\(folder)/\(table).yaml"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            if errno == EEXIST { return nil }
            throw problem(path)
        }
        defer { close(descriptor) }
        var rest = Array(text(rows, of: table).utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw problem(path) }
            rest = rest.dropFirst(written)
        }
        return path
    }

    /// Makes the folder, before anything else is done.
    ///
    /// - Throws: `SeedingError` with `.file`.
    static func prepare(_ folder: String) throws(SeedingError) {
        do {
            try Files.makeFolders(folder, mode: 0o777)
        } catch {
            throw SeedingError(.file, "the folder \(folder) cannot be made: \(error)")
        }
    }

    static func text(_ rows: GeneratedRows, of table: TableName) -> String {
        let lines = rows.table.columns.map { column in
            let constraints = column.constraints.isEmpty ? "" : " (\(column.constraints.joined(separator: ", ")))"
            // References and keys follow from the table; what no declaration says stays inferred.
            guard let declared = column.generator.declaration, isDeclarable(column) else {
                return "    # \(column.name): \(column.generator.summary)  # \(column.reason)\(constraints)"
            }
            return "    \(name(column.name)): \(declared)  # \(column.reason)\(constraints)"
        }
        return """
            # Generated rows of \(table), as granary seed --write has found their generators.
            # A line with # before the column says what it gets without a declaration.
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

    /// A plain name, else one in quotes.
    private static func name(_ column: String) -> String {
        let isPlain = column.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "_")
        }
        let words: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        return isPlain && !words.contains(column) ? column : ValueText.quoted(column)
    }

    private static func problem(_ path: String) -> SeedingError {
        SeedingError(.file, "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}
