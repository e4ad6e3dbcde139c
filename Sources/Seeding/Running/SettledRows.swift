import PostgresClient

/// The rows of a table, with all values that can be known before they are inserted.
struct SettledRows {
    /// The columns that at least one row gives.
    var columns: [String]
    /// The values by row, then by position in `columns`. nil for rows that are records: their values are in the file.
    var values: [[String?]?]
    var groups: [TableMerge.Group]
    var groupOfRow: [Int]
    var postponed: [(row: Int, column: String, cell: BoundCell)]

    private var numbers: [TableMerge.Group: Int] = [:]

    init(columns: [String]) {
        self.columns = columns
        (values, groups, groupOfRow, postponed) = ([], [], [], [])
    }

    /// The position of a group in `groups`.
    mutating func number(of group: TableMerge.Group) -> Int {
        if let number = numbers[group] { return number }
        numbers[group] = groups.count
        groups.append(group)
        return groups.count - 1
    }

    /// Adds the next row.
    mutating func add(_ row: [String?]?, to group: Int) {
        values.append(row)
        groupOfRow.append(group)
    }

    /// Moves certain groups to the front, such as those with rows that others refer to.
    mutating func putFirst(_ isFirst: (TableMerge.Group) -> Bool) {
        let order = groups.indices.filter { isFirst(groups[$0]) } + groups.indices.filter { !isFirst(groups[$0]) }
        var places = groups.indices.map { $0 }
        for (place, group) in order.enumerated() { places[group] = place }
        groups = order.map { groups[$0] }
        groupOfRow = groupOfRow.map { places[$0] }
        numbers = numbers.mapValues { places[$0] }
    }
}

extension SeedRun {
    /// Resolves references, reserves keys where a cycle requires it, and groups rows that give the same columns.
    mutating func settle(_ index: Int, _ session: borrowing Session) throws -> SettledRows {
        let table = tables[index].table
        try takeKeysOfOwnRows(index, session)
        let used = tables[index].rows.shapes.reduce(into: Set()) { $0.formUnion($1) }.sorted()
        let waiting = try waitingColumns(index, session)
        var settled = SettledRows(columns: used.map { table.columns[$0].name })
        // All records of a file give the same columns.
        var groupsOfRecords: [Int: Int] = [:]
        for row in tables[index].rows.indices {
            if let (file, _) = tables[index].rows.source(row), let records = tables[index].rows.records[file],
                waiting.isDisjoint(with: records.columns)
            {
                let group =
                    groupsOfRecords[file]
                    ?? settled.number(
                        of: TableMerge.Group(
                            plain: records.columns.map { table.columns[$0].name },
                            expressions: [:],
                            postponed: []
                        )
                    )
                groupsOfRecords[file] = group
                settled.add(nil, to: group)
            } else {
                try settle(row, of: index, used, waiting, into: &settled, session)
            }
        }
        settled.putFirst { group in
            table.foreignKeys.contains { key in
                key.parent == table.name && key.parentColumns.allSatisfy { group.plain.contains($0) }
            }
        }
        return settled
    }

    /// - Parameters:
    ///   - used: The columns that at least one row gives.
    ///   - waiting: Those whose values are filled in after all rows are inserted.
    private mutating func settle(
        _ row: Int,
        of index: Int,
        _ used: [Int],
        _ waiting: Set<Int>,
        into settled: inout SettledRows,
        _ session: borrowing Session
    ) throws {
        let table = tables[index].table
        let cells = tables[index].rows[row].cells
        var values = [String?](repeating: nil, count: used.count)
        var group = TableMerge.Group(plain: [], expressions: [:], postponed: [])
        for (place, column) in used.enumerated() {
            guard let cell = cells[column] else { continue }
            let name = table.columns[column].name
            if waiting.contains(column), cell != .text(nil) {
                group.postponed.append(name)
                settled.postponed.append((row, name, cell))
                continue
            }
            switch cell {
            case .text(let text):
                values[place] = text
                group.plain.append(name)
            case .expression(let sql): group.expressions[name] = sql
            case .reference(let reference):
                values[place] = try value(of: reference, session)
                group.plain.append(name)
            }
        }
        settled.add(values, to: settled.number(of: group))
    }

    /// Reserves the keys of rows to which other rows of the same table must refer when they are inserted. Columns of the
    /// table's key cannot be filled later either.
    private mutating func takeKeysOfOwnRows(_ index: Int, _ session: borrowing Session) throws {
        let table = tables[index].table
        let refersToItself = Set(
            table.foreignKeys.filter { $0.parent == table.name }.flatMap(\.columns).compactMap { table.index($0) }
        )
        let keyIndices = tables[index].keyIndices
        let required = refersToItself.filter { table.columns[$0].isNotNull || keyIndices.contains($0) }
        guard !required.isEmpty else { return }
        // Records contain no references.
        for row in tables[index].rows.indices where tables[index].rows.record(row) == nil {
            for column in required.sorted() {
                guard case .reference(let reference) = tables[index].rows.cell(row, column),
                    reference.parent == table.name, case .row = reference.target
                else { continue }
                _ = try value(of: reference, session)
            }
        }
    }

    /// The columns that are filled after all rows exist: those of nullable foreign keys that close a cycle, including
    /// foreign keys to the table itself.
    private mutating func waitingColumns(_ index: Int, _ session: borrowing Session) throws -> Set<Int> {
        let bound = tables[index]
        var waiting: Set<Int> = []
        // Without a key, the row could not be found again later.
        guard bound.key != .whileEmpty else { return waiting }
        for key in bound.table.foreignKeys {
            let columns = key.columns.compactMap { bound.table.index($0) }
            let nullable = columns.filter { !bound.table.columns[$0].isNotNull && !bound.keyIndices.contains($0) }
            guard !nullable.isEmpty else { continue }
            if order?.detours[.init(child: bound.name, foreignKey: key.name)] == .nullFirst {
                waiting.formUnion(nullable)
            } else if key.parent == bound.name {
                // Within one statement rows may refer to each other. With several statements they may not.
                var isKnown = bound.rows.shapes.count == 1 && !bound.rows.haveExpressions
                for row in bound.rows.own where isKnown {
                    for column in columns {
                        guard case .reference(let reference) = row.cells[column] else { continue }
                        let value = try references.resolve(reference, tables, session)
                        if value == .later { isKnown = false }
                    }
                }
                if isKnown { continue }
                let isUsed = bound.rows.giveValues(of: columns)
                if isUsed { waiting.formUnion(nullable) }
            }
        }
        return waiting
    }

    private mutating func value(of reference: BoundReference, _ session: borrowing Session) throws -> String? {
        let resolved = try references.resolve(reference, tables, session)
        if case .known(let text) = resolved { return text }
        if case .row(let row) = reference.target,
            let text = try takeKey(reference.parent, reference.column, row, session)
        {
            return text
        }
        throw SeedingError(
            .schema,
            at: reference.place,
            "the key of the referenced row is known only after its insertion, which is too late here",
            hint: "give the row its \(reference.column) in the file"
        )
    }

    /// The key that a row will have before it is inserted: its existing key, or the next value of the sequence.
    private mutating func takeKey(
        _ name: TableName,
        _ column: String,
        _ row: Int,
        _ session: borrowing Session
    ) throws -> String? {
        guard let index = tables.firstIndex(where: { $0.name == name }), let place = tables[index].table.index(column),
            let sequence = tables[index].table.columns[place].sequence, tables[index].rows.cell(row, place) == nil
        else { return nil }
        let bound = tables[index]
        var conditions: [(String, String)] = []
        for column in bound.keyIndices {
            guard case .text(let text?) = bound.rows.cell(row, column) else { return nil }
            conditions.append((bound.table.columns[column].name, text))
        }
        guard !conditions.isEmpty else { return nil }
        let tests = conditions.enumerated().map {
            "\(session.quoted($1.0)) \(bound.table.equality($1.0)) $\($0 + 1)"
        }.joined(separator: " AND ")
        let target = session.quoted(name)
        let rows = try session.query(
            "SELECT \(session.quoted(column))::pg_catalog.text AS value FROM \(target) WHERE \(tests) LIMIT 2",
            conditions.map(\.1)
        )
        guard rows.count < 2 else { throw Self.severalAreMeant(bound, row) }
        if let present = rows.first?["value"] {
            references.remember(name, column, row, present)
            return present
        }
        let taken: String
        if options.planOnly {
            // A plan must not use sequences. For a trial, numbers above all existing ones are enough.
            planNumbers[name, default: 0] += 1
            taken = try session.query(
                "SELECT (coalesce(pg_catalog.max(\(session.quoted(column))), 0) + 1000000 + \(planNumbers[name] ?? 0))::pg_catalog.text AS value FROM \(target)"
            )[0].text("value")
        } else {
            taken = try session.query(
                "SELECT pg_catalog.nextval($1::pg_catalog.regclass)::pg_catalog.text AS value",
                [sequence]
            )[0].text(
                "value"
            )
        }
        tables[index].rows.setCell(row, place, .text(taken))
        return taken
    }
}
