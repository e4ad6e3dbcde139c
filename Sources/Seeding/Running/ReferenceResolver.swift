import PostgresClient

/// Finds the rows that references refer to, as far as they are known yet.
struct ReferenceResolver {
    enum Value: Equatable {
        case known(String?)
        /// The server will assign the key when the row is inserted.
        case later
    }

    /// The rows that other rows refer to, and the columns that are needed from them.
    private(set) var wanted: [TableName: [String: Set<Int>]] = [:]
    private var found: [TableName: [String: [Int: String?]]] = [:]
    private var looked: [String: String?] = [:]
    private(set) var seeded: Set<TableName> = []

    /// The tables of this run.
    private var meant: Set<TableName> = []
    private var catalog = SeedCatalog([])

    mutating func note(_ tables: [BoundTable], meant: Set<TableName>, in catalog: SeedCatalog) {
        self.meant = meant
        self.catalog = catalog
        for table in tables {
            for reference in table.rows.references {
                guard case .row(let place) = reference.target else { continue }
                wanted[reference.parent, default: [:]][reference.column, default: []].insert(place)
            }
        }
    }

    mutating func finish(_ table: TableName) { seeded.insert(table) }

    mutating func remember(_ table: TableName, _ column: String, _ row: Int, _ value: String?) {
        found[table, default: [:]][column, default: [:]][row] = .some(value)
    }

    /// - Throws: `SeedingError` if a required row does not exist.
    mutating func resolve(
        _ reference: BoundReference,
        _ tables: [BoundTable],
        _ session: borrowing Session,
        depth: Int = 0
    ) throws -> Value {
        guard depth < 20 else { throw SeedingError(.file, at: reference.place, "the reference refers to itself") }
        switch reference.target {
        case .lookup(let conditions):
            let isWaiting =
                !seeded.contains(reference.parent) && meant.contains(reference.parent)
                && tables.contains { $0.name == reference.parent }
            return try look(reference, conditions, mayBeMissing: isWaiting, session)
        case .row(let place):
            if let value = found[reference.parent]?[reference.column]?[place] { return .known(value) }
            guard let parent = tables.first(where: { $0.name == reference.parent }),
                let index = parent.table.index(reference.column)
            else { return .later }
            switch parent.rows.cell(place, index) {
            case .text(let text): return .known(text)
            case .reference(let next):
                return try resolve(next, tables, session, depth: depth + 1)
            case .expression, nil: break
            }
            if meant.contains(reference.parent) { return .later }
            // The table is not part of this run, so its row must exist already.
            var conditions: [Reference.Condition] = []
            for column in parent.keyIndices {
                guard case .text(let text?) = parent.rows.cell(place, column) else { return .later }
                conditions.append(Reference.Condition(column: parent.table.columns[column].name, value: text))
            }
            return try look(reference, conditions, mayBeMissing: false, session)
        }
    }

    private mutating func look(
        _ reference: BoundReference,
        _ conditions: [Reference.Condition],
        mayBeMissing: Bool,
        _ session: borrowing Session
    ) throws -> Value {
        let name = "\(reference.parent).\(reference.column) \(conditions)"
        if let value = looked[name] { return .known(value) }
        guard !conditions.isEmpty else { return .later }
        let parent = catalog[reference.parent]
        let tests = conditions.enumerated().map { place, condition in
            let equality = parent?.equality(condition.column) ?? "OPERATOR(pg_catalog.=)"
            return "t.\(session.quoted(condition.column)) \(equality) $\(place + 1)"
        }
        let rows: Rows
        do {
            rows = try session.query(
                """
                SELECT t.\(session.quoted(reference.column))::pg_catalog.text AS value FROM \(session.quoted(reference.parent)) t
                WHERE \(tests.joined(separator: " AND ")) LIMIT 2
                """,
                conditions.map(\.value)
            )
        } catch let error as PostgresError where SeedingError.isAboutRows(error) {
            throw SeedingError(error, at: reference.place)
        }
        if rows.isEmpty, mayBeMissing { return .later }
        let columns = conditions.map(\.column).joined(separator: ", ")
        guard let row = rows.first else {
            throw SeedingError(
                .database,
                at: reference.place,
                "\(reference.parent) has no row with this \(columns)",
                hint: "a reference can find a row of the seeds by label, or a row of the table by columns"
            )
        }
        guard rows.count == 1 else {
            throw SeedingError(
                .database,
                at: reference.place,
                "\(reference.parent) has several rows with this \(columns)",
                hint: "name unique columns"
            )
        }
        looked[name] = .some(row["value"])
        return .known(row["value"])
    }
}
