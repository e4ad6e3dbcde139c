// Plausible values by their address: for seeds, and for whatever else needs values that are no one's.
//
//     seed, table, column → key                    CellHash.key
//     key, identity of the row → draw → value      CellGenerator.write
//     shape of a column → its generator            GeneratorInference.choose
//     generators of all columns → lines of COPY    GeneratedTable.render
//
// Identity: what a row's values are drawn with. It stays when counts change and rows come before it.
// Domain: how many values a generator has, if it can be asked for each by its index.
// Slug: the form that a word has in addresses: lower case, ASCII, no blanks.

/// A row that is yet to be rendered.
package struct GeneratedRow: Sendable {
    /// What its values are drawn with: stays when counts change.
    package var identity: UInt64
    /// Its place among the generated rows of its table, from 0.
    package var number: Int
    /// For `per`: the parent's place among all parents, and the row's own place among that parent's.
    package var parent = 0
    package var slot = 0
    /// For `per` with values: which of their combinations.
    package var combination = 0

    package init(identity: UInt64, number: Int, parent: Int = 0, slot: Int = 0, combination: Int = 0) {
        self.identity = identity
        self.number = number
        self.parent = parent
        self.slot = slot
        self.combination = combination
    }
}

/// What makes the values of a column. Immutable, so that any number of threads may use one at once.
package protocol CellGenerator: AnyObject, Sendable {
    /// Writes the value as COPY text has it, escapes included.
    func write(_ row: GeneratedRow, _ out: inout CopyBuffer)

    /// The value in the form for addresses: lower case, ASCII, no blanks.
    func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer)

    /// How many values there are, if they can be counted and asked for by their index.
    var domain: Int? { get }

    /// Writes the value of an index below `domain`.
    func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer)

    /// Whether no two rows can have the same value.
    var isUnique: Bool { get }

    /// Microseconds since 1970, of times; nil for NULL and for values that are no times.
    func micros(_ row: GeneratedRow) -> Int?

    /// For `--explain`.
    var summary: String { get }
}

extension CellGenerator {
    package func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { write(row, &out) }
    package var domain: Int? { nil }
    package func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) { write(row, &out) }
    package var isUnique: Bool { false }
    package func micros(_ row: GeneratedRow) -> Int? { nil }
}
