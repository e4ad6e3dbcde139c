internal import Archive
internal import PostgresClient
internal import Restore

// What the application meets first: sequences, constraints, indexes.
extension DrillBench {
    /// A sequence behind its column makes the first INSERT fail.
    func checkSequences() async throws {
        let archived = isOurs ? manifest?.sequences ?? [] : []
        try await journal.phase("sequences") {
            do {
                let (count, behind) = try await reading { try SequenceBehind.all(of: archived, $0) }
                journal.check(
                    .sequences,
                    behind.map { "\($0.name) is at \($0.value) and should be at \($0.goal)" },
                    else: "\(counted(count, "sequence")): none is behind the columns that it feeds"
                )
            } catch let error as RestoreError {
                journal.check(.sequences, isOK: false, error.message)
            }
        }
    }

    func checkSchema() async throws {
        try await journal.phase("constraints and indexes") {
            let archived = NotValidConstraints(manifest)
            let (constraints, indexes) = try await reading { session in
                (try Self.constraints(session), try Self.indexes(session))
            }
            let invalid = constraints.names.filter { !archived.contains($0) }
            journal.check(
                .constraints,
                invalid.map { "\($0.table).\($0.name) is not validated" },
                else: "every constraint is validated: \(grouped(constraints.count - constraints.names.count))"
                    + (constraints.names.isEmpty ? "" : ", \(constraints.names.count) NOT VALID as in the backup")
            )
            journal.check(
                .indexes,
                indexes.invalid.map { "\($0) is not valid" } + (try await brokenIndexes()),
                else: "every index is valid: \(grouped(indexes.count))"
            )
        }
    }

    // MARK: Constraints

    /// Those of tables and of domains. Inherited constraints are as valid as those of the parent.
    private static func constraints(
        _ session: borrowing Session
    ) throws -> (count: Int, names: [NotValidConstraints.Name]) {
        let rows = try session.query(
            """
            SELECT k.convalidated, k.conname, n.nspname, coalesce(c.relname, t.typname) AS relname
            FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
            LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid
            JOIN pg_catalog.pg_namespace n ON n.oid = coalesce(c.relnamespace, t.typnamespace)
            WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND k.contype <> 't'
                AND k.coninhcount = 0 AND k.conparentid = 0
            ORDER BY k.convalidated, n.nspname, 4, k.conname
            """
        )
        let invalid = rows.filter { !$0.bool("convalidated") }.map { row in
            NotValidConstraints.Name(
                table: TableName(schema: row.text("nspname"), name: row.text("relname")),
                name: row.text("conname")
            )
        }
        return (rows.count, invalid)
    }

    // MARK: Indexes

    /// An index of a partitioned table is invalid as long as a partition lacks it, which the backup may have, too.
    private static func indexes(_ session: borrowing Session) throws -> (count: Int, invalid: [TableName]) {
        let rows = try session.query(
            """
            SELECT n.nspname, c.relname, i.indisvalid AND i.indisready AND i.indislive AS valid
            FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind = 'i'
            ORDER BY n.nspname, c.relname
            """
        )
        let invalid = rows.filter { !$0.bool("valid") }.map {
            TableName(schema: $0.text("nspname"), name: $0.text("relname"))
        }
        return (rows.count, invalid)
    }

    /// The B-trees whose structure amcheck complains of. Without that extension nothing is checked.
    private func brokenIndexes() async throws -> [String] {
        guard !options.isQuick else { return [] }
        let indexes = try await reading { session in
            try session.query(
                """
                SELECT pg_catalog.format('%I.%I', n.nspname, p.proname) AS function, x.oid, i.nspname, x.relname
                FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
                JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid AND p.proname = 'bt_index_check' AND p.pronargs = 1
                JOIN pg_catalog.pg_class x ON x.relkind = 'i' JOIN pg_catalog.pg_namespace i ON i.oid = x.relnamespace
                JOIN pg_catalog.pg_am a ON a.oid = x.relam AND a.amname = 'btree'
                WHERE e.extname = 'amcheck' AND i.nspname !~ '^pg_'
                """
            ).map {
                (
                    function: $0.text("function"), oid: $0.text("oid"),
                    name: TableName(schema: $0.text("nspname"), name: $0.text("relname"))
                )
            }
        }
        let journal = journal
        return try await reading { session in
            try indexes.compactMap { index in
                try session.execute("SAVEPOINT granary_index")
                do {
                    try session.query("SELECT \(index.function)(\(index.oid)::pg_catalog.oid::pg_catalog.regclass)")
                    return nil
                } catch let error as PostgresError where error.isOfStatement {
                    try session.execute("ROLLBACK TO SAVEPOINT granary_index")
                    let message = error.server?.messageWithoutValues ?? error.message
                    // data_corrupted, index_corrupted; a missing privilege says nothing about the index.
                    guard ["XX001", "XX002"].contains(error.sqlState) else {
                        journal.omit("the structure of the index \(index.name)", because: message)
                        return nil
                    }
                    return "\(index.name): amcheck finds \(message)"
                }
            }
        }
    }
}

/// The constraints that are NOT VALID in the backup itself.
struct NotValidConstraints: Sendable {
    struct Name: Sendable, Hashable {
        /// Or the domain.
        var table: TableName
        var name: String
    }

    private let names: Set<Name>
    /// A plain dump does not say which there are.
    private let isKnown: Bool

    init(_ manifest: Manifest?) {
        isKnown = manifest != nil
        let items = (manifest?.schema ?? []).filter { item in
            item.kind.hasSuffix("CONSTRAINT") && ["NOT VALID", "NOT ENFORCED"].contains(where: item.sql.contains)
        }
        names = Set(
            items.flatMap { item -> [Name] in
                // pg_dump names a constraint `table constraint`; either name may contain blanks.
                item.name.indices.filter { item.name[$0] == " " }.map { blank in
                    Name(
                        table: TableName(schema: item.schema ?? "", name: String(item.name[..<blank])),
                        name: String(item.name[item.name.index(after: blank)...])
                    )
                }
            }
        )
    }

    func contains(_ name: Name) -> Bool { !isKnown || names.contains(name) }
}
