import TestSupport
import Testing

@testable import PostgresClient

@Suite struct ErrorContextTests {
    @Test func framesAreReadAndTheStatementsBetweenThemAreNot() {
        let context = ErrorContext(
            """
            SQL statement "INSERT INTO t VALUES ('geheim')"
            PL/pgSQL function shop.f(integer,text) line 12 at SQL statement
            SQL statement "SELECT shop.f(1, 'x')"
            PL/pgSQL function inline_code_block line 3 at PERFORM
            """
        )
        #expect(context.frames.map(\.line) == [12, 3])
        #expect(context.sentence == "line 12 of shop.f(integer,text), called in line 3 of the DO block")
        #expect(ErrorContext("SQL function \"f\" statement 1").sentence == nil)
    }

    @Test func theRowOfACopyIsReadWithoutItsValue() {
        let context = ErrorContext("COPY t, line 7, column b: \"geheim\"")
        #expect(context.copyLine == 7)
        #expect(context.copyColumn == "b")
        #expect(ErrorContext("COPY t, line 7: \"a b\"").copyColumn == nil)
        #expect(ErrorContext("COPY t, line 7: \"a b\"").copyLine == 7)
    }

    @Test(arguments: [
        ("23505", "Key (a, lower(b))=(1, geheim) already exists.", "Key (a, lower(b)) already exists."),
        ("23503", "Key (a)=(1) is not present in table \"u\".", "Key (a) is not present in table \"u\"."),
        (
            "23503", "Key (a)=() already exists.) is still referenced from table \"u\".",
            "Key (a) is still referenced from table \"u\"."
        ),
        ("23502", "Failing row contains (1, geheim).", nil), ("22P02", "Token \"geheim\" is invalid.", nil),
        ("44000", "Failing row contains (1, geheim).", nil),
        ("23505", "Key (a)=(x) is duplicated. geheim) already exists.", "Key (a) already exists."),
        (
            "23503", "Key (a)=(x) is still referenced from table \"geheim) is not present in table \"u\".",
            "Key (a) is not present in table \"u\"."
        ),
        ("23P01", "Key (a)=(x) conflicts with existing key (a)=(x) is duplicated. geheim).", nil),
        ("2BP01", "view v depends on table t", "view v depends on table t"),
    ])
    func theDetailIsShownWithoutTheValuesOfRows(state: String, detail: String, expected: String?) {
        let fields = PostgresError.ServerFields(severity: "ERROR", sqlState: state, message: "x", detail: detail)
        #expect(fields.detailWithoutValues == expected)
    }

    @Test func theServersOwnFieldsAreReadSo() async throws {
        try await withDatabaseSession { session in
            let error = #expect(throws: PostgresError.self) {
                try session.execute("DO $$\nBEGIN\n  PERFORM missing;\nEND $$")
            }
            #expect(error?.server?.errorContext.sentence == "line 3 of the DO block")
            #expect(error?.server?.internalQuery == "SELECT missing")
            #expect(error?.server?.internalPosition == 8)
        }
    }
}
