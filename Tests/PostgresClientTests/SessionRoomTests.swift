import TestSupport
import Testing

@testable import PostgresClient

@Suite struct SessionRoomTests {
    private func room(limit: Int, _ others: Int = 0) async throws -> SessionRoom {
        let server = try await ThrowawayServer.shared()
        let role = "granary_room_\(UInt32.random(in: 0 ... .max))"
        try await server.execute("CREATE ROLE \(role) LOGIN CONNECTION LIMIT \(limit)")
        let address = ServerAddress(
            server.url(database: "postgres").replacing("user=\(ThrowawayServer.superuser)", with: "user=\(role)")
        )
        let room = try await withSession(address, logger: quietLogger) { try SessionRoom($0) }
        try await server.execute("DROP ROLE \(role)")
        return room
    }

    @Test func `The limit of the role is the room, the session that asks included`() async throws {
        let room = try await room(limit: 3)
        #expect(room.free == 3)
        #expect(room.sentence.hasPrefix("3 are free, by the CONNECTION LIMIT of granary_room_"))
    }

    @Test(arguments: [(3, 1, 1), (4, 2, 2), (8, 8, 4), (9, 3, 3), (20, 8, 8)])
    func `Workers take half of the room, and two at least`(limit: Int, wanted: Int, workers: Int) async throws {
        #expect(try await room(limit: limit).workers(wanted) == workers)
    }

    @Test(arguments: [(3, 2), (3, 8), (2, 1)])
    func `Too little room is busy, and names what is needed and free`(limit: Int, wanted: Int) async throws {
        let room = try await room(limit: limit)
        let error = #expect(throws: PostgresError.self) { try room.workers(wanted) }
        #expect(error?.exitStatus == Basics.ExitStatus.busy)
        #expect(
            error?.message.hasPrefix("\(min(wanted, 2) + 2) sessions are needed for --jobs \(min(wanted, 2))") == true
        )
        #expect(error?.message.contains("\(limit) are free") == true)
    }
}

@Suite struct ValuesInMessagesTests {
    @Test(arguments: [
        (
            "22021", #"invalid byte sequence for encoding "UTF8": 0xe9 0x27"#,
            #"invalid byte sequence for encoding "UTF8""#
        ),
        (
            "22P05",
            #"character with byte sequence 0xc4 0x80 in encoding "UTF8" has no equivalent in encoding "LATIN1""#,
            #"character with byte sequence in encoding "UTF8" has no equivalent in encoding "LATIN1""#
        ),
        ("22023", #"invalid value for parameter "TimeZone": "secret""#, #"invalid value for parameter "TimeZone""#),
        ("22P02", #"invalid input syntax for type integer: "secret""#, #"invalid input syntax for type integer: "…""#),
        (
            "23505", #"duplicate key value violates unique constraint "t_pkey""#,
            #"duplicate key value violates unique constraint "t_pkey""#
        ),
    ])
    func `Encodings and parameters are named, values are not`(state: String, message: String, shown: String) {
        let fields = PostgresError.ServerFields(severity: "ERROR", sqlState: state, message: message)
        #expect(fields.messageWithoutValues == shown)
    }

    @Test(arguments: [
        (
            "22P02", #"invalid input syntax for type integer: "a "b" c""#,
            #"invalid input syntax for type integer: "a "b" c""#
        ),
        (
            "22P02", "invalid input syntax for type integer: \"\(String(repeating: "x", count: 41))\"",
            "invalid input syntax for type integer: \"\(String(repeating: "x", count: 40))…\""
        ),
        ("22021", #"invalid byte sequence for encoding "UTF8": 0xe9"#, #"invalid byte sequence for encoding "UTF8""#),
    ])
    func `Forty characters of a value may be shown`(state: String, message: String, shown: String) {
        let fields = PostgresError.ServerFields(severity: "ERROR", sqlState: state, message: message)
        let error = PostgresError(code: .server, message: fields.messageWithoutValues, server: fields)
        #expect(error.showingValue { _ in true }.message == shown)
        #expect(error.showingValue { _ in false }.message == fields.messageWithoutValues)
    }
}
