package import Restore

/// What a restore will do, shown before anything happens.
package struct RestoreIntent: Sendable, Equatable {
    package var file: String
    package var database: String
    package var host: String
    /// Whether the database exists.
    package var exists: Bool
    package var tables = 0
    package var rowsEstimate = 0
    package var bytes = 0
    /// Sentences in order, from the restore's own plan.
    package var steps: [String] = []

    package init(file: String, database: String, host: String, exists: Bool) {
        self.file = file
        self.database = database
        self.host = host
        self.exists = exists
    }

    package var lines: [String] {
        ["restoring \(file)", "into database \(database) at \(host) (\(contents))"] + steps.map { "- \($0)" }
    }

    private var contents: String {
        guard exists else { return "not there yet" }
        let rows = rowsEstimate > 0 ? ", about \(counted(rowsEstimate, "row"))" : ""
        return "now \(counted(tables, "table"))\(rows), \(Formatting.bytes(bytes))"
    }
}

extension RestoreOptions {
    /// Whether data are lost that no rename brings back.
    ///
    /// - Parameter isPartial: The archive holds only some schemas or tables, which replace the existing ones.
    package func destroys(isPartial: Bool) -> Bool {
        if dropOld || inPlace || (dataOnly && !ifEmpty) || rows == .replace { return true }
        // Also with `--into`: a part goes into a database that exists.
        return !schemas.isEmpty || (isPartial && tables.isEmpty && !ifEmpty)
    }
}
