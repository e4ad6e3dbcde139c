internal import PostgresClient

/// The key of an advisory lock of the server, which any session of the database may take: a number of 64 bits, or a pair
/// of numbers of 32 bits. The two kinds never conflict.
///
/// Source: <https://www.postgresql.org/docs/current/view-pg-locks.html>
struct AdvisoryKey: Sendable, Hashable {
    /// As `pg_locks` shows the key, in `classid` and `objid`.
    let high: UInt32
    let low: UInt32
    private let isPair: Bool

    /// The group of the locks of all backups: `grnb`.
    static let backups: UInt32 = 0x6772_6e62

    init(_ number: Int) {
        let bits = UInt64(bitPattern: Int64(number))
        (high, low, isPair) = (UInt32(bits >> 32), UInt32(bits & 0xffff_ffff), false)
    }

    /// - Parameter group: Shared by all locks of one purpose, so that they can be found.
    init(group: UInt32, _ member: UInt32) { (high, low, isPair) = (group, member, true) }

    /// Takes the lock for the session, until it is released or the session ends.
    ///
    /// - Parameter isShared: Whether other sessions may take it, too, in the same way.
    /// - Returns: Whether it was free. A session can take its own lock again.
    @discardableResult
    func tryToTake(isShared: Bool = false, _ session: borrowing Session) throws -> Bool {
        let (types, values) = arguments
        let function = isShared ? "pg_try_advisory_lock_shared" : "pg_try_advisory_lock"
        return try session.query("SELECT pg_catalog.\(function)(\(types)) AS ours", values)[0].bool("ours")
    }

    func release(_ session: borrowing Session) throws {
        let (types, values) = arguments
        try session.query("SELECT pg_catalog.pg_advisory_unlock(\(types))", values)
    }

    /// Tries again and again until the time limit passes. A session that waits inside `pg_advisory_lock` would hold a
    /// snapshot.
    ///
    /// - Parameter attempt: Whether the locks were taken.
    /// - Returns: Whether they were taken in time.
    static func poll(
        within limit: Duration,
        _ session: borrowing Session,
        _ attempt: () throws -> Bool
    ) throws -> Bool {
        let deadline = ContinuousClock.now + limit
        var pause = Duration.milliseconds(50)
        while try !attempt() {
            guard ContinuousClock.now + pause < deadline else { return false }
            try session.rest(for: pause + .milliseconds(Int.random(in: 0...50)))
            pause = min(pause * 2, .seconds(1))
        }
        return true
    }

    private var arguments: (types: String, values: [String?]) {
        guard isPair else { return ("$1", [String(Int(bitPattern: UInt(high) << 32 | UInt(low)))]) }
        return (
            "$1::pg_catalog.int4, $2::pg_catalog.int4",
            [high, low].map { String(Int32(bitPattern: $0)) }
        )
    }
}

// In `pg_locks`.
extension AdvisoryKey {
    /// The two halves, as parameters of `isHeld`.
    var halves: [String?] { [String(high), String(low)] }

    /// Whether a row `l` of `pg_locks` is a held lock with a number as its key.
    ///
    /// - Parameters:
    ///   - high: The parameter of the statement that holds the first half, such as `$1`.
    ///   - low: The one that holds the second half.
    static func isHeld(_ high: String, _ low: String) -> String {
        "\(isHeld(objectSubID: 1)) AND l.classid = \(high)::pg_catalog.oid AND l.objid = \(low)::pg_catalog.oid"
    }

    /// Whether a row `l` of `pg_locks` is a held lock of a group.
    static func isHeld(group: String) -> String {
        "\(isHeld(objectSubID: 2)) AND l.classid = \(group)::pg_catalog.oid"
    }

    /// - Parameter objectSubID: 1 for numbers, and 2 for pairs.
    private static func isHeld(objectSubID: Int) -> String {
        "l.locktype = 'advisory' AND l.granted AND l.objsubid = \(objectSubID)"
    }

    /// Whether a row `l` of `pg_locks` belongs to the current database.
    static let isHere =
        "l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
}
