import PostgresClient

/// A second temporary table, with the keys of rows that seeding inserted in earlier runs, and the statements that delete
/// rows.
extension TableMerge {
    /// The name of the table, ready for SQL.
    var recordedKeys: String { "\(temporary)_gone" }

    /// The key's columns with the types of the target, and for each key its number.
    var creationOfRecorded: String {
        let columns = key.map { "t.\(q($0))" }.joined(separator: ", ")
        return """
            CREATE TEMPORARY TABLE \(recordedKeys.dropFirst(8)) ON COMMIT DROP AS
            SELECT NULL::integer AS granary_n, \(columns) FROM \(target) t WITH NO DATA
            """
    }

    /// Recorded keys contain no NULLs.
    private var onRecorded: String { on("t", mayHoldNulls: false) }

    /// Removes the keys that the files list, so that those of rows to delete remain.
    var forgetListed: String {
        "DELETE FROM \(recordedKeys) s WHERE EXISTS (SELECT FROM \(temporary) t WHERE \(onRecorded))"
    }

    /// The numbers of the keys.
    var recorded: String { "SELECT granary_n AS n FROM \(recordedKeys)" }

    var deletion: String {
        """
        WITH gone AS (
            DELETE FROM \(target) t USING \(recordedKeys) s WHERE \(onRecorded) RETURNING 1)
        SELECT pg_catalog.count(*) AS count FROM gone
        """
    }

    /// The number of rows in the target that each of the keys matches.
    var matches: String {
        """
        SELECT s.granary_n AS n, pg_catalog.count(*) AS count
        FROM \(recordedKeys) s JOIN \(target) t ON \(onRecorded) GROUP BY 1 ORDER BY 2 DESC, 1
        """
    }
}
