internal import Archive
internal import PostgresClient

/// Sequences: set to what the archive says, and read again.
enum Sequences {
    static func set(_ sequences: [Manifest.Sequence], _ session: inout Session) throws {
        for start in stride(from: 0, to: sequences.count, by: 200) {
            let batch = sequences[start..<min(start + 200, sequences.count)]
            let calls = batch.map { sequence in
                "SELECT pg_catalog.setval(\(literal(sequence, session)), \(sequence.lastValue), \(sequence.isCalled));"
            }
            do {
                try session.execute(calls.joined(separator: "\n"))
            } catch let error as PostgresError where error.code == .server {
                throw RestoreError(.statement, "sequences could not be set: \(error)", hint: error.hint)
            }
        }
    }

    /// - Throws: `RestoreError.mismatch` naming the sequence.
    static func compare(_ sequences: [Manifest.Sequence], _ session: borrowing Session) throws {
        for sequence in sequences {
            let name = TableName(schema: sequence.schema, name: sequence.name)
            let row = try session.query("SELECT last_value, is_called FROM \(session.quoted(name))")[0]
            guard row.text("last_value") == String(sequence.lastValue), row.bool("is_called") == sequence.isCalled
            else {
                throw RestoreError(.mismatch, "sequence \(name) is not at the value it has in the archive")
            }
        }
    }

    private static func literal(_ sequence: Manifest.Sequence, _ session: borrowing Session) -> String {
        session.literal(session.quoted(TableName(schema: sequence.schema, name: sequence.name))) + "::regclass"
    }
}
