internal import Archive

/// When the indexes of a new database are built, so that no worker is idle for long. A value that needs no server.
///
/// An index is built by one session, and the foreign keys of a table are checked one after the other, because each check
/// locks the table. In a database with one large table, both would leave the other workers without work.
struct IndexOrder: Sendable {
    struct Build: Sendable {
        var index: RestorePlan.IndexBuild
        /// As `schema.name`.
        var table: String
        /// An estimate of the time of a single process, in bytes of the table.
        var cost: Double
        /// Whether nothing that precedes the checks needs it.
        var mayWait = false

        /// Whether the server builds it with several processes: other kinds only in newer versions, and none with
        /// functions of users, which are not PARALLEL SAFE unless they say so. pg_dump writes these with their schema.
        var hasHelpers: Bool {
            let parts = index.sql.split(separator: " USING btree (", maxSplits: 1)
            return parts.count == 2 && !(parts[1].contains("(") && parts[1].contains("."))
        }
    }

    /// The check of a foreign key.
    struct Check: Sendable {
        /// The referring table.
        var table: String
        var cost: Double
    }

    /// Built by all workers, those of the largest tables first.
    private(set) var together: [Build]
    /// Built one after the other, each by one session and the server's own processes, which replace the other workers.
    private(set) var alone: [Build] = []
    /// Built by workers that have no foreign keys to check.
    private(set) var besideChecks: [Build] = []
    /// By the number of the item.
    let checks: [Int: Check]
    private let aloneMin: Double

    /// A parallel build of a smaller one gains nothing.
    static let aloneMin = Double(16 << 20)
    /// What a parallel build loses, as a part of the time of a single process: measured 5 to 10 %.
    private static let overhead = 0.1

    /// - Parameter aloneMin: The smallest cost of an index that is built alone.
    init(_ builds: [Build], checks: [Int: Check] = [:], workers: Int, aloneMin: Double = IndexOrder.aloneMin) {
        together = builds.sorted { $0.cost > $1.cost }
        self.checks = checks
        self.aloneMin = aloneMin
        guard workers > 1 else { return }
        moveBesideChecks(workers)
        moveAlone(workers)
    }

    /// Fills the time in which the checks of one table take longer than those of all others.
    private mutating func moveBesideChecks(_ workers: Int) {
        var taken: [String: Double] = [:]
        for check in checks.values { taken[check.table, default: 0] += check.cost }
        guard let (slowest, longest) = taken.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return }
        var idle = Double(workers) * longest - taken.values.reduce(0, +)
        var rest: [Build] = []
        for build in together {
            let cost = taken[build.table, default: 0] + build.cost
            if build.mayWait, build.table != slowest, build.cost > 0, build.cost <= idle, cost <= longest {
                idle -= build.cost
                taken[build.table] = cost
                besideChecks.append(build)
            } else {
                rest.append(build)
            }
        }
        together = rest
    }

    /// Takes out those that would be built last and long after the others, if building them alone is faster.
    private mutating func moveAlone(_ workers: Int) {
        let order = schedule(together.indices.map(\.self), workers)
        let last = order.sorted { $0.end > $1.end }.map(\.build).prefix(workers - 1)
        // A gain of less than a twentieth may be an error of the estimate.
        var best = (time: (order.map(\.end).max() ?? 0) * 0.95, moved: Set<Int>())
        var moved: Set<Int> = []
        var time = 0.0
        for place in last where together[place].cost >= aloneMin && together[place].hasHelpers {
            moved.insert(place)
            time += self.time(together[place], processes: workers)
            let rest = schedule(together.indices.filter { !moved.contains($0) }, workers).map(\.end).max() ?? 0
            if time + rest < best.time { best = (time + rest, moved) }
        }
        alone = together.indices.filter(best.moved.contains).map { together[$0] }
        together = together.indices.filter { !best.moved.contains($0) }.map { together[$0] }
    }

    /// When each build ends, if each worker takes the next one as soon as it is free. Workers without a build are
    /// replaced by processes of the server.
    private func schedule(_ builds: [Int], _ workers: Int) -> [(build: Int, end: Double)] {
        guard !builds.isEmpty else { return [] }
        var ends = Array(repeating: 0.0, count: min(workers, builds.count))
        let processes = workers / ends.count
        return builds.map { build in
            let worker = ends.indices.min { ends[$0] < ends[$1] } ?? 0
            ends[worker] += time(together[build], processes: processes)
            return (build, ends[worker])
        }
    }

    /// The time of a build by at most so many processes. The server adds one for a table of 8 MiB, and one for each
    /// threefold size, and gives each at least 32 MiB of `maintenance_work_mem`:
    /// <https://www.postgresql.org/docs/current/sql-createindex.html>.
    private func time(_ build: Build, processes: Int) -> Double {
        guard build.hasHelpers else { return build.cost }
        var (used, size) = (1, aloneMin / 2)
        while used < min(processes, 8), build.cost >= size { (used, size) = (used + 1, size * 3) }
        return used == 1 ? build.cost : build.cost * (1 / Double(used) + Self.overhead)
    }
}

extension IndexOrder {
    /// The order for the items of a plan.
    init(_ plan: RestorePlan, _ manifest: Manifest, workers: Int) {
        let tables = Dictionary(
            manifest.tables.map { ("\($0.schema).\($0.name)", $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let names = Dictionary(
            manifest.schema.filter { $0.kind == "TABLE" }.map { ($0.id, "\($0.schema ?? "").\($0.name)") },
            uniquingKeysWith: { first, _ in first }
        )
        let needed = Set(manifest.schema.flatMap(\.dependsOn))
        // There each statement runs on all nodes, so only one kind of them runs at a time.
        let isCluster = manifest.distributed?.isEmpty == false
        let builds = plan.indexes.map { index in
            // pg_dump tags a constraint with its table, and an index depends on its table.
            let name = index.item.dependsOn.lazy.compactMap { names[$0] }.first ?? ""
            let isOrdinary = tables[name]?.kind == .ordinary && !isCluster
            return Build(
                index: index,
                table: name,
                cost: Double(tables[name]?.rawBytes ?? 0),
                mayWait: isOrdinary && index.isPlain && !needed.contains(index.item.id)
            )
        }
        var checks: [Int: Check] = [:]
        for item in plan.constraints where item.kind == "FK CONSTRAINT" {
            // Its name begins with that of the table.
            let referring = item.dependsOn.compactMap { names[$0] }
                .filter { "\(item.schema ?? "").\(item.name)".hasPrefix($0 + " ") }
                .max { $0.count < $1.count }
            guard let referring else { continue }
            // A check takes four fifths of the time of an index.
            checks[item.id] = Check(table: referring, cost: Double(tables[referring]?.rawBytes ?? 0) * 0.8)
        }
        self.init(builds, checks: checks, workers: workers)
    }
}

extension RestorePlan.IndexBuild {
    /// Whether this is a single statement that creates an index of columns: not a unique one, which a foreign key may
    /// need, and without expressions, of which ANALYZE gathers statistics, and which run code of the user.
    fileprivate var isPlain: Bool {
        item.kind == "INDEX" && sql.hasPrefix("CREATE INDEX ") && sql.count(where: { $0 == "(" }) == 1
            && sql.count(where: { $0 == ";" }) <= 1
    }
}
