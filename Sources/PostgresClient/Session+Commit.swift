internal import CLibpq
import Glibc
import Logging

// The one transaction that a run is about.
extension Session {
    /// Runs `body` in a transaction whose outcome is known in the end.
    ///
    /// Where the connection breaks while the server commits, or we are interrupted then, a new session asks what became of
    /// it: committed is done, and anything else is the error that it was, after which nothing has changed.
    ///
    /// - Throws: what `body` throws; `PostgresError` with `.inDoubt` when nobody answers that question.
    package mutating func decisiveTransaction<R>(
        _ begin: String = "BEGIN",
        _ body: (inout Session) throws -> R
    ) throws -> R {
        try execute(begin)
        let value: R
        let doubt: Doubt?
        do {
            value = try body(&self)
            // What was set for speed must not leave the end of it to a crash.
            try execute("SET LOCAL synchronous_commit TO DEFAULT")
            doubt = try Doubt(self)
        } catch {
            // As in `transaction`: the reason to roll back is the error that counts.
            if PQstatus(wire.connection) == CONNECTION_OK { try? execute("ROLLBACK") }
            throw error
        }
        do {
            try execute("COMMIT")
        } catch let error where (error as? PostgresError)?.code != .server {
            // Nothing was written, so that both outcomes are the same.
            guard let doubt else { return value }
            // Whoever has pressed Ctrl-C waits; a server that has crashed may be starting again.
            switch doubt.settle(within: error is CancellationError ? .seconds(4) : .seconds(10)) {
            case true?: logger.notice("the answer to COMMIT was lost; the server says that it is committed")
            case false?: throw error
            case nil:
                let reason = error is CancellationError ? "it was interrupted there" : "\(error)"
                throw PostgresError(
                    code: .inDoubt,
                    message: "whether the transaction was committed is not known: \(reason)",
                    hint: "look at the database when the server answers again, before the command is run once more"
                )
            }
        }
        return value
    }
}

/// A transaction that may have been committed, and how to find out.
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

    /// Whether it was committed; nil when the server does not say so in time.
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

    /// A signal of its own: the task may have been cancelled, which is why we ask.
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
            // It commits, or it waits for a client that is gone: a second is enough for the one, and ends the other.
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
