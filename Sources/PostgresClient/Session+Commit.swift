internal import CLibpq
import Glibc
import Logging

// Transactions whose outcome must be known.
extension Session {
    /// Runs `body` in a transaction and finds out whether it was committed.
    ///
    /// If the connection breaks during the COMMIT, or the task is cancelled then, a new session asks for the outcome.
    /// If it was committed, this returns normally. Otherwise it throws the original error, and nothing has changed.
    ///
    /// - Throws: Errors of `body`; `PostgresError` with `.inDoubt` if the outcome cannot be found out.
    package mutating func decisiveTransaction<R>(
        _ begin: String = "BEGIN",
        _ body: (inout Session) throws -> R
    ) throws -> R {
        try execute(begin)
        let value: R
        let doubt: Doubt?
        do {
            value = try body(&self)
            // Settings made for speed must not make the COMMIT asynchronous.
            try execute("SET LOCAL synchronous_commit TO DEFAULT")
            doubt = try Doubt(self)
        } catch {
            // As in `transaction`: the reason for the rollback is the error to report.
            if PQstatus(wire.connection) == CONNECTION_OK { try? execute("ROLLBACK") }
            throw error
        }
        do {
            try execute("COMMIT")
        } catch let error where (error as? PostgresError)?.code != .server {
            // Nothing was written, so both outcomes are the same.
            guard let doubt else { return value }
            // After Ctrl-C a person is waiting; a crashed server may be starting again.
            switch doubt.settle(within: error is CancellationError ? .seconds(4) : .seconds(10)) {
            case true?: logger.notice("the answer to COMMIT was lost; the server says that it is committed")
            case false?: throw error
            case nil:
                let reason = error is CancellationError ? "it was interrupted there" : "\(error)"
                throw PostgresError(
                    code: .inDoubt,
                    message: "whether the transaction was committed is not known: \(reason)",
                    hint: "check the database when the server answers again, before you repeat the command"
                )
            }
        }
        return value
    }
}

/// A transaction whose COMMIT got no answer, and the means to find out its outcome.
private struct Doubt {
    private let transaction: String
    private let address: ServerAddress
    private let logger: Logger

    /// nil for a transaction that has written nothing.
    init?(_ session: borrowing Session) throws {
        let row = try session.query("SELECT pg_catalog.txid_current_if_assigned() AS id")[0]
        guard let id = row["id"] else { return nil }
        transaction = id
        address = session.pinnedAddress
        logger = session.logger
    }

    /// Whether it was committed; nil if the server does not answer in time.
    func settle(within limit: Duration) -> Bool? {
        let deadline = ContinuousClock.now + limit
        while true {
            do {
                return try ask(until: deadline)
            } catch {
                logger.debug("asking for the outcome of transaction \(transaction): \(error)")
                guard .now < deadline else { return nil }
                usleep(200_000)
            }
        }
    }

    /// Uses a new signal, because the task may have been cancelled already.
    private func ask(until deadline: ContinuousClock.Instant) throws -> Bool? {
        let session = try Session.connect(
            address.setting("connect_timeout", to: "3"),
            signal: CancelSignal(),
            logger: logger
        )
        session.wire.deadline = deadline
        let start = ContinuousClock.now
        while true {
            switch try session.query("SELECT pg_catalog.txid_status($1::bigint) AS status", [transaction])[0]["status"]
            {
            case "committed": return true
            case "aborted": return false
            case "in progress": break
            default: return nil
            }
            // It is committing, or it waits for a client that is gone. One second is enough for the former, and ends
            // the latter.
            if .now - start > .seconds(1) { try endSession(session) }
            usleep(50_000)
        }
    }

    private func endSession(_ session: borrowing Session) throws {
        try session.query(
            """
            SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
            WHERE backend_xid::pg_catalog.text = ($1::bigint & 4294967295)::pg_catalog.text
            """,
            [transaction]
        )
    }
}
