/// NULL in some of the rows.
package final class NullableGenerator: CellGenerator {
    private let inner: any CellGenerator
    private let share: Double
    private let key: UInt64

    package init(_ inner: any CellGenerator, share: Double, key: UInt64) {
        self.inner = inner
        self.share = share
        self.key = CellHash.next(key)
    }

    private func isNull(_ row: GeneratedRow) -> Bool { CellHash.unit(CellHash.draw(key, row.identity)) < share }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        if isNull(row) { out.appendNull() } else { inner.write(row, &out) }
    }
    package func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { inner.writeSlug(row, &out) }
    package func micros(_ row: GeneratedRow) -> Int? { isNull(row) ? nil : inner.micros(row) }
    package var isUnique: Bool { inner.isUnique }
    package var summary: String { "\(inner.summary), \(Int((share * 100).rounded())) % null" }
}

/// A value of a countable generator, selected by the row's index, so that no combination occurs twice.
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

/// A column as other columns of its row see it. A column that must be unique together with others gets its final
/// generator after others have referred to it.
package final class LateColumn: CellGenerator, @unchecked Sendable {
    // Sendable because it is set only while its table is put together, on one thread, and only read after the table is
    // passed on. So its accesses need no exclusivity checks either, which would cost each cell more than the call.
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
}
