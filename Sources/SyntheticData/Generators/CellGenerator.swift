// Computes plausible values from the table, column and row, for seeds and for other uses that need values that belong to
// no real person.
//
//     seed, table, column → key                    CellHash.key
//     key, identity of the row → draw → value      CellGenerator.write
//     shape of a column → its generator            GeneratorInference.choose
//     generators of all columns → lines of COPY    GeneratedTable.render
//
// Identity: the number from which all draws for a row are computed. It stays the same when counts change or rows are
// inserted before it. Domain: the number of values of a generator, if each can be computed from its index. Slug: a word
// in the form for addresses: lower case, ASCII, no blanks. Candidate: the values of some columns that are sent to the
// server, which accepts or rejects them, before they become part of a row.

/// A row to be rendered.
package struct GeneratedRow: Sendable {
    /// The input of its draws. It stays the same when counts change.
    var identity: UInt64
    /// Its index among the generated rows of its table, from 0.
    var number: Int
    /// With `per`: the index of the parent among all parents, and the row's own index within that parent.
    var parent = 0
    var slot = 0
    /// With `per` and values: the index of the combination.
    var combination = 0
    /// A candidate, which becomes a row only if the server accepts it. Its number counts candidates.
    var isCandidate = false

    static func candidate(_ number: Int) -> GeneratedRow {
        GeneratedRow(identity: UInt64(number), number: number, isCandidate: true)
    }
}

/// Makes the values of a column. It is immutable, so any number of threads may use it at once.
package protocol CellGenerator: AnyObject, Sendable {
    /// Writes the value as COPY text, including escapes.
    func write(_ row: GeneratedRow, _ out: inout CopyBuffer)

    /// The value in the form for addresses: lower case, ASCII, no blanks.
    func writeSlug(_ row: GeneratedRow, _ out: inout CopyBuffer)

    /// The number of different values, if they can be counted and computed from an index; otherwise nil.
    var domain: Int? { get }

    /// Writes the value for an index below `domain`.
    func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer)

    /// Whether all rows have different values; several may be NULL.
    var isUnique: Bool { get }

    /// For times, microseconds since 1970; nil for NULL and for other values.
    func micros(_ row: GeneratedRow) -> Int?

    /// A description for `--explain`.
    var summary: String { get }

    /// The declaration of the generator for `columns:` of a seed file, in YAML; nil if it cannot be declared.
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
