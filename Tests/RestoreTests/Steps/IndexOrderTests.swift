import Archive
import PostgresClient
import Synchronization
import TestSupport
import Testing

@testable import Restore

/// The order in which indexes are built and foreign keys are checked.
@Suite struct IndexOrderTests {
    private func build(
        _ name: String,
        _ table: String,
        _ cost: Double,
        mayWait: Bool = false,
        method: String = "btree",
        columns: String = "(a)"
    ) -> IndexOrder.Build {
        let sql = "CREATE INDEX \(name) ON \(table) USING \(method) \(columns);\n"
        let item = Manifest.SchemaItem(id: 1, section: .postData, kind: "INDEX", name: name, sql: sql)
        return IndexOrder.Build(
            index: RestorePlan.IndexBuild(item: item, sql: sql),
            table: table,
            cost: cost,
            mayWait: mayWait
        )
    }

    private func text(_ order: IndexOrder) -> String {
        [order.together, order.alone, order.besideChecks].map { $0.map(\.index.item.name).joined(separator: " ") }
            .joined(separator: " | ")
    }

    private func order(
        _ builds: [IndexOrder.Build],
        checks: [Int: IndexOrder.Check] = [:],
        workers: Int = 2
    ) -> String {
        text(IndexOrder(builds, checks: checks, workers: workers, aloneMin: 10))
    }

    @Test func theLargestTableComesFirst() {
        #expect(order([build("a", "s", 1), build("b", "l", 3), build("c", "m", 2)]) == "b c a |  | ")
        #expect(order([]) == " |  | ")
    }

    /// With two workers the third of three equal indexes would take as long as the first two.
    @Test func anIndexThatWouldBeBuiltLastIsBuiltAlone() {
        let three = ["a", "b", "c"].map { build($0, "t", 100) }
        #expect(order(three) == "a b | c | ")
        #expect(order(three, workers: 1) == "a b c |  | ")
        #expect(order(three, workers: 3) == "a b c |  | ")
        #expect(order(three + [build("d", "t", 100)]) == "a b c d |  | ")
        // The other worker has enough to do meanwhile.
        #expect(order(three + [build("d", "s", 45), build("e", "s", 45)]) == "a b c d e |  | ")
        #expect(order(three + [build("d", "s", 5)]) == "a b d | c | ")
        #expect(order((0..<6).map { build("\($0)", "t", 100) }, workers: 4) == "0 1 2 3 | 4 5 | ")
    }

    @Test func whatTheServerBuildsByOneProcessOrQuicklyIsNotBuiltAlone() {
        #expect(order(["a", "b", "c"].map { build($0, "t", 100, method: "gist") }) == "a b c |  | ")
        #expect(order(["a", "b", "c"].map { build($0, "t", 9) }) == "a b c |  | ")
        for columns in ["(public.f(a))", "(a) WHERE (public.f(a) > 3)", "((a OPERATOR(public.+) b))"] {
            #expect(order(["a", "b", "c"].map { build($0, "t", 100, columns: columns) }) == "a b c |  | ")
        }
        for columns in ["(lower(a))", "(a, b DESC) WHERE (a > 3)", "(a public.own_ops)"] {
            #expect(order(["a", "b", "c"].map { build($0, "t", 100, columns: columns) }) == "a b | c | ")
        }
    }

    /// The two keys of the large table are checked one after the other.
    @Test func indexesFillTheTimeInWhichOneTableIsChecked() {
        let checks = [
            1: IndexOrder.Check(table: "large", cost: 80), 2: IndexOrder.Check(table: "large", cost: 80),
            3: IndexOrder.Check(table: "small", cost: 20),
        ]
        let builds = [
            build("a", "large", 100, mayWait: true), build("b", "large", 100), build("c", "small", 25, mayWait: true),
            build("d", "small", 25), build("e", "other", 60, mayWait: true), build("f", "other", 60, mayWait: true),
            build("g", "empty", 0, mayWait: true),
        ]
        // Of 140 that are idle, 120 and then no more than 20 fit.
        #expect(order(builds, checks: checks) == "a b c d g |  | e f")
        #expect(order(builds, checks: checks, workers: 1) == "a b e f c d g |  | ")
        #expect(order(builds, checks: [:]) == "a b e f c d g |  | ")
        // One check for each worker.
        let even = [1: IndexOrder.Check(table: "large", cost: 80), 2: IndexOrder.Check(table: "other", cost: 80)]
        #expect(order(builds, checks: even) == "a b e f c d g |  | ")
    }

    /// Two indexes and eight workers: each is built with three processes beside it anyway.
    @Test func theProcessesOfTheServerHelpIndexesThatAreBuiltTogether() {
        #expect(order([build("a", "s", 100), build("b", "t", 100)], workers: 8) == "a b |  | ")
        // Without them, the others are idle for as long as a single process takes.
        #expect(order((0..<9).map { build("\($0)", "t", 100) }, workers: 8) == "0 1 2 3 4 5 6 7 | 8 | ")
    }

    /// The server takes one process more for a small table, however many are allowed.
    @Test func aSmallIndexGainsLittleFromManyProcesses() {
        #expect(order((0..<3).map { build("\($0)", "t", 14) }, workers: 8) == "0 1 2 |  | ")
    }

    /// The manifest of a damaged or forged archive may claim any sizes.
    @Test func enormousTablesHaveAnOrderToo() {
        let builds = (0..<300).map { build("\($0)", "t", 0x1p62, mayWait: true) }
        let checks = [1: IndexOrder.Check(table: "large", cost: 0x1p62), 2: .init(table: "large", cost: 0x1p62)]
        let order = IndexOrder(builds, checks: checks, workers: 100)
        #expect(order.together.count + order.alone.count + order.besideChecks.count == 300)
    }

    private static let schema = """
        CREATE TABLE parents (id integer PRIMARY KEY, code integer NOT NULL);
        CREATE UNIQUE INDEX parents_code ON parents (code);
        CREATE TABLE large (id integer PRIMARY KEY, a integer REFERENCES parents, b integer REFERENCES parents (code), t text);
        CREATE INDEX large_a ON large (a);
        CREATE TABLE other (id integer, n integer, m integer, t text);
        CREATE INDEX other_plain ON other (n DESC, m);
        CREATE INDEX other_expression ON other (lower(t));
        CREATE INDEX other_partial ON other (m) WHERE m > 3;
        CREATE UNIQUE INDEX other_unique ON other (id);
        CREATE INDEX other_described ON other (m);
        COMMENT ON INDEX other_described IS 'of m';
        CREATE INDEX other_clustered ON other (n);
        ALTER TABLE other CLUSTER ON other_clustered;
        INSERT INTO parents SELECT n, -n FROM generate_series(1, 100) n;
        INSERT INTO large SELECT n, n % 100 + 1, -(n % 100) - 1, repeat('x', 20) FROM generate_series(1, 2000) n;
        INSERT INTO other SELECT n, n, n % 10, n::text FROM generate_series(1, 900) n;
        """

    @Test func onlyWhatNothingElseNeedsIsBuiltBesideTheChecks() async throws {
        try await withDatabase(Self.schema) { server, url, folder in
            let original = try await DatabasePortrait.of(url)
            let file = folder.file("a.zip")
            try await backup(url, to: file)
            let dump = folder.file("a.dump")
            try await runCommand("pg_dump", ["-Fc", "-f", dump, url])
            for file in [file, dump] {
                for (jobs, expected) in [(1, []), (2, ["index public.other_plain"])] {
                    let made = Mutex<(phase: String, objects: [String])>(("", []))
                    try await server.withName { name in
                        var options = RestoreOptions(file: file)
                        options.into = name
                        options.jobs = jobs
                        _ = try await RestoreRun(options, server: ServerAddress(url), logger: quietLogger) { event in
                            made.withLock { made in
                                switch event {
                                case .phase(let phase): made.phase = phase
                                case .made(let object, _, _) where made.phase.contains("checking constraints"):
                                    made.objects.append(object)
                                default: break
                                }
                            }
                        }.run()
                        let indexes = made.withLock { $0.objects.filter { $0.hasPrefix("index") } }
                        #expect(indexes == expected, "\(file), \(jobs) jobs")
                        try await expectSame(DatabasePortrait.of(server.url(database: name)), original)
                    }
                }
            }
        }
    }

    /// Another check of the same table would wait for the first, and its worker would be idle.
    @Test func theWorkOnATableIsOneChainAndTheLongestComesFirst() {
        var chains = TableChains<String>()
        chains.add("statistics of a", table: "a", cost: 1)
        chains.add("statistics of b", table: "b", cost: 2)
        chains.add("statistics of c", table: "c", cost: 2)
        chains.add("index of c", table: "c", cost: 3)
        chains.add("first key of b", table: "b", cost: 4)
        chains.add("second key of b", table: "b", cost: 4)
        #expect(
            chains.longestFirst == [
                ["statistics of b", "first key of b", "second key of b"], ["statistics of c", "index of c"],
                ["statistics of a"],
            ]
        )
    }
}
