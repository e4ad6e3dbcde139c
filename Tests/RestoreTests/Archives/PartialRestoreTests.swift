import Archive
import Backup
import PostgresClient
import Restore
import TestSupport
import Testing

/// Parts of an archive: schemas, tables, rows.
@Suite(.serialized)
struct PartialRestoreTests {
    private static let shop = """
        CREATE SCHEMA shop;
        CREATE TABLE shop.customers (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, boss integer REFERENCES shop.customers);
        CREATE TABLE shop.orders (id serial PRIMARY KEY, customer integer NOT NULL REFERENCES shop.customers ON DELETE CASCADE,
            total numeric CHECK (total >= 0), doubled numeric GENERATED ALWAYS AS (total * 2) STORED);
        CREATE INDEX orders_customer ON shop.orders (customer);
        COMMENT ON TABLE shop.orders IS 'orders';
        INSERT INTO shop.customers (name, boss) SELECT 'c' || n, nullif(n % 10, n) FROM generate_series(0, 0) n;
        INSERT INTO shop.customers (name, boss) SELECT 'c' || n, 1 FROM generate_series(2, 20) n;
        INSERT INTO shop.orders (customer, total) SELECT 1 + n % 20, n FROM generate_series(1, 100) n;
        CREATE MATERIALIZED VIEW shop.sums AS SELECT customer, sum(total) FROM shop.orders GROUP BY customer;
        CREATE FUNCTION shop.stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a trigger ran'; END $$;
        CREATE TRIGGER stop BEFORE INSERT OR UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.stop();
        CREATE SCHEMA log;
        CREATE TABLE log.events (id integer, what text);
        INSERT INTO log.events VALUES (1, 'kept');
        CREATE TABLE log.parted (id integer PRIMARY KEY) PARTITION BY RANGE (id);
        CREATE TABLE log.parted_1 PARTITION OF log.parted FOR VALUES FROM (0) TO (10);
        CREATE TABLE log.parted_2 PARTITION OF log.parted FOR VALUES FROM (10) TO (20);
        INSERT INTO log.parted SELECT generate_series(0, 19);
        """

    private func withShop(
        _ body: (ThrowawayServer, _ url: String, _ file: String, DatabasePortrait) async throws -> Void
    )
        async throws
    {
        try await withDatabase(Self.shop) { server, url, folder in
            try await backup(url, to: folder.file("a.zip"))
            try await body(server, url, folder.file("a.zip"), .of(url))
        }
    }

    @Test func aSchemaComesBackAndTheOthersStay() async throws {
        try await withShop { server, url, file, original in
            try await psql(
                url,
                "DROP TABLE shop.orders CASCADE; UPDATE shop.customers SET name = 'x'; INSERT INTO log.events VALUES (2, 'new')"
            )
            let report = try await restore(file, url) { $0.schemas = ["shop"] }
            #expect(report.tables == 2)
            #expect(report.rows == 120)
            try await #expect(psql(url, "DELETE FROM log.events WHERE id = 2 RETURNING what") == "new")
            expectSame(try await .of(url), original)
        }
    }

    @Test func anArchiveOfASchemaComesBackAlone() async throws {
        try await withShop { server, url, _, original in
            try await ScratchFolder.with { folder in
                try await backup(url, to: folder.file("shop.zip")) { $0.schemas = ["shop"] }
                try await psql(url, "DROP SCHEMA shop CASCADE")
                try await restore(folder.file("shop.zip"), url)
                expectSame(try await .of(url), original)
                try await restore(folder.file("shop.zip"), url)
                expectSame(try await .of(url), original)
            }
        }
    }

    @Test func aSchemaIsNotReplacedWhileOthersDependOnIt() async throws {
        try await withShop { server, url, file, _ in
            try await psql(
                url,
                """
                CREATE VIEW log.sums AS SELECT * FROM shop.sums;
                ALTER TABLE log.events ADD CONSTRAINT to_shop FOREIGN KEY (id) REFERENCES shop.customers;
                CREATE FUNCTION log.takes(shop.orders) RETURNS integer LANGUAGE sql AS 'SELECT 1';
                """
            )
            let before = try await DatabasePortrait.of(url)
            let error = await failure { try await restore(file, url) { $0.schemas = ["shop"] } }
            #expect(error?.code == .preflight)
            for name in ["log.sums", "to_shop on log.events", "log.takes"] {
                #expect(error?.message.contains(name) == true, "\(String(describing: error))")
            }
            #expect(error?.hint != nil)
            expectSame(try await .of(url), before)
        }
    }

    @Test func aTableThatIsGoneIsMadeAndOneThatIsThereIsRefused() async throws {
        try await withShop { server, url, file, original in
            try await psql(url, "DROP TABLE shop.orders CASCADE")
            let report = try await restore(file, url) { $0.tables = [.init(table: "orders")] }
            #expect(report.rows == 100)
            try await psql(
                url,
                "CREATE MATERIALIZED VIEW shop.sums AS SELECT customer, sum(total) FROM shop.orders GROUP BY customer"
            )
            expectSame(try await .of(url), original)
            let error = await failure { try await restore(file, url) { $0.tables = [.init(table: "shop.orders")] } }
            #expect(error?.message.contains("shop.orders exists") == true)
            #expect(error?.hint?.contains("--rows missing") == true)
            expectSame(try await .of(url), original)
        }
    }

    @Test func aPartitionedTableComesBackWithItsPartitions() async throws {
        try await withShop { server, url, file, original in
            try await psql(url, "DROP TABLE log.parted")
            let report = try await restore(file, url) { $0.tables = [.init(table: "log.parted")] }
            #expect(report.rows == 20)
            expectSame(try await .of(url), original)
            try await psql(url, "DELETE FROM log.parted WHERE id % 3 = 0")
            try await restore(file, url) {
                $0.tables = [.init(table: "log.parted")]
                $0.rows = .missing
            }
            try await #expect(psql(url, "SELECT count(*), sum(id) FROM log.parted") == "20|190")
        }
    }

    @Test func missingRowsAreAddedAndTheOthersStay() async throws {
        try await withShop { server, url, file, original in
            try await psql(
                url,
                "DROP TRIGGER stop ON shop.orders; DELETE FROM shop.orders WHERE id > 50; UPDATE shop.orders SET total = 0 WHERE id = 1"
            )
            let report = try await restore(file, url) {
                $0.tables = [.init(table: "shop.orders")]
                $0.rows = .missing
            }
            #expect(report.rows == 50)
            #expect(
                try await psql(url, "SELECT count(*), sum(total), sum(doubled) FROM shop.orders") == "100|5049|10098"
            )
        }
    }

    @Test func replacedRowsAreThoseOfTheArchive() async throws {
        try await withShop { server, url, file, original in
            try await psql(
                url,
                "ALTER TABLE shop.orders DISABLE TRIGGER stop; DELETE FROM shop.orders WHERE id > 50; UPDATE shop.orders SET total = 0; ALTER TABLE shop.orders ENABLE TRIGGER stop"
            )
            let report = try await restore(file, url) {
                $0.tables = [.init(table: "shop.orders")]
                $0.rows = .replace
            }
            #expect(report.rows == 100)
            expectSame(try await .of(url), original)
        }
    }

    @Test func aTableComesBackBesideTheOldOneUnderAnotherName() async throws {
        try await withShop { server, url, file, original in
            let report = try await restore(file, url) {
                $0.tables = [.init(table: "orders", newName: "orders \"old\"")]
            }
            #expect(report.rows == 100)
            #expect(
                try await psql(url, "SELECT count(*), sum(total) FROM shop.\"orders \"\"old\"\"\"") == "100|5050"
            )
            let again = await failure {
                try await restore(file, url) { $0.tables = [.init(table: "orders", newName: "orders \"old\"")] }
            }
            #expect(again?.message.contains("exists") == true)
            try await psql(url, "DROP TABLE shop.\"orders \"\"old\"\"\"")
            expectSame(try await .of(url), original)
        }
    }

    @Test func aNameThatIsNotInTheArchiveIsSaid() async throws {
        try await withShop { server, url, file, original in
            let table = await failure { try await restore(file, url) { $0.tables = [.init(table: "nothing")] } }
            #expect(table?.code == .selection)
            #expect(table?.message.contains("no table nothing") == true)
            let schema = await failure { try await restore(file, url) { $0.schemas = ["nothing"] } }
            #expect(schema?.code == .selection)
            #expect(schema?.hint?.contains("shop") == true)
            expectSame(try await .of(url), original)
        }
    }

    @Test func whatIsGrantedByDefaultIsNotGrantedToWhatComesBack() async throws {
        try await withShop { server, url, file, original in
            let changes = """
                ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
                ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
                ALTER DEFAULT PRIVILEGES IN SCHEMA log GRANT ALL ON TABLES TO PUBLIC;
                """
            try await psql(url, changes)
            let changed = try await DatabasePortrait.of(url)
            try await psql(url, "DROP TABLE log.events")
            try await restore(file, url) { $0.tables = [.init(table: "log.events")] }
            expectSame(try await .of(url), changed)
            try await restore(file, url) { $0.schemas = ["shop"] }
            expectSame(try await .of(url), changed)
            try await restore(file, url) { $0.inPlace = true }
            expectSame(try await .of(url), original)
        }
    }
}
