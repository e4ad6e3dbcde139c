import PostgresClient

extension SeedRun {
    var maySkip: Bool { options.generate != nil && !options.isStrict }

    /// Seeds a table. If that fails, leaves it as it was and notes the reason.
    mutating func fill(_ index: Int, _ session: inout Session) throws {
        let before = self
        do {
            try session.savepoint { session in try seed(index, &session) }
        } catch let error as SeedingError where Self.isAboutOneTable(error) {
            self = before
            skip(tables[index].name, error.message, hint: error.hint)
            try requireUnbrokenCircles(tables[index].name)
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
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

    /// Starts over if rows that were inserted earlier refer to rows of a table that could not be filled.
    private func requireUnbrokenCircles(_ name: TableName) throws {
        let parent = report.skipped.filter { $0.table == name }
        let children = (order?.edges(where: \.isCheckedLast) ?? []).filter { edge in
            outcomes[edge.child] != nil && self.parent(of: edge) == name
        }.map(\.child)
        guard !children.isEmpty else { return }
        let reason = "it refers to \(name), which could not be filled"
        throw StartOver(
            without: Set(children).sorted().map { .init(table: $0, reason: reason, hint: parent.first?.hint) } + parent
        )
    }
}
