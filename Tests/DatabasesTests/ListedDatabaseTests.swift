import PostgresClient
import TestSupport
import Testing

@testable import Databases

/// Which databases of a server belong to people.
@Suite struct ListedDatabaseTests {
    private func reason(_ name: String, comment: String? = nil) async throws -> String? {
        let server = try await ThrowawayServer.shared()
        return try await server.withDatabase(name) { url in
            if let comment {
                try await server.execute("COMMENT ON DATABASE \(QuotedText.name(name)) IS '\(comment)'")
            }
            return try await withSession(ServerAddress(url), logger: quietLogger) { session in
                let found = try ListedDatabase.all(session).first { $0.name == name }
                return try #require(found).reason
            }
        }
    }

    @Test func aSnapshotIsOneOnlyIfItsCommentSaysSo() async throws {
        let name = "listed_snapshot_0123abcd"
        try await #expect(reason(name) == nil)
        try await #expect(reason(name, comment: "of last week") == nil)
        let mark = #"{"granary": "snapshot", "name": "before the release"}"#
        try await #expect(reason(name, comment: mark) == "a snapshot of granary")
        try await #expect(reason("listed_other", comment: mark) == nil)
    }

    @Test func aMarkOfAnotherDatabaseKeepsNothing() async throws {
        let mark = "shop before the restore of 20261123T071500Z, kept by granary as listed_old (database 1)"
        try await #expect(reason("listed_old", comment: mark) == nil)
    }

    @Test(arguments: [
        ("shop_granary_12_0123abcd", true), ("granary_drill_12_0123abcd", true), ("granary_replay_12_0123abcd", true),
        ("shop_granary_12_0123abcdx", false), ("my_granary_drill_12_0123abcd", false), ("granary", false),
    ])
    func aDatabaseOfGranaryIsKnownByItsName(name: String, isOurs: Bool) {
        let marks = [SessionMark.replacement, .drill, .scratch]
        #expect(marks.contains { $0.isIn(name) } == isOurs)
    }
}
