/// Which sessions lock the tables, and when.
enum TableLocking: Sendable, Equatable {
    /// Every session locks every table before anything is read, so nothing can change later.
    case everyTable
    /// The server's lock table is too small for that. Each worker locks only the table that it reads, checks that it is
    /// still the one in the snapshot, and releases the lock. pg_dump still locks every table, in its own session.
    case oneByOne
}
