package import PostgresClient

/// The rules of an environment that are stored beside its marker, so that they hold where no `environments.json` is
/// found.
package struct MarkerPolicy: Sendable, Equatable {
    package var isProduction: Bool
    /// A backup in clear is refused.
    package var requiresEncryption: Bool
    /// The recipients of age that backups are encrypted for.
    package var recipients: [String]

    package init(isProduction: Bool, requiresEncryption: Bool, recipients: [String]) {
        self.isProduction = isProduction
        self.requiresEncryption = requiresEncryption
        self.recipients = recipients
    }
}

extension Marker {
    /// The stored rules; nil if the database is not marked, or was marked without rules.
    ///
    /// - Throws: As `read(_:)`.
    package func policy(_ session: borrowing Session) throws -> MarkerPolicy? {
        guard try read(session).name != nil else { return nil }
        // A table of an older granary lacks the columns.
        let rows = try session.query(
            """
            SELECT pg_catalog.to_jsonb(e) ->> 'production' AS production, pg_catalog.to_jsonb(e) ->> 'encrypted' AS encrypted,
                ARRAY(SELECT pg_catalog.jsonb_array_elements_text(COALESCE(NULLIF(pg_catalog.to_jsonb(e) -> 'recipients',
                    'null'::pg_catalog.jsonb), '[]'::pg_catalog.jsonb))) AS recipients
            FROM ONLY \(table(session)) e
            """
        )
        guard let row = rows.first, let production = row["production"], let encrypted = row["encrypted"] else {
            return nil
        }
        return MarkerPolicy(
            isProduction: production == "true",
            requiresEncryption: encrypted == "true",
            recipients: row.texts("recipients")
        )
    }

    /// Stores the rules beside the marker that is there, or removes them.
    ///
    /// - Throws: `BookkeepingError` with `.database` if the role may not add columns to a table of an older granary;
    ///   `PostgresError`.
    func store(_ policy: MarkerPolicy?, _ session: borrowing Session) throws {
        let table = table(session)
        guard let policy else {
            let hasColumns = try !schema.lacksPolicy(session)
            if hasColumns {
                try session.execute("UPDATE \(table) SET production = NULL, encrypted = NULL, recipients = NULL")
            }
            return
        }
        try schema.addPolicy(session)
        try session.query(
            "UPDATE \(table) SET production = $1, encrypted = $2, recipients = $3::pg_catalog.text[]",
            [
                policy.isProduction ? "t" : "f", policy.requiresEncryption ? "t" : "f",
                QuotedText.array(policy.recipients),
            ]
        )
    }
}
