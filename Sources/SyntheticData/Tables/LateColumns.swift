/// A column as others of its row see it: what must be unique may still get another generator than the one that was
/// chosen first.
package final class LateColumn: CellGenerator, @unchecked Sendable {
    /// Set for the last time before any row is made.
    package var generator: CellGenerator

    package init(_ generator: CellGenerator) { self.generator = generator }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { generator.write(row, &out) }
    package override func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { generator.writeSlug(row, &out) }
    package override func micros(_ row: GeneratedRow) -> Int? { generator.micros(row) }
    package override var domain: Int? { generator.domain }
    package override func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        generator.write(index: index, row, &out)
    }
    package override var isUnique: Bool { generator.isUnique }
    package override var summary: String { generator.summary }
}

/// A column of a table that is still being put together.
package final class SequenceOrColumn: CellGenerator, @unchecked Sendable {
    private unowned let table: GeneratedTable
    private let column: String

    package init(_ table: GeneratedTable, _ column: String) {
        self.table = table
        self.column = column
    }

    package override func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { table.write(column, row, &out) }
}
