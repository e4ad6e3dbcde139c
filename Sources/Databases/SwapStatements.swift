internal import PostgresClient

/// The statements of a swap: `DatabaseSwap` runs them, and people may run them later.
struct SwapStatements {
    /// Give the old database another name; none if there is no old database.
    let movingOld: [String]
    /// Gives the new database its name.
    let movingNew: String

    /// - Parameters:
    ///   - target: The name of the old database.
    ///   - old: The name that it gets; nil if there is no old database.
    ///   - isTemplate: Whether the old database is one.
    ///   - name: The name that the new database gets.
    init(
        target: String,
        becomes old: String?,
        isTemplate: Bool,
        new: String,
        becomes name: String,
        _ session: borrowing Session
    ) {
        var moving: [String] = []
        if let old {
            moving.append("ALTER DATABASE \(session.quoted(target)) RENAME TO \(session.quoted(old))")
            // The server refuses to drop a template.
            if isTemplate { moving.append("ALTER DATABASE \(session.quoted(old)) IS_TEMPLATE false") }
        }
        movingOld = moving
        movingNew = "ALTER DATABASE \(session.quoted(new)) RENAME TO \(session.quoted(name))"
    }

    /// All of them as a script.
    ///
    /// - Parameter mark: The statement that marks the old database as kept.
    func script(marking mark: String) -> String { (movingOld + [mark, movingNew]).joined(separator: "; ") }
}
