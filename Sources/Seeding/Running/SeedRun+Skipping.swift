import PostgresClient

/// A table of a circle could not be filled after rows of others had been made that refer to it.
struct BrokenCircle: Error {
    /// What has to be left out from the beginning.
    var tables: [SeedReport.Skipped]
}

// A table that --generate cannot fill does not empty the others.
extension SeedRun {
    var maySkip: Bool { options.generate != nil && !options.isStrict }

    /// The order of the tables; those of a circle without a way out are left out where that is allowed.
    mutating func settleOrder() throws(SeedingError) -> SeedOrder {
        while true {
            do {
                return try SeedOrder(
                    tables.map(\.name),
                    numbers: numbers,
                    wishes: wishes,
                    mayMakeDeferrable: options.generate != nil,
                    catalog
                )
            } catch {
                guard maySkip, case .circle(let names) = error.code else { throw error }
                for name in names { skip(name, error.message, hint: error.hint) }
                tables.removeAll { names.contains($0.name) }
            }
        }
    }

    /// Makes the foreign keys of circles deferrable, or what they were.
    func setDeferrable(_ isDeferrable: Bool, _ session: borrowing Session) throws {
        for (edge, detour) in order?.detours ?? [:] where detour == .madeDeferrable {
            do {
                try session.execute(
                    "ALTER TABLE \(session.quoted(edge.child)) ALTER CONSTRAINT \(session.quoted(edge.foreignKey)) "
                        + (isDeferrable ? "DEFERRABLE" : "NOT DEFERRABLE")
                )
            } catch let error as PostgresError where SeedingError.isAboutRows(error) && isDeferrable && maySkip {
                let key = catalog[edge.child]?.foreignKeys.first { $0.name == edge.foreignKey }
                let reason =
                    "it is in a circle of foreign keys, and \(edge.foreignKey) cannot be made deferrable: \(error)"
                let names = [edge.child] + [key?.parent].compactMap { $0 }
                throw BrokenCircle(tables: names.map { SeedReport.Skipped(table: $0, reason: reason) })
            }
        }
    }

    /// Seeds a table, or leaves it as it was and notes why.
    mutating func fill(_ index: Int, _ session: inout Session) throws {
        let before = self
        try session.execute("SAVEPOINT granary_table")
        do {
            try seed(index, &session)
            try session.execute("RELEASE SAVEPOINT granary_table")
        } catch let error as SeedingError where Self.isAboutOneTable(error) {
            try session.execute("ROLLBACK TO SAVEPOINT granary_table")
            self = before
            skip(tables[index].name, error.message, hint: error.hint)
            try requireUnbrokenCircles(tables[index].name)
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            try session.execute("ROLLBACK TO SAVEPOINT granary_table")
            self = before
            skip(tables[index].name, "\(error)", hint: error.hint)
            try requireUnbrokenCircles(tables[index].name)
        }
    }

    private static func isAboutOneTable(_ error: SeedingError) -> Bool {
        switch error.code {
        case .schema, .tooFew, .database: true
        default: false
        }
    }

    private mutating func skip(_ name: TableName, _ reason: String, hint: String?) {
        skipped.insert(name)
        let prefix = "\(name): "
        let reason = reason.hasPrefix(prefix) ? String(reason.dropFirst(prefix.count)) : reason
        report.skipped.append(SeedReport.Skipped(table: name, reason: reason, hint: hint))
    }

    /// Rows that were made before this table refer to rows that it should have had: everything begins anew without them.
    private func requireUnbrokenCircles(_ name: TableName) throws {
        for (edge, detour) in order?.detours ?? [:] where detour.isCheckedLast && outcomes[edge.child] != nil {
            let key = catalog[edge.child]?.foreignKeys.first { $0.name == edge.foreignKey }
            guard key?.parent == name else { continue }
            throw BrokenCircle(
                tables: [
                    SeedReport.Skipped(table: edge.child, reason: "it refers to \(name), which could not be filled")
                ] + report.skipped.filter { $0.table == name }
            )
        }
    }
}
