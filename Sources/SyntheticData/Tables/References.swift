/// The rows that a foreign key may refer to: first those in the table, then the generated ones, whose keys are
/// computed.
package final class ReferencePool: Sendable {
    /// The values of each column as COPY text.
    private let columns: [String: [[UInt8]]]
    private let times: [String: [Int?]]
    private let identities: [UInt64]
    private let generated: GeneratedTable?
    private let listedCount: Int

    package init(
        columns: [String: [String?]],
        times: [String: [Int?]],
        identities: [UInt64],
        generated: GeneratedTable?
    ) {
        self.columns = columns.mapValues { values in
            values.map { CopyBuffer.bytes(of: $0) }
        }
        self.times = times
        self.identities = identities
        self.generated = generated
        listedCount = identities.count
    }

    package var count: Int { listedCount + (generated?.count ?? 0) }

    func write(_ column: String, _ index: Int, _ out: inout CopyBuffer) {
        if index < listedCount {
            if let values = columns[column] { out.append(values[index]) } else { out.appendNull() }
        } else if let generated {
            generated.write(column, generated.row(index - listedCount), &out)
        }
    }

    package func micros(_ column: String, _ index: Int) -> Int? {
        if index < listedCount { return times[column]?[index] }
        guard let generated else { return nil }
        return generated.generator(column)?.micros(generated.row(index - listedCount))
    }

    /// The number from which all draws about a parent are computed. It does not depend on the parent's index, so that
    /// other parents can be inserted before it.
    package func identity(_ index: Int) -> UInt64 {
        index < listedCount ? identities[index] : generated?.row(index - listedCount).identity ?? 0
    }

    /// The first row of each value of a column.
    package func firstRows(ofEach column: String) -> [Int] {
        var seen: Set<[UInt8]> = []
        var first: [Int] = []
        var value = CopyBuffer(capacity: 64)
        for row in 0..<count {
            value.removeAll()
            write(column, row, &value)
            if seen.insert(value.bytes()).inserted { first.append(row) }
        }
        return first
    }

    /// The index of a listed row; nil if no listed row has this key.
    package func index(ofKey key: [String], columns names: [String]) -> Int? {
        let wanted = key.map { CopyBuffer.bytes(of: $0) }
        return (0..<listedCount).first { index in
            zip(names, wanted).allSatisfy { columns[$0]?[index] == $1 }
        }
    }
}

/// The rows of a parent by the values of some of its columns.
package final class ReferenceIndex: Sendable {
    /// The columns of the child that already have generators.
    private let own: [any CellGenerator]
    private let rows: [[UInt8]: [Int]]

    /// - Parameters:
    ///   - own: Columns of the child that already have generators.
    ///   - theirs: The columns of the parent that must have the same values, in the same order.
    package init(_ own: [any CellGenerator], _ theirs: [String], of pool: ReferencePool) {
        self.own = own
        var rows: [[UInt8]: [Int]] = [:]
        var key = CopyBuffer(capacity: 64)
        for row in 0..<pool.count {
            key.removeAll()
            for column in theirs {
                pool.write(column, row, &key)
                key.append(CopyBuffer.tab)
            }
            rows[key.bytes(), default: []].append(row)
        }
        self.rows = rows
    }

    /// A row of the parent with the same values as the row; the first row if there is none.
    func row(for row: GeneratedRow, _ draw: UInt64) -> Int {
        var key = CopyBuffer(capacity: 64)
        for generator in own {
            generator.write(row, &key)
            key.append(CopyBuffer.tab)
        }
        guard let found = rows[key.bytes()] else { return 0 }
        return found[CellHash.below(found.count, draw)]
    }

    /// The rows of another pool whose values also occur here.
    package func matching(_ columns: [String], of pool: ReferencePool) -> [Int] {
        var key = CopyBuffer(capacity: 64)
        var found: [Int] = []
        for row in 0..<pool.count {
            key.removeAll()
            for column in columns {
                pool.write(column, row, &key)
                key.append(CopyBuffer.tab)
            }
            if rows[key.bytes()] != nil { found.append(row) }
        }
        return found
    }
}

/// A random column of a foreign key. All columns of the key use the same draw.
package final class ReferenceGenerator: CellGenerator {
    package enum Pick: Sendable {
        case even
        /// Early rows more often, by Zipf's law with this exponent.
        case zipf(Double)
        /// The parent in `per`.
        case parent
        /// Each row of the parent once, in order, except those that already have one.
        case once(skipped: [Int])
        /// One of these rows of the parent.
        case among([Int])
        /// These rows of the parent, each once, in order.
        case onceAmong([Int])
        /// A row that has the same values as the columns of the child that other foreign keys have set.
        case matching(ReferenceIndex)
    }

    package let pool: ReferencePool
    private let column: String
    package let pick: Pick
    private let key: UInt64
    private let count: Int

    package init(_ pool: ReferencePool, column: String, pick: Pick, key: UInt64) {
        self.pool = pool
        self.column = column
        self.pick = pick
        self.key = key
        count = pool.count
    }

    package func index(_ row: GeneratedRow) -> Int {
        switch pick {
        case .even: return CellHash.below(count, CellHash.draw(key, row.identity))
        case .zipf(let exponent):
            // The inverse of the continuous law, which is close enough and needs no table.
            let share = CellHash.unit(CellHash.draw(key, row.identity))
            let n = Double(count)
            let value: Double
            if abs(exponent - 1) < 1e-6 {
                value = Curve.exp(share * Curve.log(n + 1))
            } else {
                let power = 1 - exponent
                value = Curve.power(share * (Curve.power(n + 1, power) - 1) + 1, 1 / power)
            }
            return min(count - 1, max(0, Int(value) - 1))
        case .parent: return row.parent
        case .among(let rows): return rows[CellHash.below(rows.count, CellHash.draw(key, row.identity))]
        case .onceAmong(let rows): return rows[min(row.number, rows.count - 1)]
        case .matching(let index): return index.row(for: row, CellHash.draw(key, row.identity))
        case .once(let skipped):
            var index = row.number
            for taken in skipped where taken <= index { index += 1 }
            return min(index, count - 1)
        }
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { pool.write(column, index(row), &out) }
    package func micros(_ row: GeneratedRow) -> Int? { pool.micros(column, index(row)) }
    package var domain: Int? {
        switch pick {
        case .among(let rows), .onceAmong(let rows): rows.count
        case .matching: nil
        default: count
        }
    }
    package func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        switch pick {
        case .among(let rows), .onceAmong(let rows): pool.write(column, rows[index], &out)
        default: pool.write(column, index, &out)
        }
    }
    package var isUnique: Bool {
        switch pick {
        case .once, .onceAmong: true
        default: false
        }
    }

    /// The same column with another way to pick rows.
    package func picking(_ pick: Pick) -> ReferenceGenerator {
        ReferenceGenerator(pool, column: column, pick: pick, key: key)
    }
    package var summary: String {
        switch pick {
        case .even: "one of \(count) rows"
        case .zipf: "one of \(count) rows, early ones more often"
        case .parent: "its parent"
        case .once: "each row once"
        case .among(let rows): "one of \(rows.count) rows"
        case .onceAmong(let rows): "each of \(rows.count) rows once"
        case .matching: "a row that agrees with the other keys"
        }
    }
}

/// A reference to an earlier row of the same table. The first rows have none, or refer to themselves.
package final class SelfReferenceGenerator: CellGenerator {
    private let target: any CellGenerator
    private let isNullable: Bool
    private let rows: RowSource
    private let key: UInt64

    package init(_ target: any CellGenerator, isNullable: Bool, key: UInt64, rows: RowSource) {
        self.target = target
        self.isNullable = isNullable
        self.key = key
        self.rows = rows
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        // While candidates are drawn, the rows are not known yet.
        if row.isCandidate { return isNullable ? out.appendNull() : target.write(row, &out) }
        let draw = CellHash.draw(key, row.identity)
        guard row.number > 0, !(isNullable && CellHash.below(10, CellHash.next(draw)) == 0) else {
            return isNullable ? out.appendNull() : target.write(row, &out)
        }
        target.write(rows.row(CellHash.below(row.number, draw)), &out)
    }

    package var summary: String { "an earlier row" }
}
