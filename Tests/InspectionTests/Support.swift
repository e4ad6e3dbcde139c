import Archive
import GranaryCommands
import PostgresClient
import TestSupport

@testable import Inspection

/// A database with some unusual objects, and functions to inspect it.
enum Shop {
    static let schema = """
        CREATE SCHEMA shop;
        CREATE TABLE shop.customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE,
            "Größe 表" numeric(10,2) DEFAULT 1.5, twice bigint GENERATED ALWAYS AS (1 + 1) STORED);
        COMMENT ON TABLE shop.customers IS 'Who buys';
        COMMENT ON COLUMN shop.customers.email IS 'as they typed it';
        CREATE TABLE shop."Orders" (id int PRIMARY KEY, customer bigint REFERENCES shop.customers, note text,
            CONSTRAINT positive CHECK (id > 0));
        CREATE INDEX notes ON shop."Orders" (lower(note)) WHERE note IS NOT NULL;
        CREATE TABLE shop.events (at date NOT NULL, body text) PARTITION BY RANGE (at);
        CREATE TABLE shop.events_1 PARTITION OF shop.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        CREATE TABLE shop.events_2 PARTITION OF shop.events DEFAULT;
        INSERT INTO shop.customers (email) SELECT 'c' || n FROM generate_series(1, 120) AS n;
        INSERT INTO shop."Orders" (id, customer) SELECT n, n FROM generate_series(1, 30) AS n;
        INSERT INTO shop.events SELECT date '2026-06-01' + n * 200, 'x' FROM generate_series(0, 4) AS n;
        ANALYZE;
        """

    static func with(_ more: String = "", _ body: (_ url: String) async throws -> Void) async throws {
        try await ThrowawayServer.shared().withDatabase { url in
            try await psql(url, schema + more)
            try await body(url)
        }
    }

    static func tables(_ url: String, _ scope: InspectionScope = .schemas(["shop"])) async throws -> TableReport {
        try await withSession(ServerAddress(url), logger: quietLogger) { try TableReport.read(scope, $0) }
    }

    static func report(_ url: String, _ scope: InspectionScope = .schemas(["shop"])) async throws -> SchemaReport {
        try await withSession(ServerAddress(url), logger: quietLogger) { try SchemaReading(scope).read(&$0) }
    }

    static func counting(_ url: String) -> RowCounting { RowCounting(server: ServerAddress(url), logger: quietLogger) }

    /// Holds an ACCESS EXCLUSIVE lock on a table while `body` runs.
    static func holding(
        _ table: String,
        _ url: String,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withHeldSession(ServerAddress(url), logger: quietLogger) { session in
            try session.execute("\(Session.databaseSearchPath); BEGIN; LOCK TABLE \(table) IN ACCESS EXCLUSIVE MODE")
        } while: {
            try await body()
        }
    }

    /// The number of statements that the server logged for a database.
    static func statements(_ server: ThrowawayServer, database: String) -> Int {
        String(decoding: readFile(server.log), as: UTF8.self).split(separator: "\n").filter {
            $0.contains("@\(database) LOG:  ") && ($0.contains("execute <unnamed>:") || $0.contains("statement:"))
        }.count
    }
}

/// A backup in a list, with one table.
///
/// - Parameter emptied: Whether the rows of the table were left out.
func entry(
    _ createdAt: String,
    database: String = "shop",
    environment: String? = "production",
    tables: [String] = [],
    server: String? = "1",
    emptied: Bool = false,
    table name: String = "events",
    requested: Manifest.Scope.Requested? = nil
) -> BackupCatalogue.Entry {
    var manifest = Manifest(
        granary: "1",
        createdAt: createdAt,
        environment: environment,
        database: .init(name: database, encoding: "UTF8", collate: "C", ctype: "C", owner: "app"),
        server: .init(version: "15.18", versionNumber: 150018, systemIdentifier: server),
        snapshot: "1",
        scope: .init(tables: tables)
    )
    manifest.tables = [table(name, isEmptied: emptied)]
    manifest.scope.requested = requested
    let file = "\(database)-\(createdAt)-\(tables.count)-\(server ?? "")-\(emptied).zip"
    return .init(file: file, path: "backups/\(file)", bytes: 1, content: .backup(manifest))
}

private func table(_ name: String, isEmptied: Bool) -> Manifest.Table {
    var table = Manifest.Table(
        number: 1,
        oid: 1,
        schema: "public",
        name: name,
        columns: [],
        primaryKey: [],
        rows: 0,
        rawBytes: 0,
        chunks: []
    )
    table.dataLeftOut = isEmptied
    return table
}
