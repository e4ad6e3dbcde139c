internal import PostgresClient

/// Database names derived from other names.
package enum DatabaseName {
    /// `name` and `suffix` together, shortened to 63 bytes, PostgreSQL's limit for names.
    package static func derived(from name: String, _ suffix: String) -> String {
        var base = Substring(name)
        while base.utf8.count + suffix.utf8.count > 63 { base = base.dropLast() }
        return base + suffix
    }
}

/// A mark in the name of a database that should not outlive the session that created it. It includes the server process
/// of that session, so that a later run recognizes an abandoned database.
///
/// A mark inside the database would come too late: the server completes CREATE DATABASE even if granary is killed
/// meanwhile.
struct SessionMark: Sendable {
    /// The text before the process number. It needs no escaping in a regular expression.
    let text: String
    /// Whether the mark is at the beginning of the name.
    let isPrefix: Bool

    /// For a database that will replace another.
    static let replacement = SessionMark(text: "_granary_", isPrefix: false)
    static let scratch = SessionMark(text: "granary_replay_", isPrefix: true)
    static let drill = SessionMark(text: "granary_drill_", isPrefix: true)

    /// The mark, the process, and eight random digits.
    func suffix(process: Int) -> String {
        "\(text)\(process)_\(String(UInt32.random(in: 1 << 28 ... .max), radix: 16))"
    }

    /// A regular expression, for the server and for Swift. Its group is the process.
    private var form: String { "\(isPrefix ? "^" : "")\(text)([0-9]{1,9})_[0-9a-f]{8}$" }

    /// Whether a database has such a name, whether or not its session has ended.
    func isIn(_ name: String) -> Bool {
        guard let form = try? Regex(form) else { return false }
        return name.contains(form)
    }

    /// The databases whose session has ended. Sessions of workers may still be connected and finish a statement. A
    /// restarted server gives the same process numbers to new sessions, even to this one.
    func abandoned(_ session: borrowing Session) throws -> [String] {
        try session.query(
            """
            SELECT d.datname FROM pg_catalog.pg_database d
            CROSS JOIN LATERAL pg_catalog.regexp_match(
                d.datname, '\(form)') AS m (leader)
            WHERE m.leader IS NOT NULL AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a
                                WHERE a.pid = m.leader[1]::int AND a.application_name = 'granary'
                                    AND a.pid <> pg_catalog.pg_backend_pid())
            """
        ).map { $0.text("datname") }
    }
}
