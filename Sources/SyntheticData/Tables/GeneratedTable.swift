/// The origin of a table's rows.
package enum RowSource: Sendable {
    case count(Int)
    /// The number of the first row of each parent, followed by the total, and the number of combinations per parent.
    case per(ReferencePool, firsts: [Int], combinations: Int)

    package var count: Int {
        switch self {
        case .count(let count): count
        case .per(_, let firsts, _): firsts.last ?? 0
        }
    }

    /// The row with a number below `count`.
    func row(_ number: Int) -> GeneratedRow {
        guard case .per(let pool, let firsts, let combinations) = self else {
            return GeneratedRow(identity: UInt64(number), number: number)
        }
        var (low, high) = (0, firsts.count - 1)
        // Finds the last parent whose first row is not after this row.
        while low < high {
            let middle = (low + high + 1) / 2
            if firsts[middle] <= number { low = middle } else { high = middle - 1 }
        }
        return Self.row(number, parent: low, slot: number - firsts[low], pool, combinations)
    }

    @inline(__always)
    fileprivate static func row(
        _ number: Int,
        parent: Int,
        slot: Int,
        _ pool: ReferencePool,
        _ combinations: Int
    ) -> GeneratedRow {
        let identity = CellHash.mix(CellHash.mix(pool.identity(parent) &+ 0x51_7CC1_B727) &+ UInt64(slot))
        return GeneratedRow(
            identity: identity,
            number: number,
            parent: parent,
            slot: slot / combinations,
            combination: slot % combinations
        )
    }
}

/// The generated rows of a table: their number, and the generator of each column. Immutable; any row can be computed.
package final class GeneratedTable: Sendable {
    package struct Column: Sendable {
        package var name: String
        package var generator: any CellGenerator
        /// The rule that chose the generator, for `--explain`.
        package var reason: String
        /// The constraints that influenced the choice.
        package var constraints: [String]

        package init(name: String, generator: any CellGenerator, reason: String, constraints: [String] = []) {
            self.name = name
            self.generator = generator
            self.reason = reason
            self.constraints = constraints
        }
    }

    private let source: RowSource
    /// The first key of the rows.
    package let start: Int?
    package let columns: [Column]
    /// Columns that the server computes with an expression.
    package let expressions: [(name: String, sql: String)]
    private let byName: [String: Int]

    package init(source: RowSource, start: Int?, columns: [Column], expressions: [(name: String, sql: String)]) {
        self.source = source
        self.start = start
        self.columns = columns
        self.expressions = expressions
        byName = Dictionary(columns.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { one, _ in one })
    }

    package var count: Int { source.count }

    func row(_ number: Int) -> GeneratedRow { source.row(number) }

    func generator(_ column: String) -> (any CellGenerator)? { byName[column].map { columns[$0].generator } }

    func write(_ column: String, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        if let generator = generator(column) { generator.write(row, &out) } else { out.appendNull() }
    }

    /// Renders all rows as lines of COPY text on several threads, and passes them to `body` in order, piece by piece.
    ///
    /// - Parameters:
    ///   - jobs: The number of threads. The lines do not depend on it.
    ///   - isNumbered: Whether to begin each line with the number of the row and a 0, for temporary copies of the
    ///     table.
    ///   - body: Receives lines and the number of rows in them, on the calling thread.
    package func render(
        jobs: Int,
        isNumbered: Bool = false,
        _ body: (UnsafeRawBufferPointer, Int) throws -> Void
    ) throws {
        let rowsEach = 16_384
        let count = count
        var left = count
        try OrderedRendering.run(
            pieces: (count + rowsEach - 1) / rowsEach,
            jobs: jobs,
            render: { piece, out in
                let first = piece * rowsEach
                self.render(first..<min(count, first + rowsEach), isNumbered: isNumbered, into: &out)
            },
            { bytes in
                let rows = min(rowsEach, left)
                left -= rows
                try body(bytes, rows)
            }
        )
    }

    /// Renders candidates as lines of COPY text, each after its number.
    package func renderCandidates(_ numbers: Range<Int>, into out: inout CopyBuffer) {
        let generators = columns.map(\.generator)
        for number in numbers {
            out.append(number)
            let row = GeneratedRow.candidate(number)
            for generator in generators {
                out.append(CopyBuffer.tab)
                generator.write(row, &out)
            }
            out.append(CopyBuffer.newline)
        }
    }

    /// Renders rows as lines of COPY text.
    package func render(_ rows: Range<Int>, isNumbered: Bool = false, into out: inout CopyBuffer) {
        let generators = columns.map(\.generator)
        func line(_ row: GeneratedRow, _ out: inout CopyBuffer) {
            var isFirst = true
            if isNumbered {
                out.append(row.number)
                out.append(CopyBuffer.tab)
                out.append(UInt8(ascii: "0"))
                isFirst = false
            }
            for generator in generators {
                if !isFirst { out.append(CopyBuffer.tab) }
                isFirst = false
                generator.write(row, &out)
            }
            out.append(CopyBuffer.newline)
        }
        guard case .per(let pool, let firsts, let combinations) = source, !rows.isEmpty else {
            for number in rows { line(GeneratedRow(identity: UInt64(number), number: number), &out) }
            return
        }
        var parent = row(rows.lowerBound).parent
        for number in rows {
            while firsts[parent + 1] <= number { parent += 1 }
            line(RowSource.row(number, parent: parent, slot: number - firsts[parent], pool, combinations), &out)
        }
    }
}
