internal import PostgresClient

/// A moment in the life of a database, to see whether anything has changed since then.
struct CatalogMark: Sendable {
    private let transaction: String
    /// The open transaction has changed something: its own number is not among those that have ended.
    private let isInChange: Bool

    /// - Throws: `PostgresError`.
    init(_ session: borrowing Session) throws {
        let row = try session.query(
            """
            SELECT pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())::pg_catalog.text AS next,
                pg_catalog.txid_current_if_assigned() IS NOT NULL AS changes
            """
        )[0]
        transaction = row.text("next")
        isInChange = row.bool("changes")
    }

    /// Whether a transaction of the server, or the open one, has changed anything since.
    ///
    /// - Throws: `PostgresError`.
    func isPassed(_ session: borrowing Session) throws -> Bool {
        let now = try CatalogMark(session)
        return now.isInChange || now.transaction != transaction
    }
}
