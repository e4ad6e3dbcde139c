internal import CLibpq
import Glibc
package import Logging

/// One connection to a PostgreSQL server. A closure uses it, on a thread of its own, for as long as it runs.
///
/// See `withSession`. Statements are sent through `query`, `execute`, `copyOut` and `copyIn`.
package struct Session: ~Copyable {
    let wire: Wire
    package let logger: Logger
    let ignoresReadOnlyDefault: Bool

    private init(wire: Wire, logger: Logger, ignoresReadOnlyDefault: Bool) {
        self.wire = wire
        self.logger = logger
        self.ignoresReadOnlyDefault = ignoresReadOnlyDefault
    }

    /// Connects, and makes name lookups in the session safe: see `Session+Start.swift`.
    ///
    /// - Throws: `PostgresError` with `.connection` or `.timeout`; `CancellationError`.
    static func connect(_ server: ServerAddress, signal: CancelSignal, logger: Logger) throws -> Session {
        let session = try openAfterRenames(server, signal: signal, logger: logger)
        // libpq no longer reports it after the connection is lost.
        let version = session.serverVersion
        guard let interruption = try session.start() else { return session }
        logger.debug(
            "connecting again, because a timeout of the role or the database ended the session: \(interruption)"
        )
        let patient = try openAfterRenames(session.sendingTimeouts(to: server, version), signal: signal, logger: logger)
        if let error = try patient.start() { throw error }
        return patient
    }

    /// Connects again if the database was renamed while the server looked it up. A restore that swaps two databases does
    /// so, and then another database has the name.
    private static func openAfterRenames(
        _ server: ServerAddress,
        signal: CancelSignal,
        logger: Logger
    ) throws -> Session {
        for _ in 0..<5 {
            do {
                return try open(server, signal: signal, logger: logger)
            } catch let error as PostgresError where error.sqlState == "3D000" && error.server?.detail != nil {
                logger.debug("connecting again: \(error)")
            }
        }
        return try open(server, signal: signal, logger: logger)
    }

    /// Connects with the same wait as everything else, because `PQconnectPoll` ignores `connect_timeout`.
    private static func open(_ server: ServerAddress, signal: CancelSignal, logger: Logger) throws -> Session {
        let connection = withCStrings(server.parameters.map(\.keyword)) { keywords in
            withCStrings(server.parameters.map(\.value)) { values in PQconnectStartParams(keywords, values, 1) }
        }
        guard let connection else { throw PostgresError.outOfMemory }
        // While connecting there is no result with error fields. Only this setting makes libpq print the SQLSTATE.
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        let session = Session(
            wire: Wire(connection: connection, signal: signal, logger: logger),
            logger: logger,
            ignoresReadOnlyDefault: server.ignoresReadOnlyDefault
        )
        try session.finishConnecting()
        return session
    }

    private func finishConnecting() throws {
        let connection = wire.connection
        let limit = secondsToConnect
        wire.deadline = .now + .seconds(limit)
        defer { wire.deadline = nil }
        var next = PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        while next != PGRES_POLLING_OK {
            guard next != PGRES_POLLING_FAILED else { throw connectionFailure() }
            do {
                try wire.wait(for: next == PGRES_POLLING_READING ? POLLIN : POLLOUT)
            } catch let error as PostgresError where error.code == .timeout {
                throw PostgresError(
                    code: .connection,
                    message: "no answer from the server at \(place) within \(limit) seconds",
                    hint: "check the host and the port, or set connect_timeout"
                )
            }
            next = PQconnectPoll(connection)
        }
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        PQsetnonblocking(connection, 1)
        // Text crosses the wire as UTF-8 and the server converts it, except for SQL_ASCII databases.
        wire.codec = encoding == "SQL_ASCII" ? .bytes : .utf8
    }

    /// `connect_timeout`, or the default.
    var secondsToConnect: Int {
        connectionParameter("connect_timeout").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil } ?? 10
    }

    private func connectionFailure() -> PostgresError {
        // A line for each host that was tried. Indented lines below it are libpq's own advice.
        let lines = String(cString: PQerrorMessage(wire.connection)).split(whereSeparator: \.isNewline)
            .filter { !$0.hasPrefix("\t") && !$0.hasPrefix("LOCATION:") }
        var states: [String] = []
        var detail: String?
        let told = lines.map { line in
            // FATAL:  3D000: database "x" does not exist
            guard let match = line.firstMatch(of: #/[A-Z]+:\s+([0-9A-Z]{5}): /#) else {
                // DETAIL:  It seems to have just been dropped or renamed.
                if line.hasPrefix("DETAIL:  ") { detail = String(line.dropFirst(9)) }
                return String(line)
            }
            states.append(String(match.1))
            detail = nil
            return String(line[..<match.range.lowerBound] + line[match.range.upperBound...])
        }
        if told == ["out of memory"] { return .outOfMemory }
        let message = told.isEmpty ? "the server at \(place) could not be reached" : told.joined(separator: "; ")
        let fields = states.last.map {
            PostgresError.ServerFields(severity: "FATAL", sqlState: $0, message: message, detail: detail)
        }
        return PostgresError(
            code: .connection,
            message: message,
            hint: hint(states.last, message),
            server: fields
        )
    }

    /// How to fix a failed connection, by its SQLSTATE. libpq gives none if the password is missing.
    private func hint(_ state: String?, _ message: String) -> String {
        switch state {
        case _ where state == "3D000" || state == "08P01" && message.contains("does not exist"):
            "create it with createdb, or correct the name; psql -l lists the databases"
        case _ where state == "28P01" || state == nil && message.contains("password"):
            "give the password of \(user) in PGPASSWORD, in ~/.pgpass or in DATABASE_URL"
        case "28000" where message.contains("does not exist"):
            "create the role with createuser, as a superuser, or connect as another one"
        case "28000": "allow it with a line in the server's pg_hba.conf, and reload the server"
        case "08P01" where message.contains("no such database"):
            "the pooler at \(place) does not know the database: connect to the server itself, or add it to the pooler's list"
        case "53300": "close sessions, give --jobs a lower number, or raise the server's max_connections"
        default: "check that the server runs, and the host, port, user and database"
        }
    }
}

// Properties of the connection.
extension Session {
    /// `server_version_num`, such as 150018. `PQserverVersion`.
    package var serverVersion: Int { Int(PQserverVersion(wire.connection)) }
    package var serverVersionText: String { String(cString: PQparameterStatus(wire.connection, "server_version")) }
    package var database: String { String(cString: PQdb(wire.connection)) }
    package var user: String { String(cString: PQuser(wire.connection)) }
    package var host: String { String(cString: PQhost(wire.connection)) }
    package var port: String { PQport(wire.connection).map { String(cString: $0) } ?? "" }
    package var processID: Int { Int(PQbackendPID(wire.connection)) }
    /// The encoding of the database, and of every string it stores.
    package var encoding: String { String(cString: PQparameterStatus(wire.connection, "server_encoding")) }
    package var codec: TextCodec { wire.codec }
    /// `PQtransactionStatus`.
    package var isInTransaction: Bool {
        [PQTRANS_INTRANS, PQTRANS_INERROR].contains(PQtransactionStatus(wire.connection))
    }

    /// Host, port and database, for people.
    package var place: String {
        let port = PQport(wire.connection).map { String(cString: $0) } ?? ""
        let name = host.isEmpty ? "the local socket" : host
        return port.isEmpty ? name : "\(name):\(port)"
    }

    /// The parameters in use, so that other sessions and pg_dump reach exactly the same server: without the password,
    /// and with only the host that answered. `PQconninfo`.
    package var pinnedParameters: [ServerAddress.Parameter] {
        var parameters = connectionParameters.filter { parameter in
            !["password", "passfile", "host", "hostaddr", "port", "dbname", "service", "application_name"]
                .contains(parameter.keyword)
                && !(parameter.keyword == "target_session_attrs" || parameter.keyword == "fallback_application_name")
        }
        parameters.append(ServerAddress.Parameter("host", host))
        // If a host name has several addresses, the one that answered.
        if let address = PQhostaddr(wire.connection).map({ String(cString: $0) }), !address.isEmpty {
            parameters.append(ServerAddress.Parameter("hostaddr", address))
        }
        parameters.append(ServerAddress.Parameter("port", String(cString: PQport(wire.connection))))
        parameters.append(ServerAddress.Parameter("dbname", database))
        return parameters.filter { !$0.value.isEmpty }
    }

    /// The password in use, from whatever source libpq took it. Never print it or put it on a command line. `PQpass`.
    package var password: String? {
        PQpass(wire.connection).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The address of exactly the server that this session is connected to, for sessions of the same kind.
    package var pinnedAddress: ServerAddress {
        let secret = password.map { [ServerAddress.Parameter("password", $0)] } ?? []
        let address = ServerAddress("", overrides: pinnedParameters + secret)
        return ignoresReadOnlyDefault ? address.ignoringReadOnlyDefault : address
    }

    func connectionParameter(_ keyword: String) -> String? {
        connectionParameters.first { $0.keyword == keyword }?.value
    }

    private var connectionParameters: [ServerAddress.Parameter] {
        guard let options = PQconninfo(wire.connection) else { return [] }
        defer { PQconninfoFree(options) }
        var parameters: [ServerAddress.Parameter] = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                parameters.append(ServerAddress.Parameter(String(cString: keyword), String(cString: value)))
            }
            option += 1
        }
        return parameters
    }
}

// Names and literals, quoted by libpq.
extension Session {
    /// `PQescapeIdentifier`.
    package func quoted(_ name: String) -> String {
        escaped(name) { PQescapeIdentifier($0, $1, $2) }
    }

    package func quoted(_ table: TableName) -> String { "\(quoted(table.schema)).\(quoted(table.name))" }

    package func quoted(_ names: [String]) -> String { names.map { quoted($0) }.joined(separator: ", ") }

    /// A literal, for the few statements that take no parameters. `PQescapeLiteral`.
    package func literal(_ text: String) -> String {
        escaped(text) { PQescapeLiteral($0, $1, $2) }
    }

    private func escaped(
        _ text: String,
        _ escape: (OpaquePointer, UnsafePointer<CChar>, Int) -> UnsafeMutablePointer<CChar>?
    ) -> String {
        let bytes = wire.codec.bytes(text)
        let result = bytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: CChar.self) { characters -> UnsafeMutablePointer<CChar>? in
                var empty: CChar = 0
                return withUnsafePointer(to: &empty) {
                    escape(wire.connection, characters.baseAddress ?? $0, characters.count)
                }
            }
        }
        // libpq only refuses text that is invalid in the encoding, and a Swift string is always valid.
        guard let result else { preconditionFailure("libpq could not quote a name") }
        defer { PQfreemem(result) }
        return wire.codec.string(UnsafeRawBufferPointer(start: result, count: strlen(result)))
    }
}

// Holding a transaction open.
extension Session {
    /// A statement for which the server takes no snapshot. That of SELECT would become the snapshot of a transaction that
    /// has only locks so far, and everything would be read as of then.
    static let signOfLife = "SHOW server_version"

    /// Keeps the session and its transaction open until `released` fires, and asks the server each minute whether it is
    /// alive. An idle session answers at once, so a minute without an answer means that the connection is dead.
    ///
    /// - Throws: `PostgresError` if the server is gone or does not answer; `CancellationError`.
    mutating func hold(until released: CancelSignal) throws {
        while true {
            var descriptors = [
                pollfd(fd: released.wake, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wire.signal.wake, events: Int16(POLLIN), revents: 0),
                pollfd(fd: PQsocket(wire.connection), events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&descriptors, 3, 60_000)
            if released.isFired { return }
            if wire.signal.isFired { throw CancellationError() }
            if ready > 0, PQconsumeInput(wire.connection) != 1 { throw wire.failure() }
            if ready == 0 { try within(.seconds(60)) { try $0.execute(Session.signOfLife) } }
        }
    }
}
