internal import Citus
internal import PostgresClient

/// What Citus knows of the tables of a database: how they are distributed, and how large their shards are.
struct ClusterFacts: Sendable {
    private(set) var tables: [UInt32: CitusTable] = [:]
    private(set) var sizes: [UInt32: CitusSize] = [:]

    /// Empty without Citus. If the nodes cannot be asked, the sizes are missing.
    ///
    /// - Parameter mayStat: Whether the role may call `pg_stat_file`.
    /// - Throws: `PostgresError`.
    static func read(mayStat: Bool, _ session: borrowing Session) throws -> ClusterFacts {
        let tables = try session.citusTables()
        guard !tables.isEmpty else { return ClusterFacts() }
        var facts = ClusterFacts()
        for table in tables { facts.tables[table.oid] = table }
        do {
            facts.sizes = try session.citusSizes(mayStat: mayStat)
        } catch let error as PostgresError where error.code == .server {
            // A node that does not answer is no reason to show nothing.
        }
        return facts
    }
}
