internal import PostgresClient

/// A point in time of a database, to find out whether anything has changed since.
struct CatalogMark: Sendable {
    private let transaction: String
    /// Whether the open transaction has changed something. It has an ID only then.
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

    /// Whether a transaction of the server, or the open one, has changed anything since the mark.
    ///
    /// - Throws: `PostgresError`.
    func isPassed(_ session: borrowing Session) throws -> Bool {
        let now = try CatalogMark(session)
        return now.isInChange || now.transaction != transaction
    }
}
