import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// Names, comments and rows with non-ASCII bytes in the encoding of the database: é in LATIN1, and in SQL_ASCII bytes
/// that are invalid in every encoding.
func encodingSchema(_ encoding: String) -> String {
    // E'\xe9' would be checked against the encoding, and SQL_ASCII accepts every byte. convert_from does the same.
    let bytes = encoding == "SQL_ASCII" ? "e9 ff 80 c3 28 5c 09 0a" : "e9 ff a0 c3 28 5c 09 0a"
    return """
        SET client_encoding = '\(encoding)';
        DO $$
        DECLARE
            raw text := convert_from(decode('\(bytes)', 'hex'), '\(encoding)');
            e text := convert_from(decode('e9', 'hex'), '\(encoding)');
        BEGIN
            EXECUTE format('CREATE SCHEMA %I', 'sch' || e);
            EXECUTE format('CREATE TABLE %I.%I (id serial PRIMARY KEY, %I text, d text DEFAULT %L)', 'sch' || e, 't' || e, 'c' || e, raw);
            EXECUTE format('INSERT INTO %I.%I (%I) VALUES (%L), (%L), (NULL)', 'sch' || e, 't' || e, 'c' || e, raw, repeat(e, 10000));
            EXECUTE format('COMMENT ON TABLE %I.%I IS %L', 'sch' || e, 't' || e, raw);
            EXECUTE format('CREATE VIEW %I.v AS SELECT %L::text AS x', 'sch' || e, raw);
            EXECUTE format('CREATE FUNCTION %I.f() RETURNS text LANGUAGE sql AS %L', 'sch' || e, 'SELECT ' || quote_literal(raw) || '::text');
            EXECUTE format('CREATE TYPE %I.mood AS ENUM (%L)', 'sch' || e, e);
            PERFORM lo_from_bytea(777, decode('\(bytes)', 'hex'));
            EXECUTE format('COMMENT ON LARGE OBJECT 777 IS %L', raw);
        END $$;
        """
}

@Suite(.serialized)
struct EncodingTests {
    @Test(arguments: ["LATIN1", "SQL_ASCII", "LATIN9", "EUC_JP", "WIN1252"])
    func bytesComeBackAsTheyWere(_ encoding: String) async throws {
        let options = "ENCODING '\(encoding)' LC_COLLATE 'C' LC_CTYPE 'C'"
        let schema =
            encoding == "EUC_JP"
            ? "SET client_encoding = UTF8; CREATE TABLE 表 (列 text); INSERT INTO 表 VALUES ('日本語'), (E'\\\\'); COMMENT ON TABLE 表 IS '日本'"
            : encodingSchema(encoding)
        // A server of its own: pg_dump reads all roles, and a name in UTF-8 may not exist in EUC_JP.
        let server = try await ThrowawayServer.start()
        try await withDatabase(schema, options: options, on: server) { server, url, folder in
            let original = try await DatabasePortrait.of(url)
            let report = try await backup(url, to: folder.file("a.zip"))
            #expect(report.rows == (encoding == "EUC_JP" ? 2 : 3))
            #expect(try manifest(of: folder.file("a.zip")).database.encoding == encoding)
            try await server.withName { name in
                try await restore(folder.file("a.zip"), url) { $0.into = name }
                expectSame(try await .of(server.url(database: name)), original)
                #expect(
                    try await psql(server.url(database: name), "SHOW server_encoding") == encoding
                )
            }
            try await restore(folder.file("a.zip"), url) { $0.inPlace = true }
            expectSame(try await .of(url), original)
        }
        try await server.stop()
    }
}
