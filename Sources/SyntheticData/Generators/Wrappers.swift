/// NULL in some of the rows.
package final class NullableGenerator: CellGenerator {
    package let inner: any CellGenerator
    private let share: Double
    private let key: UInt64

    package init(_ inner: any CellGenerator, share: Double, key: UInt64) {
        self.inner = inner
        self.share = share
        self.key = CellHash.next(key)
    }

    /// The same rows are NULL, but the other rows have the values of another generator.
    package func around(_ other: any CellGenerator) -> NullableGenerator {
        NullableGenerator(other, share: share, nextKey: key)
    }

    private init(_ inner: any CellGenerator, share: Double, nextKey: UInt64) {
        self.inner = inner
        self.share = share
        key = nextKey
    }

    private func isNull(_ row: GeneratedRow) -> Bool { CellHash.unit(CellHash.draw(key, row.identity)) < share }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        if isNull(row) { out.appendNull() } else { inner.write(row, &out) }
    }
    package func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { inner.writeSlug(row, &out) }
    package func micros(_ row: GeneratedRow) -> Int? { isNull(row) ? nil : inner.micros(row) }
    package var isUnique: Bool { inner.isUnique }
    package var summary: String { "\(inner.summary), \(Int((share * 100).rounded())) % null" }

    package var declaration: String? {
        guard let declared = inner.declaration, declared.hasSuffix("}") else { return nil }
        return "\(declared.dropLast()), null: \(Int((share * 100).rounded()))%}"
    }
}

/// Gives values to the first rows only, because the generator has no more. Later rows are NULL.
package final class LimitedGenerator: CellGenerator {
    private let inner: any CellGenerator
    private let limit: Int

    package init(_ inner: any CellGenerator, limit: Int) {
        self.inner = inner
        self.limit = limit
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        if row.number < limit { inner.write(row, &out) } else { out.appendNull() }
    }
    package func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { inner.writeSlug(row, &out) }
    package func micros(_ row: GeneratedRow) -> Int? { row.number < limit ? inner.micros(row) : nil }
    package var isUnique: Bool { inner.isUnique }
    package var summary: String { "\(inner.summary), NULL after \(limit) rows" }
}

/// A column of accepted candidates. Each row takes the values of one candidate.
package final class CandidateGenerator: CellGenerator {
    private let inner: any CellGenerator
    /// The accepted candidates, by row. If there are fewer than rows, rows share them.
    private let accepted: [Int]

    package init(_ inner: any CellGenerator, accepted: [Int]) {
        self.inner = inner
        self.accepted = accepted
    }

    /// While candidates are drawn, a column uses the candidate itself.
    private func source(_ row: GeneratedRow) -> GeneratedRow {
        row.isCandidate ? row : .candidate(accepted[row.number % accepted.count])
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { inner.write(source(row), &out) }
    package func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { inner.writeSlug(source(row), &out) }
    package func micros(_ row: GeneratedRow) -> Int? { inner.micros(source(row)) }
    package var isUnique: Bool { inner.isUnique }
    package var summary: String { inner.summary }
}

/// A series of generators: each one is used from a certain candidate on.
package final class StagedGenerator: CellGenerator {
    private let stages: [(first: Int, generator: any CellGenerator)]

    /// - Parameter stages: In ascending order, each with the number of its first candidate. The first number is 0.
    package init(_ stages: [(first: Int, generator: any CellGenerator)]) { self.stages = stages }

    private func generator(_ row: GeneratedRow) -> any CellGenerator {
        (stages.last { $0.first <= row.number } ?? stages[0]).generator
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { generator(row).write(row, &out) }
    package func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { generator(row).writeSlug(row, &out) }
    package func micros(_ row: GeneratedRow) -> Int? { generator(row).micros(row) }
    package var summary: String { stages[stages.count - 1].generator.summary }
}

/// A value of a countable generator, selected by the number of the row, so that no combination occurs twice.
package final class RankedGenerator: CellGenerator {
    private let inner: any CellGenerator
    private let permutation: Permutation
    /// The number of rows before the next value.
    private let stride: Int
    private let bySlot: Bool

    package init(_ inner: any CellGenerator, count: Int, stride: Int, bySlot: Bool, key: UInt64) {
        self.inner = inner
        self.stride = stride
        self.bySlot = bySlot
        permutation = Permutation(count: count, key: key)
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        let place = (bySlot ? row.slot : row.number) / stride % permutation.count
        let tweak = bySlot ? CellHash.mix(UInt64(row.parent) &+ 1) : 0
        inner.write(index: permutation(place, tweak: tweak), row, &out)
    }

    package func micros(_ row: GeneratedRow) -> Int? { inner.micros(row) }
    package var summary: String { "\(inner.summary), each combination once" }
}

/// A column as other columns of the row see it. If it must be unique together with others, it gets its final generator
/// only after other generators already use it.
package final class LateColumn: CellGenerator, @unchecked Sendable {
    // Sendable because the generator is set only while one thread compiles the table. After that it is only read. For
    // the same reason the accesses need no exclusivity checks, which would cost more than the call.
    @exclusivity(unchecked) private var generator: any CellGenerator = ConstantGenerator(nil)

    package init() {}

    package func settle(_ generator: any CellGenerator) { self.generator = generator }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { generator.write(row, &out) }
    package func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { generator.writeSlug(row, &out) }
    package func micros(_ row: GeneratedRow) -> Int? { generator.micros(row) }
    package var domain: Int? { generator.domain }
    package func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        generator.write(index: index, row, &out)
    }
    package var isUnique: Bool { generator.isUnique }
    package var summary: String { generator.summary }
    package var declaration: String? { generator.declaration }
}
