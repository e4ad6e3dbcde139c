import PostgresClient
internal import SyntheticData

/// Columns that share constraints. Their values are drawn together.
struct CandidateGroup {
    var constraints: [AskedConstraint]
    var columns: [String]

    var comparesRows: Bool { constraints.contains { $0.comparesRows } }

    /// Groups the constraints so that no two groups share a column.
    ///
    /// - Parameter related: For each column, the other columns that its declaration uses.
    static func all(
        of asked: Set<AskedConstraint>,
        in table: SeedCatalog.Table,
        related: [String: [String]]
    ) -> [CandidateGroup] {
        var groups: [CandidateGroup] = []
        for constraint in asked.sorted() {
            var group = CandidateGroup(
                constraints: [constraint],
                columns: closed(constraint.columns(in: table), in: table, related)
            )
            groups.removeAll { other in
                guard other.columns.contains(where: { group.columns.contains($0) }) else { return false }
                group.constraints += other.constraints
                group.columns += other.columns.filter { !group.columns.contains($0) }
                return true
            }
            groups.append(group)
        }
        return groups
    }

    /// The columns, with those that must be drawn with them: columns of the same foreign key, and columns that a
    /// declaration uses.
    private static func closed(
        _ names: [String],
        in table: SeedCatalog.Table,
        _ related: [String: [String]]
    ) -> [String] {
        var names = names
        var next = 0
        while next < names.count {
            let name = names[next]
            let keys = table.foreignKeys.filter { $0.columns.contains(name) }.flatMap(\.columns)
            for other in keys + (related[name] ?? []) where !names.contains(other) { names.append(other) }
            next += 1
        }
        return names
    }
}

/// The result of a search.
struct AcceptedCandidates {
    /// The numbers of the accepted candidates, in order.
    var numbers: [Int]
    var drawn: Int
    /// Whether the search has drawn all values that the generators have.
    var isExhaustive: Bool
    /// The generators that made the candidates.
    var generators: [String: any CellGenerator]
}

/// Draws candidates for a group of columns, and lets the server choose with the constraints' own expressions.
///
/// The first candidates are the values that the columns would have without the constraints. If the server accepts few
/// of them, the search tries values of many forms, and then values similar to the accepted ones.
struct CandidateSearch {
    let table: SeedCatalog.Table
    let group: CandidateGroup
    let inference: GeneratorInference
    /// The columns' own generators.
    let usual: [String: any CellGenerator]
    /// The columns whose values need not come from their own generators.
    let free: Set<String>
    /// Other columns, such as references, that may be NULL instead of the value of their own generator.
    let nullable: Set<String>
    let wanted: Int
    /// The number of candidates that may be drawn without success.
    let patience: Int
    /// The place of the declaration, for messages.
    let place: FilePlace
    /// The columns, for the generators of other columns of the candidate.
    let lates: [String: LateColumn]
    /// Whether rows compare not only with each other but also with those in the table.
    let countsPresentRows: Bool

    private static let candidates = "pg_temp.granary_candidates"
    private static let accepted = "pg_temp.granary_accepted"

    private enum Stage: Int { case usual, probing, narrowed }

    private var stages: [String: [(first: Int, generator: any CellGenerator)]] = [:]
    /// Whether the server tests the candidates one by one, because some of them cause an error.
    private var isOneByOne = false

    init(
        table: SeedCatalog.Table,
        group: CandidateGroup,
        inference: GeneratorInference,
        usual: [String: any CellGenerator],
        free: Set<String>,
        nullable: Set<String>,
        wanted: Int,
        patience: Int,
        place: FilePlace,
        lates: [String: LateColumn],
        countsPresentRows: Bool
    ) {
        self.table = table
        self.group = group
        self.inference = inference
        self.usual = usual
        self.free = free
        self.nullable = nullable
        self.wanted = wanted
        self.patience = patience
        self.place = place
        self.lates = lates
        self.countsPresentRows = countsPresentRows
        for column in group.columns { stages[column] = usual[column].map { [(0, $0)] } }
    }

    /// - Throws: `SeedingError` with `.schema` if no candidate is accepted. It names the constraint that accepts the
    ///   fewest.
    mutating func run(_ session: inout Session) throws -> AcceptedCandidates {
        try prepare(session)
        var (next, accepted) = (0, [Int]())
        var (stage, stageBegan, stageAccepted) = (Stage.usual, 0, 0)
        var rateBefore = 0.0
        var mayNarrow = !free.isEmpty
        var batch = 2000
        while accepted.count < wanted, next < most(accepted) {
            let count = min(batch, most(accepted) - next)
            let found = try accept(next..<(next + count), &session)
            next += count
            accepted += found
            stageAccepted += found.count
            guard accepted.count < wanted else { break }
            let rate = Double(stageAccepted) / Double(max(1, next - stageBegan))
            let isPoor = rate < 0.1
            switch stage {
            case .usual where isPoor && !(free.isEmpty && nullable.isEmpty) && next - stageBegan >= 2000:
                stage = .probing
                probe(from: next)
                (stageBegan, stageAccepted) = (next, 0)
            case .probing where rate < 0.02 && mayNarrow && accepted.count >= 10 && next - stageBegan >= 20_000:
                rateBefore = rate
                mayNarrow = false
                stage = .narrowed
                try narrow(from: next, session)
                (stageBegan, stageAccepted) = (next, 0)
            case .narrowed where next - stageBegan >= 20_000 && rate < rateBefore:
                // The values learned do not satisfy the constraint.
                stage = .probing
                probe(from: next)
                (stageBegan, stageAccepted) = (next, 0)
            default: break
            }
            // Draws slightly more candidates than the rate so far requires.
            let needed = rate > 0 ? Double(wanted - accepted.count) / rate * 1.1 : 100_000
            batch = min(stage == .usual && next < 4000 ? 2000 : 100_000, max(2000, Int(needed)))
            if isPoor, stage != .usual { batch = max(batch, 10_000) }
        }
        guard !accepted.isEmpty else { throw try refusal(drawn: next, session) }
        try drop(session)
        return AcceptedCandidates(
            numbers: Array(accepted.prefix(wanted)),
            drawn: next,
            isExhaustive: next >= all,
            generators: generators
        )
    }

    /// The number of candidates that may be drawn, given the numbers of the accepted ones.
    private func most(_ accepted: [Int]) -> Int {
        // Rows may share candidates unless they must differ.
        if !group.comparesRows, accepted.count >= min(wanted, 50) { return min(all, patience) }
        // The search goes on while at least one candidate in 20,000 is accepted. By chance, a constraint that one
        // candidate in 10,000 satisfies may accept fewer than that.
        let few = max(1, patience / 20_000)
        guard accepted.count >= few else { return min(all, patience) }
        return min(all, accepted[accepted.count - few] + 1 + patience)
    }

    /// The number of candidates after which all values have been drawn.
    private var all: Int {
        // Beyond its domain a unique generator would repeat values.
        let domains = group.columns.compactMap { column in
            usual[column].flatMap { $0.isUnique ? $0.domain : nil }
        }
        let limit = domains.min() ?? .max
        // If no other values may be drawn, all combinations have occurred soon.
        let combinations =
            free.isEmpty && nullable.isEmpty
            ? group.columns.map { usual[$0]?.domain ?? 1_000_000 }.reduce(1.0) { $0 * Double($1) } : 1e9
        return combinations < 10_000 ? min(limit, max(2000, Int(20 * combinations))) : limit
    }
}

extension CandidateSearch {
    private func prepare(_ session: borrowing Session) throws {
        let columns = group.columns.map { column -> String in
            // A value that is too long must be rejected as a candidate, not end the COPY. So the columns have no
            // maximum length.
            let type = self.table.column(column)
            let stored = Self.unlimited[type?.typeName ?? ""] ?? type?.baseType ?? "text"
            return "NULL::\(stored) AS \(session.quoted(column))"
        }
        let list = (["NULL::bigint AS granary_n"] + columns).joined(separator: ", ")
        try drop(session)
        for name in [Self.candidates, Self.accepted] {
            try session.execute(
                "CREATE TEMPORARY TABLE \(name.dropFirst(8)) ON COMMIT DROP AS SELECT \(list) WITH NO DATA"
            )
        }
        for constraint in group.constraints {
            if let index = constraint.index(on: Self.accepted, in: table) { try session.execute(index) }
        }
        if countsPresentRows, group.comparesRows {
            let names = session.quoted(group.columns)
            try session.execute(
                "INSERT INTO \(Self.accepted) (\(names)) SELECT \(names) FROM \(session.quoted(table.name)) ON CONFLICT DO NOTHING"
            )
        }
    }

    /// Types with a maximum length, and the corresponding types without.
    private static let unlimited = [
        "varchar": "text", "bpchar": "pg_catalog.bpchar", "_varchar": "pg_catalog._varchar",
        "_bpchar": "pg_catalog._bpchar",
    ]

    private func drop(_ session: borrowing Session) throws {
        try session.execute("DROP TABLE IF EXISTS \(Self.candidates), \(Self.accepted)")
    }

    private func condition(_ session: borrowing Session) -> String {
        let required = group.columns.filter { table.column($0)?.isNotNull == true }
        let limited = group.columns.compactMap { table.column($0) }
        let tests =
            required.map { "c.\(session.quoted($0)) IS NOT NULL" }
            + limited.compactMap { AskedConstraint.lengthCondition($0, session) }.map { "\($0) IS NOT FALSE" }
            + group.constraints.compactMap { $0.condition(in: table, session) }.map { "\($0) IS NOT FALSE" }
        return tests.isEmpty ? "true" : tests.joined(separator: " AND ")
    }

    /// The numbers of the candidates that the server accepts.
    private mutating func accept(_ numbers: Range<Int>, _ session: inout Session) throws -> [Int] {
        let rows = GeneratedTable(
            source: .count(numbers.upperBound),
            start: nil,
            columns: group.columns.compactMap { column in
                generators[column].map { .init(name: column, generator: $0, reason: "") }
            },
            expressions: []
        )
        let names = (["granary_n"] + rows.columns.map { session.quoted($0.name) }).joined(separator: ", ")
        try session.execute("TRUNCATE \(Self.candidates)")
        _ = try session.copyIn("COPY \(Self.candidates) (\(names)) FROM STDIN") { sink in
            var buffer = CopyBuffer(capacity: 1 << 18)
            var first = numbers.lowerBound
            while first < numbers.upperBound {
                let end = min(numbers.upperBound, first + 2000)
                buffer.removeAll()
                rows.renderCandidates(first..<end, into: &buffer)
                try buffer.lend { try sink.write($0) }
                first = end
            }
        }
        if !isOneByOne {
            do {
                try session.savepoint { session in
                    try session.execute(
                        """
                        INSERT INTO \(Self.accepted) SELECT c.* FROM \(Self.candidates) c WHERE \(condition(session))
                        ORDER BY c.granary_n ON CONFLICT DO NOTHING
                        """
                    )
                }
            } catch let error as PostgresError where SeedingError.isAboutRows(error) {
                isOneByOne = true
            }
        }
        if isOneByOne { try takeOneByOne(session) }
        let text = try session.query(
            """
            SELECT pg_catalog.string_agg(granary_n::pg_catalog.text, ',' ORDER BY granary_n) AS numbers
            FROM \(Self.accepted) WHERE granary_n >= \(numbers.lowerBound)
            """
        )[0].text("numbers")
        return text.utf8.split(separator: UInt8(ascii: ",")).compactMap { Int(Substring($0)) }
    }

    /// Takes each candidate by itself. An expression that fails for some values, for example by division by zero, may
    /// accept others, and a value that is too long for an index is rejected alone.
    private func takeOneByOne(_ session: borrowing Session) throws {
        // The option resolves names that are both a column and a variable.
        try session.execute(
            """
            DO $granary$
            #variable_conflict use_column
            DECLARE r \(Self.candidates);
            BEGIN
                FOR r IN SELECT * FROM \(Self.candidates) c ORDER BY c.granary_n LOOP
                    BEGIN
                        IF (SELECT \(condition(session)) FROM (SELECT r.*) c) THEN
                            INSERT INTO \(Self.accepted) SELECT r.* ON CONFLICT DO NOTHING;
                        END IF;
                    EXCEPTION WHEN OTHERS THEN
                        NULL;
                    END;
                END LOOP;
            END $granary$
            """
        )
    }

    /// An error that names the constraint that accepts the fewest of the last candidates.
    private func refusal(drawn: Int, _ session: borrowing Session) throws -> SeedingError {
        var poorest: (constraint: AskedConstraint, count: Int)?
        let total = try session.query("SELECT pg_catalog.count(*) AS count FROM \(Self.candidates)")[0].int("count")
        for constraint in group.constraints where !isOneByOne {
            guard let test = constraint.condition(in: table, session) else { continue }
            let count = try session.query(
                "SELECT pg_catalog.count(*) AS count FROM \(Self.candidates) c WHERE \(test) IS NOT FALSE"
            )[0].int("count")
            if count < poorest?.count ?? .max { poorest = (constraint, count) }
        }
        let culprit = poorest.map { $0.count < total ? $0.constraint : nil } ?? nil
        let names = (culprit.map { [$0] } ?? group.constraints).map { $0.name(in: table) }
        let columns = culprit?.columns(in: table) ?? group.columns
        return SeedingError(
            .schema,
            at: place,
            "\(table.name): of \(grouped(drawn)) values drawn for \(columns.joined(separator: ", ")), "
                + "\(names.joined(separator: " and ")) \(names.count == 1 ? "accepts" : "accept") none",
            hint: columns.first.map { Self.advice($0, in: table, usual: usual[$0]) }
        )
    }

    /// Advice with an example of a declaration for the column.
    ///
    /// - Parameter usual: The column's own generator, whose bounds are those of the constraints that could be read.
    private static func advice(
        _ column: String,
        in table: SeedCatalog.Table,
        usual: (any CellGenerator)?
    ) -> String {
        let form =
            switch table.column(column)?.typeName ?? "" {
            case "int2", "int4", "int8", "numeric", "float4", "float8":
                (usual as? NumberGenerator)?.declaration ?? "{between: [1, 100]}"
            case "date", "timestamp", "timestamptz": "{between: [-2y, now]}"
            case "text", "varchar", "bpchar", "citext": "{pattern: \"[a-z]{8}\"}"
            case "bool": "{chance: 50%}"
            default: "{pick: [first, second]}"
            }
        return
            "declare a generator in seeds/development/\(table.name).yaml, such as generate: {columns: {\(column): \(form)}}"
    }
}

extension CandidateSearch {
    private mutating func add(_ generator: any CellGenerator, to column: String, from first: Int) {
        stages[column]?.append((first, generator))
        lates[column]?.settle(StagedGenerator(stages[column] ?? []))
    }

    private var generators: [String: any CellGenerator] {
        stages.mapValues { $0.count == 1 ? $0[0].generator : StagedGenerator($0) }
    }

    private var key: String { group.columns.sorted().joined(separator: ",") }

    private mutating func probe(from first: Int) {
        var hints = ProbeHints()
        for constraint in group.constraints { constraint.readHints(in: table, into: &hints) }
        for column in group.columns where free.contains(column) {
            guard let catalogued = table.column(column), let usual = usual[column] else { continue }
            // With the bounds that could be read from the constraints.
            let shape = inference.table.column(column) ?? ColumnShape(catalogued)
            add(inference.probe(shape, usual: usual, hints, group: key), to: column, from: first)
        }
        for column in group.columns where nullable.contains(column) {
            guard let usual = usual[column] else { continue }
            add(inference.probeNulls(column, usual: usual, group: key), to: column, from: first)
        }
    }

    /// Learns from the accepted values, and draws similar ones.
    private mutating func narrow(from first: Int, _ session: borrowing Session) throws {
        for column in group.columns where free.contains(column) {
            guard let catalogued = table.column(column), let before = stages[column]?.last?.generator else { continue }
            let name = "a.\(session.quoted(column))"
            let number: String? =
                switch catalogued.typeName {
                case "int2", "int4", "int8", "numeric", "float4", "float8": "\(name)::pg_catalog.float8"
                case "date", "timestamp", "timestamptz", "time":
                    "(extract(epoch FROM \(name)) * 1000000)::pg_catalog.float8"
                default: nil
                }
            var range: ClosedRange<Double>?
            if let number {
                let row = try session.query(
                    """
                    SELECT pg_catalog.min(\(number))::pg_catalog.text AS low, pg_catalog.max(\(number))::pg_catalog.text AS high
                    FROM \(Self.accepted) a WHERE a.granary_n IS NOT NULL
                    """
                )[0]
                if let low = row["low"].flatMap({ Double($0) }), let high = row["high"].flatMap({ Double($0) }),
                    low <= high,
                    low.isFinite, high.isFinite
                {
                    range = low...high
                }
            }
            let values = try session.query(
                """
                SELECT \(name)::pg_catalog.text AS value FROM \(Self.accepted) a WHERE a.granary_n IS NOT NULL
                ORDER BY a.granary_n LIMIT 500
                """
            ).map { $0["value"] }
            let learnt = LearntValues(range: range, values: values)
            add(
                inference.probe(ColumnShape(catalogued), learnt: learnt, usual: before, group: key),
                to: column,
                from: first
            )
        }
    }
}
