internal import Cryptography
internal import SyntheticData

/// The digests of a table's listed rows and of the table itself, from a time when it was certain that the table held all
/// of these rows. If both are the same in a later run, the run would change nothing.
struct TableState: Equatable {
    /// From `GivenRows`.
    let given: String
    /// From `TableMerge.state`.
    let table: String

    init(given: String, table: String) {
        self.given = given
        self.table = table
    }

    /// - Parameter details: The details of the table in the record.
    init?(_ details: String?) {
        guard let given = SeededKeys.text("given", in: details), let table = SeededKeys.text("state", in: details)
        else { return nil }
        self.init(given: given, table: table)
    }

    /// The members for the details.
    var members: [String] { ["\"given\": \(ValueText.quoted(given))", "\"state\": \(ValueText.quoted(table))"] }
}

/// Computes the digest of the rows for a table as the server gets them, and of everything that decides how they are
/// merged: files, layers, references and options count only by what they lead to.
struct GivenRows: ~Copyable {
    private var hash = SHA256()

    init(_ bound: BoundTable, _ merge: TableMerge, _ settled: SettledRows) {
        add("merge \(bound.onConflict.rawValue)")
        for column in merge.key { add("key \(column)") }
        for column in settled.columns { add("given \(column)") }
        for group in settled.groups {
            add("group")
            for column in group.plain { add("plain \(column)") }
            for (column, sql) in group.expressions.sorted(by: { $0.key < $1.key }) {
                add("expression \(column)")
                add(sql)
            }
        }
        for column in bound.table.columns {
            add("column \(column.name)")
            for fact in [column.type, column.baseType, column.equality, column.defaultText ?? ""] { add(fact) }
            add("\(column.isNotNull) \(column.isGenerated) \(column.isIdentity)")
            for label in column.enumLabels { add("label \(label)") }
        }
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }

    private mutating func add(_ text: String) { hash.update(Array(text.utf8) + [0]) }

    consuming func text() -> String { Hexadecimal.text(hash.finalize()) }
}

extension SettledRows {
    /// Passes the rows to `send` as COPY text for the temporary table, in pieces of whole rows.
    func render(_ bound: BoundTable, _ send: (UnsafeRawBufferPointer) throws -> Void) throws {
        var buffer = CopyBuffer(capacity: 1 << 18)
        let places = columns.compactMap { bound.table.index($0) }
        for row in bound.rows.indices {
            buffer.append(row)
            buffer.append(CopyBuffer.tab)
            buffer.append(groupOfRow[row])
            if let values = values[row] {
                for value in values {
                    buffer.append(CopyBuffer.tab)
                    buffer.append(value: value)
                }
            } else if let (file, record) = bound.rows.record(row) {
                file.append(record, columns: places, to: &buffer)
            }
            buffer.append(CopyBuffer.newline)
            if buffer.count > 200_000 {
                try buffer.lend(send)
                buffer.removeAll()
            }
        }
        try buffer.lend(send)
    }
}
