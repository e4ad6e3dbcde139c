internal import CLibpq
import Glibc

/// A COPY FROM STDIN that takes slabs of bytes of any size. See `Session.copyIn`.
package struct CopyIn: ~Copyable {
    private let wire: Wire
    fileprivate init(wire: Wire) { self.wire = wire }

    /// Sends `slab`; rows may begin and end anywhere in it. Waits until the socket has taken all of it, because libpq
    /// would queue without a limit. `PQputCopyData`.
    ///
    /// - Throws: The server's own error as soon as it arrives.
    package mutating func write(_ slab: UnsafeRawBufferPointer) throws {
        var rest = slab[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(256 << 10))
            let status = piece.withMemoryRebound(to: CChar.self) {
                PQputCopyData(wire.connection, $0.baseAddress, CInt($0.count))
            }
            guard status == 1 else { throw refusal() }
            try wire.flush()
            rest = rest.dropFirst(piece.count)
        }
    }

    /// The COPY ended before granary ended it: the server has sent the reason.
    private func refusal() -> any Error {
        do {
            try wire.drain()
            return wire.failure()
        } catch {
            return error
        }
    }
}

extension Session {
    /// Runs a COPY … FROM STDIN, lets `body` write into it, and returns the number of rows that the server took.
    /// `PQputCopyEnd`.
    ///
    /// If `body` throws, the COPY is ended with an error, so the server keeps none of its rows. The session can
    /// continue in a transaction that will be rolled back.
    package mutating func copyIn(_ sql: String, _ body: (inout CopyIn) throws -> Void) throws -> Int {
        try copyIn(bytes: wire.codec.bytes(sql), body)
    }

    /// Like `copyIn(_:_:)`, for text that is already in the session's encoding, such as a statement of a dump.
    package mutating func copyIn(bytes sql: [UInt8], _ body: (inout CopyIn) throws -> Void) throws -> Int {
        let sent = (sql + [0]).withUnsafeBytes {
            PQsendQuery(wire.connection, $0.assumingMemoryBound(to: CChar.self).baseAddress)
        }
        guard sent == 1 else { throw wire.failure() }
        try wire.flush()
        do {
            try wire.expect(PGRES_COPY_IN)
        } catch let error as PostgresError where error.code == .server {
            try wire.drain()
            throw error
        }
        var sink = CopyIn(wire: wire)
        do {
            try body(&sink)
        } catch {
            if PQstatus(wire.connection) == CONNECTION_OK, !wire.signal.isFired {
                // The answer is the error that this call asked for; `error` is the one to report.
                _ = PQputCopyEnd(wire.connection, "the sender stopped")
                try? wire.flush()
                try? wire.drain()
            }
            throw error
        }
        return try end()
    }

    private func end() throws -> Int {
        guard PQputCopyEnd(wire.connection, nil) >= 0 else { throw wire.failure() }
        try wire.flush()
        guard let result = try wire.nextResult() else { throw wire.failure() }
        defer { PQclear(result) }
        do {
            try wire.check(result, is: PGRES_COMMAND_OK)
        } catch {
            try? wire.drain()  // The statement's own error is more specific than later ones.
            throw error
        }
        let rows = Int(String(cString: PQcmdTuples(result))) ?? 0
        try wire.drain()
        return rows
    }
}
