package import PostgresClient

/// golang-migrate's only row: the version of the database, and whether a run was interrupted.
///
/// `schema_migrations(version bigint not null primary key, dirty boolean not null)`, at most one row, in the first
/// schema of its search path. After it is adopted, granary keeps the row up to date, so that either tool can be used
/// next.
package struct GolangMigrateLedger: Sendable, Equatable {
    package var table: TableName
    /// False if it was adopted and has been dropped since.
    package var isThere = true
    package var row: Row?

    package struct Row: Sendable, Equatable {
        package var version: Int
        package var isDirty: Bool
    }

    /// An adopted table that has been dropped since.
    package static func gone(_ table: TableName) -> GolangMigrateLedger {
        GolangMigrateLedger(table: table, isThere: false, row: nil)
    }

    /// The table of this name if it belongs to golang-migrate. dbmate's table has the same name and other columns.
    ///
    /// - Throws: `PostgresError`, with `.untrusted` if it is not an ordinary table.
    package static func find(_ table: TableName, _ session: borrowing Session) throws -> GolangMigrateLedger? {
        guard KnownLedgers.isGolangMigrates(try OtherLedger.columns(of: table, session)) else { return nil }
        try requireOrdinary(table, session)
        return try read(table, session)
    }

    /// Like `find`, but nil for a table that is not ordinary, so that no code of its owner runs.
    package static func findOrdinary(
        _ table: TableName,
        _ session: borrowing Session
    ) throws -> GolangMigrateLedger? {
        guard KnownLedgers.isGolangMigrates(try OtherLedger.columns(of: table, session)),
            try session.flaws(of: [table], areOurs: false).isEmpty
        else { return nil }
        return try read(table, session)
    }

    private static func read(_ table: TableName, _ session: borrowing Session) throws -> GolangMigrateLedger {
        let row = try session.query("SELECT version, dirty FROM ONLY \(session.quoted(table)) LIMIT 1").first
        return GolangMigrateLedger(
            table: table,
            row: row.map { Row(version: $0.int("version"), isDirty: $0.bool("dirty")) }
        )
    }

    private static func requireOrdinary(_ table: TableName, _ session: borrowing Session) throws {
        try session.requireOrdinary(
            [table],
            areOurs: false,
            hint:
                "the table of golang-migrate has exactly two columns: drop the additional objects, or rename the table in psql"
        )
    }

    /// Writes the version, or no row for 0. Uses DELETE, because TRUNCATE would block readers.
    package static func write(_ version: Int?, to table: TableName, _ session: borrowing Session) throws {
        try requireOrdinary(table, session)
        let name = session.quoted(table)
        let insertion = version.map { "; INSERT INTO \(name) (version, dirty) VALUES (\($0), false)" } ?? ""
        try session.execute("DELETE FROM \(name)\(insertion)")
    }

    /// Updates the row, and creates the table again if a migration has dropped it.
    package static func keep(_ version: Int?, in table: TableName, _ session: borrowing Session) throws {
        if try !session.exists(table) {
            guard version != nil, try session.exists(schema: table.schema) else { return }
            try create(table, session)
        }
        try write(version, to: table, session)
    }

    static func create(_ table: TableName, _ session: borrowing Session) throws {
        try session.execute(
            "CREATE TABLE IF NOT EXISTS \(session.quoted(table)) (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)"
        )
    }

    /// The keys of golang-migrate's advisory locks. Its command includes the slash of the URL's path in the database
    /// name, its library does not.
    ///
    /// `crc32(schema \0 table \0 database) * 1486364155 mod 2^32`.
    package static func lockKeys(_ table: TableName, database: String) -> [Int] {
        ["/" + database, database].map { name in
            let bytes = Array("\(table.schema)\0\(table.name)\0\(name)".utf8)
            return Int(crc32(bytes) &* 1_486_364_155)
        }
    }

    /// CRC-32 of IEEE 802.3, bit by bit: the text has at most a hundred bytes.
    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var sum = ~UInt32(0)
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 {
                let isOdd = sum & 1 == 1
                sum >>= 1
                if isOdd { sum ^= 0xedb8_8320 }
            }
        }
        return ~sum
    }
}
