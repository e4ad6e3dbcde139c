import Archive
import GranaryCommands
import PostgresClient
import Synchronization
import TestSupport
import Testing

@testable import Inspection

/// `granary counts`.
@Suite struct RowCountsTests {
    @Test func smallTablesAreCountedAndPartitionsAddedUp() async throws {
        // The estimates are wrong, so only counting gives the right number.
        try await Shop.with("DELETE FROM shop.customers WHERE id > 100;") { url in
            let counts = try await Shop.counting(url).quick(.schemas(["shop"]))
            #expect(
                CountListing(counts).lines(width: nil) == [
                    "table           rows", "shop.Orders       30", "shop.customers   100", "shop.events        5",
                    "3 tables, 135 rows",
                ]
            )
            #expect(counts.tables.allSatisfy { $0.isExact })
        }
    }

    @Test func largeTablesAreEstimatedUnlessAllIsCounted() async throws {
        let more = """
            CREATE TABLE shop.large (body text) WITH (autovacuum_enabled = off);
            ALTER TABLE shop.large ALTER body SET STORAGE PLAIN;
            INSERT INTO shop.large SELECT repeat('x', 4000) FROM generate_series(1, 2100);
            ANALYZE shop.large; DELETE FROM shop.large WHERE ctid = '(0,1)';
            """
        try await Shop.with(more) { url in
            let quick = try await Shop.counting(url).quick(.schemas(["shop"]))
            let large = try #require(quick.tables.first { $0.name.name == "large" })
            #expect(large.rows == 2100 && !large.isExact && large.obstacle == nil)
            #expect(CountListing(quick).lines(width: nil).contains { $0.hasSuffix("~2,100") })
            let told = Mutex<[RowCounts.Progress]>([])
            let exact = try await Shop.counting(url).exact(.schemas(["shop"]), jobs: 2) { event in
                told.withLock { $0.append(event) }
            }
            #expect(exact.tables.map(\.rows) == [30, 120, 5, 2099])
            #expect(exact.tables.allSatisfy { $0.isExact })
            // The largest table comes first, with one event for each table that has rows.
            let events = told.withLock { $0 }
            #expect(events.count == 6)
            guard case .planned(let tables, _) = events[0] else { throw CommandFailure(description: "\(events)") }
            #expect(tables == 5)
        }
    }

    @Test func unreadableTablesAreListedWithoutFailure() async throws {
        let more = """
            DROP ROLE IF EXISTS looker_2; CREATE ROLE looker_2 LOGIN; GRANT USAGE ON SCHEMA shop TO looker_2;
            GRANT SELECT ON shop.customers, shop.events_1 TO looker_2;
            GRANT SELECT ON shop."Orders" TO looker_2; ALTER TABLE shop."Orders" ENABLE ROW LEVEL SECURITY;
            """
        try await Shop.with(more) { url in
            let counting = Shop.counting(url.replacing("user=granary", with: "user=looker_2"))
            let quick = try await counting.quick(.schemas(["shop"]))
            let exact = try await counting.exact(.schemas(["shop"]), jobs: 2) { _ in }
            for counts in [quick, exact] {
                #expect(counts.tables.map(\.obstacle) == [.rowSecurity, nil, .noPrivilege])
                #expect(counts.tables.map(\.isExact) == [false, true, false])
                #expect(counts.tables.map(\.rows) == [30, 120, 5])
            }
            #expect(CountListing(quick).lines(width: nil)[1] == "shop.Orders      ~30  row security")
            try await psql(url, "DROP OWNED BY looker_2; DROP ROLE looker_2")
        }
    }

    @Test func aMaterializedViewThatWasNeverFilledHasNoRowsAndStopsNothing() async throws {
        try await Shop.with("CREATE MATERIALIZED VIEW shop.view AS SELECT id FROM shop.customers WITH NO DATA;") {
            url in
            let owner = url.replacing("user=granary", with: "user=looker_4")
            try await psql(
                url,
                """
                DROP ROLE IF EXISTS looker_4; CREATE ROLE looker_4 LOGIN; GRANT USAGE ON SCHEMA shop TO looker_4;
                GRANT SELECT ON ALL TABLES IN SCHEMA shop TO looker_4
                """
            )
            let counts = [
                try await Shop.counting(url).quick(.schemas(["shop"])),
                try await Shop.counting(owner).quick(.schemas(["shop"])),
                try await Shop.counting(url).exact(.schemas(["shop"]), jobs: 2) { _ in },
            ]
            for counts in counts {
                #expect(
                    CountListing(counts).lines(width: nil) == [
                        "table           rows  remark", "shop.Orders       30", "shop.customers   120",
                        "shop.events        5", "shop.view          0  not populated", "4 tables, 155 rows",
                    ]
                )
            }
            let line = try #require(
                TableListing(try await Shop.tables(url)).lines(width: nil).first { $0.contains("view") }
            )
            #expect(line.hasSuffix("not populated"))
            try await psql(url, "DROP OWNED BY looker_4; DROP ROLE looker_4")
        }
    }

    @Test func aTableThatSomebodyLocksIsEstimatedAtOnce() async throws {
        try await Shop.with { url in
            try await Shop.holding("shop.customers", url) {
                let counts = try await Shop.counting(url).quick(.schemas(["shop"]))
                #expect(counts.tables.map(\.obstacle) == [nil, .locked, nil])
                #expect(counts.tables[1].rows == 120 && !counts.tables[1].isExact)
            }
        }
    }

    @Test func aBackupsRowsAreHeldAgainstThoseOfNow() throws {
        func table(
            _ number: Int,
            _ name: String,
            _ rows: Int,
            _ change: (inout Manifest.Table) -> Void = { _ in }
        )
            -> Manifest.Table
        {
            var table = Manifest.Table(number: number, oid: 0, schema: "shop", name: name, columns: [], rows: rows)
            change(&table)
            return table
        }
        var manifest = Manifest(
            granary: "1",
            createdAt: "2026-11-23T07:15:00Z",
            database: .init(name: "shop", encoding: "UTF8", collate: "C", ctype: "C", owner: "app"),
            server: .init(version: "15.18", versionNumber: 150018),
            snapshot: "1"
        )
        manifest.tables = [
            table(1, "a", 1200), table(2, "p", 0) { $0.kind = .partitioned }, table(3, "p_1", 10), table(4, "p_2", 5),
            table(5, "old", 7), table(6, "log", 0) { $0.dataLeftOut = true },
        ]
        func now(_ name: String, _ rows: Int?, _ leaves: [String], isExact: Bool = true) -> RowCounts.Table {
            .init(
                name: TableName(schema: "shop", name: name),
                rows: rows,
                isExact: isExact,
                leaves: leaves.map { TableName(schema: "shop", name: $0) }
            )
        }
        let counts = RowCounts(tables: [
            now("a", 1000, ["a"]), now("log", 3, ["log"]), now("new", 4, ["new"]),
            now("p", 17, ["p_1", "p_2", "p_3"], isExact: false),
        ])
        let differences = CountDifference.between(counts, and: manifest, scope: .schemas(["shop"]))
        #expect(
            DifferenceListing(differences, file: "x.zip", createdAt: manifest.createdAt).lines(width: nil) == [
                "table      then    now  change  remark",
                "shop.a    1,200  1,000    -200",
                "shop.log      -      3          not in the backup",
                "shop.new      -      4          not in the backup",
                "shop.old      7      -          gone",
                "shop.p       15    ~17     ~+2",
                "3 tables of 5 changed since x.zip of 2026-11-23T07:15:00Z",
                "these are numbers of rows: changed values are not seen; --digests compares them",
            ]
        )
        #expect(CountDifference.between(counts, and: manifest, scope: .schemas(["other"])).count == 4)
    }
}
