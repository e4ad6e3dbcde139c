internal import CLibpq
import Glibc

/// The rows of a COPY TO STDOUT, pulled one by one. See `Session.copyOut`.
package struct CopyOut: ~Copyable {
    private let wire: Wire
    fileprivate init(wire: Wire) { self.wire = wire }

    /// Passes the next row to `body` (in text format one line with its newline). Returns false after the last row.
    ///
    /// Allocates no Swift memory: the row belongs to libpq and is freed when `body` returns. `PQgetCopyData`.
    package mutating func next(_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
        var row: UnsafeMutablePointer<CChar>?
        while true {
            let count = PQgetCopyData(wire.connection, &row, 1)
            switch count {
            case 1...:
                defer { PQfreemem(row) }
                try body(UnsafeRawBufferPointer(start: row, count: Int(count)))
                return true
            case 0: try wire.receive()
            case -1: return false
            default: throw wire.failure()
            }
        }
    }

    /// Throws if the task was cancelled. A slow consumer learns of it here sooner than at its next wait.
    package func checkCancellation() throws {
        guard wire.signal.isFired else { return }
        wire.abandon()
        throw CancellationError()
    }
}

extension Session {
    /// Runs a COPY … TO STDOUT and passes its rows to `body`. Also throws the error that the server sends after the
    /// last row.
    ///
    /// If `body` throws or returns before the last row, the rest is unread and the session cannot be used any more.
    package mutating func copyOut<R>(_ sql: String, _ body: (inout CopyOut) throws -> R) throws -> R {
        let statement = wire.codec.bytes(sql) + [0]
        let sent = statement.withUnsafeBytes {
            PQsendQuery(wire.connection, $0.assumingMemoryBound(to: CChar.self).baseAddress)
        }
        guard sent == 1 else { throw wire.failure() }
        try wire.flush()
        do {
            try wire.expect(PGRES_COPY_OUT)
        } catch let error as PostgresError where error.code == .server {
            try wire.drain()
            throw error
        }
        var rows = CopyOut(wire: wire)
        let value = try body(&rows)
        try wire.drain()
        return value
    }
}
