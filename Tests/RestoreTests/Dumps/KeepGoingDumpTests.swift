import PostgresClient
import SQLText
import TestSupport
import Testing

@testable import Restore

/// Statements of a plain dump that fail and hold no rows.
@Suite struct KeepGoingDumpTests {
    private static let dump = """
        CREATE TABLE public.t (a integer);
        CREATE FUNCTION public.f() RETURNS integer LANGUAGE missing AS 'x';
        CREATE VIEW public.v AS SELECT public.f() AS f;
        COPY public.t (a) FROM stdin;
        1
        \\.
        COMMENT ON VIEW public.v IS 'v';

        """

    private func withDump(
        _ text: String,
        _ body: (_ server: ThrowawayServer, _ url: String, _ file: String) async throws -> Void
    ) async throws {
        try await withDatabase("CREATE TABLE before (a integer)") { server, url, folder in
            try folder.write(text, to: "a.sql")
            try await body(server, url, folder.file("a.sql"))
        }
    }

    @Test func theyAreListedWithTheirLineAndUnderTheirCause() async throws {
        try await withDump(Self.dump) { server, url, file in
            let report = try await restore(file, url) { $0.keepGoing = true }
            #expect(
                report.leftOut == [
                    LeftOut(
                        object: "CREATE FUNCTION public.f",
                        reason: "\(file):2: language \"missing\" does not exist (SQLSTATE 42704)",
                        effect: .missing,
                        dependents: ["CREATE VIEW public.v AS SELECT public.f"]
                            + ["COMMENT ON VIEW public.v IS"]
                    )
                ]
            )
            #expect(report.swapped)
            try await #expect(psql(url, "SELECT count(*) FROM t") == "1")
            try await server.execute("DROP DATABASE \"\(try #require(report.kept))\"")
        }
    }

    @Test func aMissingKeyKeepsTheNewDatabaseBeside() async throws {
        let key = "ALTER TABLE ONLY public.t ADD CONSTRAINT t_key UNIQUE (b);\n"
        try await withDump(Self.dump + key) { server, url, file in
            let report = try await restore(file, url) { $0.keepGoing = true }
            #expect(report.leftOut.map(\.effect) == [.missing, .unprotected])
            #expect(!report.swapped)
            try await #expect(psql(url, "SELECT count(*) FROM before") == "0")
            try await server.execute("DROP DATABASE \"\(try #require(report.beside))\"")
        }
    }

    @Test func inPlaceTheTransactionIsRolledBack() async throws {
        try await withDump(Self.dump) { _, url, file in
            let error = await failure {
                try await restore(file, url) {
                    $0.keepGoing = true
                    $0.inPlace = true
                    $0.allowIncomplete = true
                }
            }
            #expect(error?.message.hasPrefix("nothing was changed, because 1 object could not be restored") == true)
            try await #expect(psql(url, "SELECT to_regclass('t') IS NULL") == "t")
        }
    }

    @Test(arguments: ["INSERT INTO public.t VALUES ('x');", "CREATE TABLE public.t ();", "SELECT setval('s', 1);"])
    func rowsAreNeverLeftOut(statement: String) async throws {
        try await withDump(Self.dump + statement + "\n") { _, url, file in
            let error = await failure { try await restore(file, url) { $0.keepGoing = true } }
            #expect(error?.message.contains("a.sql:8: ") == true)
            try await #expect(psql(url, "SELECT count(*) FROM before") == "0")
        }
    }

    @Test(arguments: [
        ("CREATE UNIQUE INDEX i ON t (a)", LeftOut.Effect?.some(.unprotected)),
        ("CREATE INDEX i ON t (a)", .missing), ("CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t", .unprotected),
        ("CREATE EVENT TRIGGER g ON ddl_command_end", .unprotected), ("CREATE POLICY p ON t", .unprotected),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", .missing), ("CREATE MATERIALIZED VIEW v AS SELECT 1", .missing),
        ("CREATE UNLOGGED TABLE u (a int)", nil), ("CREATE SEQUENCE s", nil), ("CREATE FOREIGN TABLE f ()", .missing),
        ("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", .unprotected),
        ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", .unprotected), ("ALTER TABLE t OWNER TO o", .unprotected),
        ("ALTER TABLE ONLY t ALTER COLUMN a SET DEFAULT 1", .missing),
        ("ALTER TABLE t ATTACH PARTITION u DEFAULT", nil),
        ("ALTER TABLE t DISABLE TRIGGER g", .unprotected), ("ALTER TABLE t ADD COLUMN b int", nil),
        ("ALTER SEQUENCE s OWNED BY t.a", .missing), ("ALTER SEQUENCE s RESTART 7", nil),
        ("ALTER DEFAULT PRIVILEGES FOR ROLE o REVOKE ALL ON TABLES FROM PUBLIC", .unprotected),
        ("GRANT SELECT ON t TO o", .missing), ("REVOKE ALL ON t FROM o", .unprotected),
        ("SET SESSION AUTHORIZATION o", nil), ("SET search_path = x", nil), ("DO 'begin end'", nil),
    ])
    func whatFollowsFromAFailureIsReadFromTheStatement(statement: String, effect: LeftOut.Effect?) {
        let bytes = Array(statement.utf8)
        #expect(FailedStatement(bytes, StatementWords.first(400, of: bytes))?.effect == effect)
    }

    @Test func aListedStatementShowsNoString() {
        let text = "CREATE USER MAPPING FOR app\n    SERVER s OPTIONS (password 'hush')"
        let bytes = Array(text.utf8)
        let one = FailedStatement(bytes, StatementWords.first(400, of: bytes))
        #expect(one?.object == "CREATE USER MAPPING FOR app SERVER s OPTIONS")
    }
}
