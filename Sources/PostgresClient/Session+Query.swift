internal import CLibpq
import Glibc

extension Session {
    /// Runs one statement with bound parameters and returns its rows. `PQsendQueryParams`.
    ///
    /// - Throws: `PostgresError`; `CancellationError`, after which the session cannot be used.
    @discardableResult
    package borrowing func query(_ sql: String, _ parameters: [String?] = []) throws -> Rows {
        let values = parameters.map { $0.map { wire.codec.bytes($0) + [0] } }
        let copies = values.map { value in
            value.map { bytes -> UnsafeMutablePointer<UInt8> in
                let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
                copy.initialize(from: bytes, count: bytes.count)
                return copy
            }
        }
        defer { for copy in copies { copy?.deallocate() } }
        let pointers = copies.map { $0.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) } }
        let sent = withStatement(sql) {
            PQsendQueryParams(wire.connection, $0, CInt(pointers.count), nil, pointers, nil, nil, 0)
        }
        guard sent == 1 else { throw wire.failure() }
        try wire.flush()
        return try rows()
    }

    /// Runs one statement and counts its rows, which are not kept: memory does not depend on their number.
    /// `PQsetSingleRowMode`.
    ///
    /// - Throws: Like `query`.
    package borrowing func countRows(_ sql: String) throws -> Int {
        let sent = withStatement(sql) { PQsendQueryParams(wire.connection, $0, 0, nil, nil, nil, nil, 0) }
        guard sent == 1, PQsetSingleRowMode(wire.connection) == 1 else { throw wire.failure() }
        try wire.flush()
        var count = 0
        while let result = try wire.nextResult() {
            defer { PQclear(result) }
            do {
                try wire.check(result, is: PGRES_SINGLE_TUPLE, PGRES_TUPLES_OK, PGRES_COMMAND_OK)
            } catch {
                try? wire.drain()  // As in `rows`.
                throw error
            }
            count += Int(PQntuples(result))
        }
        return count
    }

    /// Runs any number of statements as one message, without parameters, and discards their rows. `PQsendQuery`.
    ///
    /// According to the protocol, several statements are one transaction unless they contain transaction commands.
    package borrowing func execute(_ sql: String) throws {
        guard withStatement(sql, { PQsendQuery(wire.connection, $0) }) == 1 else { throw wire.failure() }
        try wire.flush()
        try wire.drain()
    }

    /// Like `execute(_:)`, for text that is already in the session's encoding, such as a statement of a dump.
    package borrowing func execute(bytes sql: [UInt8]) throws { _ = try executeCounting(bytes: sql) }

    /// Like `execute(bytes:)`.
    ///
    /// - Returns: How many rows the statements have inserted, changed, deleted or returned, as their command tags say.
    package borrowing func executeCounting(bytes sql: [UInt8]) throws -> Int {
        let sent = (sql + [0]).withUnsafeBytes {
            PQsendQuery(wire.connection, $0.assumingMemoryBound(to: CChar.self).baseAddress)
        }
        guard sent == 1 else { throw wire.failure() }
        try wire.flush()
        return try wire.drainCounting()
    }

    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws.
    package mutating func transaction<R>(
        _ begin: String = "BEGIN",
        _ body: (inout Session) throws -> R
    ) throws -> R {
        try execute(begin)
        do {
            let value = try body(&self)
            try execute("COMMIT")
            return value
        } catch {
            // The reason for the rollback is the error to report. If the rollback fails too, the session is gone and
            // the server rolls back.
            if PQstatus(wire.connection) == CONNECTION_OK { try? execute("ROLLBACK") }
            throw error
        }
    }

    /// Runs `body` with a time limit for each of its statements.
    package mutating func within<R>(_ limit: Duration, _ body: (inout Session) throws -> R) throws -> R {
        let before = wire.deadline
        wire.deadline = .now + limit
        defer { wire.deadline = before }
        return try body(&self)
    }

    private borrowing func withStatement<R>(_ sql: String, _ body: (UnsafePointer<CChar>) -> R) -> R {
        if wire.codec == .utf8 { return sql.withCString(body) }
        return (wire.codec.bytes(sql) + [0]).withUnsafeBytes {
            body($0.assumingMemoryBound(to: CChar.self).baseAddress!)
        }
    }

    private borrowing func rows() throws -> Rows {
        guard let result = try wire.nextResult() else { throw wire.failure() }
        defer { PQclear(result) }
        do {
            try wire.check(result, is: PGRES_TUPLES_OK, PGRES_COMMAND_OK)
        } catch {
            try? wire.drain()  // The statement's own error is more specific than later ones.
            throw error
        }
        let names = (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
        let count = Int(PQntuples(result))
        var cells: [String?] = []
        cells.reserveCapacity(count * names.count)
        for row in 0..<PQntuples(result) {
            for column in 0..<PQnfields(result) {
                guard PQgetisnull(result, row, column) == 0 else {
                    cells.append(nil)
                    continue
                }
                let bytes = UnsafeRawBufferPointer(
                    start: PQgetvalue(result, row, column),
                    count: Int(PQgetlength(result, row, column))
                )
                cells.append(wire.codec.string(bytes))
            }
        }
        try wire.drain()
        return Rows(columns: names, cells: cells, count: count)
    }
}
