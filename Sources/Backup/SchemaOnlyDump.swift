package import Logging
package import PostgresClient

/// The definitions of schemas as SQL text, always the same for the same definitions, so that it can be committed and
/// compared.
package struct SchemaOnlyDump: Sendable {
    private let server: ServerAddress
    private let schemas: [String]
    private let tables: [TableName]
    private let postgresBin: String?
    private let lockTimeout: Duration?
    private let logger: Logger

    /// - Parameters: - tables: Only these; all of the schemas if there are none. - lockTimeout: How long to wait for a lock on a table; nil for no limit.
    package init(
        server: ServerAddress,
        schemas: [String],
        tables: [TableName] = [],
        postgresBin: String?,
        lockTimeout: Duration? = nil,
        logger: Logger
    ) {
        self.server = server
        self.schemas = schemas
        self.tables = tables
        self.postgresBin = postgresBin
        self.lockTimeout = lockTimeout
        self.logger = logger
    }

    /// - Throws: `BackupError`, `PostgresError`, `CancellationError`.
    package func text() async throws -> String {
        let (version, parameters, password) = try await withSession(server, logger: logger) {
            ($0.serverVersion, $0.pinnedParameters, $0.password)
        }
        let program = try await PgDump.find(serverVersion: version, folder: postgresBin)
        let conninfo = parameters.filter { $0.keyword != "sslpassword" }
            .map { "\($0.keyword)=\(QuotedText.connectionValue($0.value))" }.joined(separator: " ")
        let outcome = try await ChildProcess(
            path: program.path,
            arguments: ["--schema-only", "--no-password", "--encoding=UTF8", "--dbname=\(conninfo)"]
                + (tables.isEmpty ? schemas.map { "--schema=\(QuotedText.name($0))" } : [])
                + tables.map { "--table=\($0.quoted)" }
                + (lockTimeout.map { ["--lock-wait-timeout=\($0.milliseconds)"] } ?? []),
            variables: ["PGPASSWORD": password, "PGOPTIONS": nil, "LC_MESSAGES": "C"],
            outputBytesMax: 1 << 28
        ).run()
        if let failure = BackupError("pg_dump", outcome.ending) { throw failure }
        guard outcome.isSuccess else {
            let errors = outcome.errors
            if errors.contains("lock timeout") || errors.contains("statement timeout") {
                throw BackupError(
                    .busy,
                    "the schema could not be written, because another session holds a lock on a table",
                    hint: "try again, or use --format text, which needs no locks"
                )
            }
            if errors.contains("permission denied for") {
                throw BackupError(
                    .pgDump,
                    "the schema could not be written, because pg_dump has no right to read all of it: \(Self.denial(errors))",
                    hint: "connect as the tables' owner, or use --format text, which needs no rights on them"
                )
            }
            let reason = errors.split(whereSeparator: \.isNewline).first.map(String.init)
            throw BackupError(
                .pgDump,
                "the schema could not be written: \(reason ?? "pg_dump gave no reason")",
                hint: "run \(program.path) --schema-only by hand for details"
            )
        }
        return Self.stable(String(decoding: outcome.output, as: UTF8.self))
    }

    /// The server's message, without pg_dump's text before it.
    private static func denial(_ errors: String) -> String {
        guard let found = errors.firstRange(of: "permission denied for") else { return errors }
        return String(errors[found.lowerBound...].prefix { !$0.isNewline })
    }

    /// The pg_dump for a server: its path and its major version.
    ///
    /// - Throws: `BackupError.pgDump` if there is none.
    package static func program(
        serverVersion: Int,
        postgresBin: String?
    ) async throws -> (path: String, major: Int) {
        let found = try await PgDump.find(serverVersion: serverVersion, folder: postgresBin)
        return (found.path, found.major)
    }

    /// Removes text that differs between runs or versions (`\restrict` with its key, the versions), and the statement
    /// that creates `public`, which every new database has.
    static func stable(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let kept = lines.enumerated().filter { index, line in
            if line == "CREATE SCHEMA public;", index >= 3 {
                return !lines[index - 3].hasPrefix("-- Name: public; Type: SCHEMA;")
            }
            return !["\\restrict ", "\\unrestrict ", "-- Dumped from ", "-- Dumped by "].contains { line.hasPrefix($0) }
        }
        return kept.map(\.element).joined(separator: "\n")
    }
}
