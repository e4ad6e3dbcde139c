import PostgresClient
import TestSupport
import Testing

@testable import Bookkeeping

@Suite struct GolangMigrateLedgerTests {
    private static let table = TableName(schema: "public", name: "schema_migrations")

    @Test func theLockIsTheOneThatGolangMigrateTakes() {
        func keys(_ schema: String, _ table: String, _ database: String) -> [Int] {
            GolangMigrateLedger.lockKeys(TableName(schema: schema, name: table), database: database)
        }
        #expect(keys("user_service", "schema_migrations", "service_db") == [2_062_547_490, 2_223_215_924])
        #expect(keys("public", "schema_migrations", "service_db") == [4_248_483_293, 2_553_151_175])
    }

    @Test func itsRowIsWrittenAndReadBack() async throws {
        try await inNewDatabase { session in
            try #expect(GolangMigrateLedger.find(Self.table, session) == nil)
            try GolangMigrateLedger.create(Self.table, session)
            try #expect(GolangMigrateLedger.find(Self.table, session)?.row == nil)
            try GolangMigrateLedger.write(3, to: Self.table, session)
            try #expect(GolangMigrateLedger.find(Self.table, session)?.row == .init(version: 3, isDirty: false))
            try GolangMigrateLedger.write(nil, to: Self.table, session)
            try #expect(GolangMigrateLedger.find(Self.table, session)?.row == nil)
        }
    }

    @Test func aTableOfTheSameNameAndOtherColumnsIsAnotherTools() async throws {
        try await inNewDatabase { session in
            try session.execute("CREATE TABLE public.schema_migrations (version varchar PRIMARY KEY)")
            try #expect(GolangMigrateLedger.find(Self.table, session) == nil)
        }
    }
}
