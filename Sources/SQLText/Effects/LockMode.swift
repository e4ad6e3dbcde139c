/// The locks on tables, weakest first (PostgreSQL manual, "Explicit Locking", table-level locks).
package enum LockMode: Int, Sendable, Comparable, CaseIterable, CustomStringConvertible {
    case accessShare = 1
    case rowShare
    case rowExclusive
    case shareUpdateExclusive
    case share
    case shareRowExclusive
    case exclusive
    case accessExclusive

    package static func < (a: LockMode, b: LockMode) -> Bool { a.rawValue < b.rawValue }

    /// As the manual writes it: `ACCESS EXCLUSIVE`.
    package var description: String {
        switch self {
        case .accessShare: "ACCESS SHARE"
        case .rowShare: "ROW SHARE"
        case .rowExclusive: "ROW EXCLUSIVE"
        case .shareUpdateExclusive: "SHARE UPDATE EXCLUSIVE"
        case .share: "SHARE"
        case .shareRowExclusive: "SHARE ROW EXCLUSIVE"
        case .exclusive: "EXCLUSIVE"
        case .accessExclusive: "ACCESS EXCLUSIVE"
        }
    }

    /// The name in `pg_locks.mode`: `AccessExclusiveLock`.
    package var catalogName: String {
        description.split(separator: " ").map { "\($0.prefix(1))\($0.dropFirst().lowercased())" }.joined() + "Lock"
    }

    /// Other sessions cannot read the table.
    package var blocksReads: Bool { self == .accessExclusive }
    /// Other sessions cannot change rows of the table.
    package var blocksWrites: Bool { self >= .share }
}
