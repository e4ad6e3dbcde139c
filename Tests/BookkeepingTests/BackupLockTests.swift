import PostgresClient
import TestSupport
import Testing

@testable import Bookkeeping

/// One backup at a time of a database into the same place, and the backups that run as other sessions see them.
@Suite struct BackupLockTests {
    /// Provides a second session while another one backs up `kept` into `place`, as far as the server can tell.
    private func whileBackedUp(
        into place: String? = "/srv/backups",
        _ body: @escaping @Sendable (_ process: Int, inout Session) throws -> Void
    ) async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await psql(url, "CREATE TABLE kept (a int); CREATE TABLE other (a int)")
            do {
                try await withHeldSession(
                    ServerAddress(url),
                    logger: quietLogger,
                    prepare: { session in
                        try BackupLock(place: place).take(session)
                        try session.execute("BEGIN; LOCK TABLE public.kept IN ACCESS SHARE MODE")
                        return session.processID
                    },
                    while: { process in try await inSession(url) { try body(process, &$0) } }
                )
            } catch let error as PostgresError where error.code == .connectionLost {
                // The test has terminated its session.
            }
        }
    }

    /// Another version of granary must find the lock.
    @Test func thePlaceHasTheSameKeyForEver() {
        #expect(BackupLock(place: "/srv/backups").key == AdvisoryKey(group: 0x6772_6e62, 980_466_098))
        #expect(BackupLock(place: nil).key == AdvisoryKey(group: 0x6772_6e62, 0))
    }

    @Test func aSecondBackupIntoTheSamePlaceIsRefusedAndIsToldTheFirst() async throws {
        try await whileBackedUp { process, other in
            let error = #expect(throws: BackupLock.Occupied.self) {
                try BackupLock(place: "/srv/backups").take(other)
            }
            #expect(error?.backup?.process == process)
            #expect(error?.backup?.who == "process \(process) (granary of granary)")
            #expect(error?.backup?.since?.wholeMatch(of: #/20..-..-..T..:..:..Z/#) != nil)
            try BackupLock(place: "/srv/others").take(other)
        }
    }

    @Test func pipesExcludeNothing() async throws {
        try await whileBackedUp(into: nil) { process, other in
            try BackupLock(place: nil).take(other)
            try BackupLock(place: "/srv/backups").take(other)
            try #expect(RunningBackup.all(other).map(\.process) == [process])
        }
    }

    @Test func theLockEndsWithItsSession() async throws {
        try await whileBackedUp { process, other in
            try other.query("SELECT pg_terminate_backend($1)", [String(process)])
            for _ in 0..<200 where try !RunningBackup.all(other).isEmpty { try other.rest(for: .milliseconds(20)) }
            try BackupLock(place: "/srv/backups").take(other)
        }
    }

    @Test func aRunningBackupIsNamedWithThoseOfTheTablesThatItReads() async throws {
        try await whileBackedUp { process, other in
            let found = try RunningBackup.all(reading: ["kept", "public.other", "missing"], other)
            #expect(found.map(\.process) == [process])
            #expect(found.first?.tables == [TableName(schema: "public", name: "kept")])
            try #expect(RunningBackup.all(reading: ["public.other"], other).map(\.tables) == [[]])
        }
    }

    @Test func aRoleWithoutRightsSeesABackupOfAnotherRole() async throws {
        try await whileBackedUp { process, other in
            try other.transaction { session in
                try session.execute("CREATE ROLE granary_stranger; SET LOCAL ROLE granary_stranger")
                let found = try RunningBackup.all(reading: ["public.kept"], session)
                #expect(found.first?.process == process)
                #expect(found.first?.who == "process \(process) (granary of granary)")
                #expect(found.first?.since == nil)
                #expect(found.first?.tables.count == 1)
                try session.execute("RESET ROLE; DROP ROLE granary_stranger")
            }
        }
    }

    /// A file of migrations may become another role; the note about a backup must not make the run fail.
    @Test func aSchemaThatTheRoleMayNotUseLeavesTheTablesOut() async throws {
        try await whileBackedUp { process, other in
            try other.execute("CREATE SCHEMA closed; CREATE TABLE closed.t (); CREATE ROLE granary_outsider")
            try other.execute("SET ROLE granary_outsider")
            let found = Result { try RunningBackup.all(reading: ["public.kept", "closed.t"], other) }
            try other.execute("RESET ROLE; DROP ROLE granary_outsider")
            #expect(try found.get().map(\.process) == [process])
            #expect(try found.get().first?.tables == [])
        }
    }

    @Test func aServerThatHidesItsSessionsHidesTheBackupAndNotTheLock() async throws {
        try await whileBackedUp { _, other in
            try other.execute("REVOKE SELECT ON pg_catalog.pg_stat_activity FROM PUBLIC; CREATE ROLE granary_blind")
            try other.execute("SET ROLE granary_blind")
            let found = Result { try RunningBackup.all(reading: ["kept"], other) }
            let error = #expect(throws: BackupLock.Occupied.self) { try BackupLock(place: "/srv/backups").take(other) }
            try other.execute("RESET ROLE; DROP ROLE granary_blind")
            #expect(try found.get() == [])
            #expect(error != nil && error?.backup == nil)
        }
    }

    @Test func pgDumpIsNamedToo() async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await withHeldSession(
                ServerAddress(url),
                logger: quietLogger,
                prepare: { session in
                    try session.execute("CREATE TABLE public.t (a int); SET application_name = 'pg_dump'")
                    try session.execute("BEGIN; LOCK TABLE public.t IN ACCESS SHARE MODE")
                    return session.processID
                },
                while: { process in
                    try await inSession(url) { other in
                        let found = try RunningBackup.all(reading: ["t"], other)
                        #expect(found.map(\.who) == ["process \(process) (pg_dump of granary)"])
                        #expect(found.first?.tables.map(\.spelling) == ["public.t"])
                    }
                }
            )
        }
    }
}
