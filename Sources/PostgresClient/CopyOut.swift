internal import CLibpq
import Glibc

/// The rows of a COPY TO STDOUT, pulled one by one. See `Session.copyOut`.
package struct CopyOut: ~Copyable {
    private let wire: Wire
    fileprivate init(wire: Wire) { self.wire = wire }

    /// Lends the next row (in text format one line, its newline included); false after the last one.
    ///
    /// Nothing of Swift is allocated: the row is libpq's, and is given back when `body` returns. `PQgetCopyData`.
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

    /// Throws when the task was cancelled: a slow consumer notices here sooner than at the next wait.
    package func checkCancellation() throws {
        guard wire.signal.isFired else { return }
        wire.abandon()
        throw CancellationError()
    }
}

extension Session {
    /// Runs a COPY … TO STDOUT and lends its rows. The error that the server sends after the last row is thrown too.
    ///
    /// When `body` throws, or returns before the last row, the rest is unread and the session is of no more use.
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
