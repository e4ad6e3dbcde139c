import GranaryCommands
import Inspection
import PostgresClient
import TestSupport
import Testing

/// `granary tables`, from the catalog to the lines.
@Suite struct TableReportTests {
    @Test func tablesAreListedWithEstimatesAndPartitionsAreAddedUp() async throws {
        try await Shop.with { url in
            let report = try await Shop.tables(url)
            #expect(report.tables.map(\.name.name) == ["Orders", "customers", "events"])
            #expect(report.tables.map(\.rowsEstimate) == [30, 120, 5])
            #expect(report.tables.map(\.kind) == [.table, .table, .partitionedTable])
            #expect(report.tables.map(\.partitions) == [0, 0, 2])
            #expect(report.tables.allSatisfy { $0.isAnalysed && $0.isReadable && $0.held == nil })
            #expect(report.tables[2].leaves.map(\.name.name) == ["events_1", "events_2"])
            for table in report.tables {
                let sizes = try await psql(
                    url,
                    """
                    SELECT sum(pg_relation_size(t)), sum(pg_indexes_size(t)), sum(pg_total_relation_size(t))
                    FROM (SELECT relid AS t FROM pg_partition_tree('shop."\(table.name.name)"')
                        UNION SELECT 'shop."\(table.name.name)"'::regclass) AS all_of_them
                    """
                ).split(separator: "|").compactMap { Int($0) }
                #expect(table.heapBytes == sizes[0] && table.indexBytes == sizes[1])
                // The server's sum includes files such as the free space map, which are not among the files measured
                // here.
                #expect(table.bytes <= sizes[2] && table.bytes > sizes[2] - 200_000)
            }
            #expect(report.sizesAreCurrent)
        }
    }

    @Test func theLinesArePlainWherePiped() async throws {
        try await Shop.with { url in
            let lines = TableListing(try await Shop.tables(url)).lines(width: nil)
            #expect(
                lines == [
                    "schema  table      kind          rows  statistics     heap  indexes    toast  share",
                    "shop    Orders     table          ~30  just now     8.2 kB  24.6 kB   8.2 kB   33 %",
                    "shop    customers  table         ~120  just now     8.2 kB  32.8 kB   8.2 kB   40 %",
                    "shop    events     2 partitions    ~5  just now    16.4 kB      0 B  16.4 kB   27 %",
                    "3 tables, 122.9 kB",
                ],
                "\(lines.joined(separator: "\n"))"
            )
        }
    }

    @Test func unanalysedTablesAreMarkedAndEmptyFilesAreEmpty() async throws {
        let more = """
            CREATE TABLE shop.fresh (id int); CREATE TABLE shop.filled (id int);
            INSERT INTO shop.filled SELECT generate_series(1, 1000);
            """
        try await Shop.with(more) { url in
            let report = try await Shop.tables(url)
            let fresh = try #require(report.tables.first { $0.name.name == "fresh" })
            #expect(fresh.rowsEstimate == 0 && !fresh.isAnalysed && fresh.bytes == 0)
            let filled = try #require(report.tables.first { $0.name.name == "filled" })
            #expect(!filled.isAnalysed && filled.heapBytes == 40_960)
            #expect([nil, 1000].contains(filled.rowsEstimate))
            let line = try #require(TableListing(report).lines(width: nil).first { $0.contains("  fresh") })
            #expect(line.contains("never analysed"))
        }
    }

    @Test func aTableThatSomebodyLocksIsListedAtOnce() async throws {
        try await Shop.with { url in
            try await Shop.holding("shop.customers", url) {
                let report = try await Shop.tables(url)
                #expect(report.tables.map(\.rowsEstimate) == [30, 120, 5])
                #expect(report.tables[1].held?.isGranted == true && report.tables[1].heapBytes == 8192)
                let line = TableListing(report).lines(width: nil)[2]
                #expect(line.contains("locked by process \(report.tables[1].held?.processID ?? 0)"))
            }
        }
    }

    @Test func aRoleThatMayReadNothingSeesItsTablesAndSizesOfTheLastAnalyze() async throws {
        try await Shop.with("DROP ROLE IF EXISTS looker_1; CREATE ROLE looker_1 LOGIN") { url in
            let report = try await Shop.tables(url.replacing("user=granary", with: "user=looker_1"))
            #expect(report.tables.count == 3 && report.tables.allSatisfy { !$0.isReadable })
            #expect(!report.sizesAreCurrent && report.tables[0].heapBytes == 8192)
            #expect(TableListing(report).lines(width: nil)[1].hasSuffix("no privilege"))
            #expect(TableListing(report).notes.count == 1)
            try await psql(url, "DROP ROLE looker_1")
        }
    }

    @Test func theNumberOfQueriesDoesNotDependOnTheNumberOfTables() async throws {
        let server = try await ThrowawayServer.shared()
        let many =
            "SELECT format('CREATE TABLE shop.t%s (id int PRIMARY KEY)', n) FROM generate_series(1, 60) AS n \\gexec\n"
        var numbers: [Int] = []
        for more in ["", many] {
            try await Shop.with(more) { url in
                let name = try await psql(url, "SELECT current_database()")
                try await psql(url, "ALTER DATABASE \(name) SET log_statement = 'all'")
                _ = try await Shop.tables(url)
                numbers.append(Shop.statements(server, database: name))
                _ = try await Shop.report(url)
                numbers.append(Shop.statements(server, database: name))
            }
        }
        #expect(numbers[0] > 3 && numbers[0] < 12)
        #expect(numbers[1] > numbers[0] + 7 && numbers[1] < 32)
        #expect(Array(numbers[2...]) == Array(numbers[..<2]))
    }
}
