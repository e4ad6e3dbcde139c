// Plausible values by their address: for seeds, and for whatever else needs values that are no one's.
//
//     seed, table, column → key                    CellHash.key
//     key, identity of the row → draw → value      CellGenerator.write
//     shape of a column → its generator            GeneratorInference.choose
//     generators of all columns → lines of COPY    GeneratedTable.render
//
// Identity: what a row's values are drawn with. It stays when counts change and rows come before it.
// Domain: how many values a generator has, if it can be asked for each by its index.
// Candidate: values of some columns that the server is asked about before they become part of a row.
// Slug: the form that a word has in addresses: lower case, ASCII, no blanks.

/// A row that is yet to be rendered.
package struct GeneratedRow: Sendable {
    /// What its values are drawn with: stays when counts change.
    var identity: UInt64
    /// Its place among the generated rows of its table, from 0.
    var number: Int
    /// For `per`: the parent's place among all parents, and the row's own place among that parent's.
    var parent = 0
    var slot = 0
    /// For `per` with values: which of their combinations.
    var combination = 0
    /// A candidate, which becomes a row only if the server accepts it. Its number counts candidates.
    var isCandidate = false

    static func candidate(_ number: Int) -> GeneratedRow {
        GeneratedRow(identity: UInt64(number), number: number, isCandidate: true)
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

    /// Whether no two rows can have the same value, NULL aside.
    var isUnique: Bool { get }

    /// Microseconds since 1970, of times; nil for NULL and for values that are no times.
    func micros(_ row: GeneratedRow) -> Int?

    /// For `--explain`.
    var summary: String { get }

    /// The same generator as `columns:` of a seed file declares it, in YAML; nil for one that no declaration makes.
    var declaration: String? { get }
}

extension CellGenerator {
    package func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer) { write(row, &out) }
    package var domain: Int? { nil }
    package func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) { write(row, &out) }
    package var isUnique: Bool { false }
    package func micros(_ row: GeneratedRow) -> Int? { nil }
    package var declaration: String? { nil }
}
