internal import Archive
internal import PostgresClient

/// Sequences: set to what the archive says, and read again.
enum Sequences {
    /// - Parameter areOld: They were there before the transaction. `setval` is not undone by a rollback, unless the sequence
    ///   was begun anew in the same transaction, which only its owner may do.
    static func set(_ sequences: [Manifest.Sequence], areOld: Bool = false, _ session: inout Session) throws {
        if areOld { try restart(sequences, &session) }
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

    private static func restart(_ sequences: [Manifest.Sequence], _ session: inout Session) throws {
        for sequence in sequences {
            let name = session.quoted(TableName(schema: sequence.schema, name: sequence.name))
            let isOurs = try session.query(
                "SELECT pg_catalog.pg_has_role(relowner, 'USAGE') AS ours FROM pg_catalog.pg_class WHERE oid = $1::pg_catalog.regclass",
                [name]
            )[0].bool("ours")
            if isOurs { try session.execute("ALTER SEQUENCE \(name) RESTART") }
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
        session.literal(session.quoted(TableName(schema: sequence.schema, name: sequence.name))) + "::pg_catalog.regclass"
    }
}
