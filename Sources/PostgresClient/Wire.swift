internal import CLibpq
import Glibc
internal import Logging

/// The connection that a session, a COPY OUT and a COPY IN share, and the only place that waits. Never leaves its
/// thread.
final class Wire {
    let connection: OpaquePointer
    let signal: CancelSignal
    let notices: NoticeLog
    var codec = TextCodec.utf8
    /// The time limit of the current statement; nil for none.
    var deadline: ContinuousClock.Instant?

    /// Takes over `connection`, and closes it in the end.
    init(connection: OpaquePointer, signal: CancelSignal, logger: Logger) {
        self.connection = connection
        self.signal = signal
        self.notices = NoticeLog(logger)
        notices.receive(from: connection)
    }

    deinit { PQfinish(connection) }

    /// Returns when the server is ready for one of `events` (poll's). Throws when the task is cancelled or the time
    /// limit passes.
    ///
    /// Returns the events, so that a writer can read what the server sends meanwhile.
    @discardableResult
    func wait(for events: Int32) throws -> Int32 {
        while true {
            // Bytes that OpenSSL has already decrypted do not make the socket readable.
            let isBuffered = events & POLLIN != 0 && CLibpq_tlsPending(connection) > 0
            var descriptors = (
                pollfd(fd: PQsocket(connection), events: Int16(events), revents: 0),
                pollfd(fd: signal.wake, events: Int16(POLLIN), revents: 0)
            )
            let ready = withUnsafeMutableBytes(of: &descriptors) {
                poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, isBuffered ? 0 : milliseconds())
            }
            let reason = errno
            if signal.isFired {
                abandon()
                throw CancellationError()
            }
            if isBuffered { return POLLIN }
            if ready > 0 { return Int32(descriptors.0.revents) }
            if ready < 0, reason != EINTR { throw PostgresError.lost(String(cString: strerror(reason))) }
            if let deadline, deadline <= .now {
                abandon()
                throw PostgresError(code: .timeout, message: "the server did not answer in time")
            }
        }
    }

    /// The time limit for poll in whole milliseconds, rounded up so that it does not return before the deadline.
    private func milliseconds() -> CInt {
        guard let deadline else { return -1 }
        let left = (deadline - .now) / .milliseconds(1)
        return CInt(min(max(0, left.rounded(.up)), 3_600_000))
    }

    func receive() throws {
        try wait(for: POLLIN)
        guard PQconsumeInput(connection) == 1 else { throw failure() }
    }

    /// Sends all that libpq has queued, reading what arrives meanwhile so that neither side waits for the other.
    func flush() throws {
        while true {
            switch PQflush(connection) {
            case 0: return
            case 1:
                let events = try wait(for: POLLIN | POLLOUT)
                if events & ~POLLOUT != 0, PQconsumeInput(connection) != 1 { throw failure() }
            default: throw failure()
            }
        }
    }

    /// Asks the server to stop the statement, waits two seconds at most, and makes the connection unusable.
    ///
    /// `PQcancel` blocks without a limit, hence the separate thread. A cancel request names a backend, not a statement,
    /// so a late one could hit the next statement: a cancelled session is never used again. The shutdown keeps
    /// `PQfinish` from blocking in its last flush.
    func abandon() {
        if PQstatus(connection) == CONNECTION_OK, let request = CLibpq_cancelCreate(connection) {
            nonisolated(unsafe) let request = request
            let sent = CancelSignal()
            do {
                try startThread(named: "granary-cancel") {
                    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) {
                        _ = CLibpq_cancelSend(request, $0.baseAddress!, 256)
                    }
                    CLibpq_cancelFree(request)
                    sent.fire()
                }
                var done = pollfd(fd: sent.wake, events: Int16(POLLIN), revents: 0)
                _ = poll(&done, 1, 2_000)
            } catch {
                // No thread for the request: the server will soon notice that the connection is gone.
                CLibpq_cancelFree(request)
            }
        }
        shutdown(PQsocket(connection), CInt(SHUT_RDWR))
    }
}

// Results.
extension Wire {
    /// The next result of the statement, which the caller clears; nil after the last.
    func nextResult() throws -> OpaquePointer? {
        while PQisBusy(connection) == 1 { try receive() }
        return PQgetResult(connection)
    }

    /// Waits for a result with `status`. Throws the server's error, or that something else arrived.
    func expect(_ status: ExecStatusType) throws {
        guard let result = try nextResult() else { throw failure() }
        defer { PQclear(result) }
        try check(result, is: status)
    }

    func check(_ result: OpaquePointer, is statuses: ExecStatusType...) throws {
        let status = PQresultStatus(result)
        if statuses.contains(status) { return }
        throw status == PGRES_FATAL_ERROR ? serverError(result) : unexpected(status)
    }

    /// Reads all remaining results, so that the next statement finds the connection idle. The first error is thrown.
    func drain() throws { _ = try drainCounting() }

    /// Like `drain`.
    ///
    /// - Returns: How many rows the statements have inserted, changed, deleted or returned, as their command tags say.
    func drainCounting() throws -> Int {
        var first: (any Error)?
        var rows = 0
        while let result = try nextResult() {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_FATAL_ERROR: first = first ?? serverError(result)
            case PGRES_COPY_IN:
                _ = PQputCopyEnd(connection, "not asked for")
                try flush()
            case PGRES_COPY_OUT: try skipCopyOut()
            default: rows += Int(String(cString: PQcmdTuples(result))) ?? 0
            }
        }
        if let first { throw first }
        return rows
    }

    private func skipCopyOut() throws {
        var row: UnsafeMutablePointer<CChar>?
        while true {
            switch PQgetCopyData(connection, &row, 1) {
            case 1...: PQfreemem(row)
            case 0: try receive()
            default: return
            }
        }
    }

    func failure() -> PostgresError {
        let message = String(cString: PQerrorMessage(connection))
        if PQstatus(connection) == CONNECTION_BAD {
            // Makes libpq read what arrived before the end, such as the server's reason.
            _ = PQisBusy(connection)
            var lost = PostgresError.lost(notices.farewell?.message ?? message)
            lost.server = notices.farewell
            return lost
        }
        return PostgresError(code: .unexpected, message: PostgresError.firstLine(message))
    }

    private func unexpected(_ status: ExecStatusType) -> PostgresError {
        PostgresError(code: .unexpected, message: "the server answered \(String(cString: PQresStatus(status)))")
    }

    private func serverError(_ result: OpaquePointer) -> PostgresError {
        guard let fields = PostgresError.ServerFields(result, codec) else {
            // libpq made this result itself; it is not from the server.
            return .lost(String(cString: PQresultErrorMessage(result)))
        }
        // Class 57P: the server ends the session (terminated, shut down, crash of another session).
        if ["57P01", "57P02", "57P03"].contains(fields.sqlState) {
            var lost = PostgresError.lost(fields.message)
            lost.server = fields
            return lost
        }
        return PostgresError(
            code: .server,
            message: fields.messageWithoutValues,
            hint: hint(for: fields),
            server: fields
        )
    }

    private func hint(for fields: PostgresError.ServerFields) -> String? {
        switch fields.sqlState {
        case "25006": fields.hint ?? Self.readOnlyHint(onStandby: isOnStandby)
        // The server's own hint names its log.
        case "40P01": "another session was changing the same objects; run the command again"
        default: fields.hint
        }
    }

    /// Servers tell it since PostgreSQL 14.
    private var isOnStandby: Bool {
        PQparameterStatus(connection, "in_hot_standby").map { String(cString: $0) } == "on"
    }

    /// For `read_only_sql_transaction`.
    static func readOnlyHint(onStandby: Bool) -> String {
        guard !onStandby else { return "the server is a standby, which is only read: connect to its primary" }
        return """
            if default_transaction_read_only is set for the database or the role, take it back with ALTER DATABASE … or \
            ALTER ROLE … RESET default_transaction_read_only; only a restore writes in spite of it
            """
    }
}

extension PostgresError.ServerFields {
    /// nil if the result has no fields from a server. `PQresultErrorField`.
    init?(_ result: OpaquePointer, _ codec: TextCodec) {
        func field(_ name: Unicode.Scalar) -> String? {
            PQresultErrorField(result, CInt(name.value)).map {
                codec.string(UnsafeRawBufferPointer(start: $0, count: strlen($0)))
            }
        }
        guard let state = field("C") else { return nil }
        self.init(
            severity: field("V") ?? field("S") ?? "ERROR",
            sqlState: state,
            message: field("M") ?? "",
            detail: field("D"),
            hint: field("H"),
            position: field("P").flatMap { Int($0) },
            internalQuery: field("q"),
            internalPosition: field("p").flatMap { Int($0) },
            context: field("W"),
            schema: field("s"),
            table: field("t"),
            column: field("c"),
            dataType: field("d"),
            constraint: field("n")
        )
    }
}

/// Writes the server's notices to the log. `PQsetNoticeReceiver`.
final class NoticeLog {
    private let logger: Logger
    /// The server's message before it ended an idle session. libpq treats it as a notice.
    private(set) var farewell: PostgresError.ServerFields?

    init(_ logger: Logger) { self.logger = logger }

    func receive(from connection: OpaquePointer) {
        // Unretained: the wire holds both and finishes the connection first.
        PQsetNoticeReceiver(
            connection,
            { context, result in
                guard let context, let result else { return }
                Unmanaged<NoticeLog>.fromOpaque(context).takeUnretainedValue().note(result)
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    private func note(_ result: OpaquePointer) {
        guard let fields = PostgresError.ServerFields(result, .utf8) else { return }
        if fields.severity == "FATAL" { farewell = fields }
        let level: Logger.Level = fields.severity == "WARNING" ? .warning : .debug
        logger.log(level: level, "server: \(fields.messageWithoutValues)")
    }
}
