import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

@Suite(.serialized)
struct BigRowTests {
    @Test func rowsUpToPostgreSQLsLimitsComeBackAmongTheirNeighbours() async throws {
        // EXTERNAL, because compression would take longer than everything else.
        let schema = """
            CREATE TABLE big (id integer, v bytea, w text);
            ALTER TABLE big ALTER COLUMN v SET STORAGE EXTERNAL, ALTER COLUMN w SET STORAGE EXTERNAL;
            INSERT INTO big VALUES (1, '\\x01', 'before');
            INSERT INTO big SELECT 2, decode(repeat('00ff5c0a', 78643200), 'hex');
            INSERT INTO big VALUES (3, '\\x03', 'between');
            INSERT INTO big SELECT 4, v || v FROM big WHERE id = 2;
            INSERT INTO big VALUES (5, '\\x05', 'after'), (6, NULL, E'\\\\.');
            """
        try await withDatabase(schema) { server, url, folder in
            let digests = "SELECT id, length(v), md5(v), w FROM public.big ORDER BY id"
            let original = try await psql(url, digests)
            #expect(original.contains("2|314572800|"))
            #expect(original.contains("4|629145600|"))
            let report = try await backup(url, to: folder.file("a.zip"))
            #expect(report.rows == 6)
            let chunks = try manifest(of: folder.file("a.zip")).tables[0].chunks
            #expect(chunks.filter(\.isBinary).map(\.rows) == [1])
            try await server.withName { name in
                try await restore(folder.file("a.zip"), url) { $0.into = name }
                try await #expect(psql(server.url(database: name), digests) == original)
            }
        }
    }
}
