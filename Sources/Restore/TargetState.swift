internal import Environments
internal import PostgresClient

/// What belongs to the target and not to the archive: the marker, and the log of its migrations.
struct TargetState: Sendable {
    private let schema: StateSchema
    private let marker: String?
    /// The log as COPY text; nil where the target has none.
    private let log: [UInt8]?

    private static let logColumns = """
        service, version, name, event, environment, layer, sha256, actor, client_host, tool_version, started_at, \
        finished_at, duration_ms, estimated_duration, outcome, statements_done, statements_total, wrapped, sqlstate, \
        message, note
        """

    /// - Parameter session: to the target as it is.
    static func read(_ schema: StateSchema, _ session: inout Session) throws -> TargetState {
        let marker = try Marker(schema).read(session).name
        guard try schema.exists(session) else { return TargetState(schema: schema, marker: marker, log: nil) }
        var log: [UInt8] = []
        let table = "\(session.quoted(schema.name)).migration_log"
        let sql = "COPY (SELECT \(logColumns) FROM \(table) ORDER BY id) TO STDOUT"
        try session.copyOut(sql) { rows in while try rows.next({ log.append(contentsOf: $0) }) {} }
        return TargetState(schema: schema, marker: marker, log: log)
    }

    /// Writes it into what takes the target's place: the marker with a new fingerprint, the log with an entry of its own
    /// for the restore.
    ///
    /// - Parameter file: What was restored, for the log.
    func write(file: String, _ session: inout Session) throws {
        guard marker != nil || log != nil else { return }
        try schema.ensure(&session)
        if let marker { try Marker(schema).write(marker, &session) }
        let table = "\(session.quoted(schema.name)).migration_log"
        if let log {
            try session.execute("DELETE FROM \(table)")
            _ = try session.copyIn("COPY \(table) (\(Self.logColumns)) FROM STDIN") { rows in
                try log.withUnsafeBytes { try rows.write($0) }
            }
        }
        let name = file.split(separator: "/").last.map(String.init) ?? file
        try session.query(
            """
            INSERT INTO \(table) (service, event, environment, actor, started_at, finished_at, outcome, note)
            VALUES ('', 'restored', $1, session_user, pg_catalog.now(), pg_catalog.clock_timestamp(), 'done', $2)
            """,
            [marker ?? "", name]
        )
    }
}
