import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// The schema that initdb creates: unchanged, altered, created again, dropped.
@Suite(.serialized)
struct PublicSchemaTests {
    @Test(arguments: [
        "",
        "DROP SCHEMA public",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO pg_monitor; COMMENT ON SCHEMA public IS 'ours'",
        "ALTER SCHEMA public OWNER TO granary; COMMENT ON SCHEMA public IS NULL",
        "DROP SCHEMA public; CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO PUBLIC",
        "ALTER SCHEMA public RENAME TO was_public",
    ])
    func itComesBackAsItWas(_ change: String) async throws {
        try await withDatabase("CREATE SCHEMA other; CREATE TABLE other.t (id integer); \(change)") {
            server,
            url,
            folder in
            let original = try await DatabasePortrait.of(url)
            try await backup(url, to: folder.file("a.zip"))
            try await server.withName { name in
                try await restore(folder.file("a.zip"), url) { $0.into = name }
                expectSame(try await .of(server.url(database: name)), original)
            }
            try await restore(folder.file("a.zip"), url) { $0.inPlace = true }
            expectSame(try await .of(url), original)
            try await server.withDatabase { empty in
                try await restore(folder.file("a.zip"), empty) { $0.inPlace = true }
                expectSame(try await .of(empty), original)
            }
        }
    }

    /// The schema exists, and only another one is restored.
    @Test func itIsLeftAloneWhereAnotherSchemaOfItsArchiveIsRestored() async throws {
        try await withDatabase(
            "CREATE TABLE public.p AS SELECT 1 AS a; CREATE SCHEMA other; CREATE TABLE other.t (id integer)"
        ) {
            _,
            url,
            folder in
            try await backup(url, to: folder.file("a.zip")) { $0.schemas = ["public", "other"] }
            try await psql(url, "UPDATE public.p SET a = 2; DROP TABLE other.t")
            try await restore(folder.file("a.zip"), url) { $0.schemas = ["other"] }
            try await #expect(psql(url, "SELECT a, to_regclass('other.t') IS NOT NULL FROM public.p") == "2|t")
        }
    }
}
