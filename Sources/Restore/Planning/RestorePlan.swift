internal import Archive
internal import PostgresClient

/// The items and tables of an archive, in an order in which they can be created. A value that needs no server.
struct RestorePlan: Sendable {
    /// Before the rows, in the order of pg_dump.
    var preData: [Manifest.SchemaItem] = []
    /// Indexes that can be built in parallel as soon as the rows are loaded.
    var indexes: [IndexBuild] = []
    /// Constraints and everything else that triggers need, in the order of pg_dump, created by one session.
    var constraints: [Manifest.SchemaItem] = []
    /// Triggers, rules and policies, in the order of pg_dump.
    var late: [Manifest.SchemaItem] = []
    var privileges: [Manifest.SchemaItem] = []
    var refreshes: [Manifest.SchemaItem] = []
    /// Those that would read foreign tables, with `withoutForeignRows`.
    var foreignRefreshes: [Manifest.SchemaItem] = []
    /// The tables with foreign ones among their children, with `withoutForeignRows`. ANALYZE would read these, too.
    private(set) var foreignParents: Set<TableName> = []
    var eventTriggers: [Manifest.SchemaItem] = []
    /// Planner statistics, which pg_dump writes since PostgreSQL 18 (`--statistics`).
    var statistics: [Manifest.SchemaItem] = []

    struct IndexBuild: Sendable {
        var item: Manifest.SchemaItem
        var sql: String
    }

    /// Kinds that act on rows or restrict who sees them. They follow everything that reads rows.
    private static let lateKinds: Set<String> = [
        "TRIGGER", "RULE", "POLICY", "ROW SECURITY", "PUBLICATION", "PUBLICATION TABLE",
        "PUBLICATION TABLES IN SCHEMA", "SUBSCRIPTION", "SUBSCRIPTION TABLE",
    ]

    init(_ items: [Manifest.SchemaItem], withSubscriptions: Bool, withoutForeignRows: Bool = false) {
        let wanted = items.filter { item in
            !item.isAboutTheDatabase && (withSubscriptions || !item.kind.hasPrefix("SUBSCRIPTION"))
        }
        let lone = LonePartitions(wanted)
        let foreign = withoutForeignRows ? ForeignRows(wanted).readers : []
        for item in wanted where item.kind == "TABLE" && foreign.contains(item.id) {
            foreignParents.insert(TableName(schema: item.schema ?? "", name: item.name))
        }
        var attachments: [Manifest.SchemaItem] = []
        var late: Set<Int> = []
        var postponed: Set<Int> = []
        var postponedKeys: Set<Int> = []
        for item in wanted {
            switch item.kind {
            case "ACL", "DEFAULT ACL": privileges.append(item)
            case "MATERIALIZED VIEW DATA" where foreign.contains(item.id): foreignRefreshes.append(item)
            case "MATERIALIZED VIEW DATA": refreshes.append(item)
            case "STATISTICS DATA": statistics.append(item)
            case "EVENT TRIGGER":
                eventTriggers.append(item)
                late.insert(item.id)
            // A partition is attached to an existing parent after its indexes and constraints are created. The server
            // then pairs these with the parent's; otherwise it would create new ones.
            case "TABLE ATTACH" where lone.isAttached(by: item): attachments.append(item)
            case "INDEX ATTACH" where lone.hasIndexAttached(by: item): continue
            case _ where item.section == .preData: preData.append(item)
            case _ where Self.lateKinds.contains(item.kind) || item.dependsOn.contains(where: late.contains):
                late.insert(item.id)
                if item.dependsOn.contains(where: { id in eventTriggers.contains { $0.id == id } }) {
                    eventTriggers.append(item)
                } else {
                    self.late.append(item)
                }
            case "INDEX" where postponed.union(postponedKeys).isDisjoint(with: item.dependsOn):
                indexes.append(IndexBuild(item: item, sql: item.sql))
            // The key of a partition must follow its parent's key; its index need not.
            case "CONSTRAINT" where item.index != nil && postponed.isDisjoint(with: item.dependsOn):
                indexes.append(IndexBuild(item: item, sql: item.index!.create))
                constraints.append(item)
            default:
                // An item that depends on one of these must wait for it. ATTACH and COMMENT depend on indexes, which
                // exist by then.
                if item.kind == "CONSTRAINT" {
                    postponedKeys.insert(item.id)
                } else if item.kind != "INDEX ATTACH", item.kind != "COMMENT" {
                    postponed.insert(item.id)
                }
                // The index was not built on its own.
                var item = item
                item.index = nil
                constraints.append(item)
            }
        }
        self.late = attachments + self.late
    }
}

/// Partitions that are made without their parents.
struct LonePartitions {
    private let attachments: Set<Int>
    private let tables: Set<Int>
    private let items: [Int: Manifest.SchemaItem]

    init(_ items: [Manifest.SchemaItem]) {
        self.items = Dictionary(items.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let made = Set(items.filter { $0.kind == "TABLE" || $0.kind == "FOREIGN TABLE" }.map(\.id))
        // If the parent is not in the dump, pg_dump does not list it among the dependencies.
        let lone = items.filter { $0.kind == "TABLE ATTACH" && made.intersection($0.dependsOn).count < 2 }
        attachments = Set(lone.map(\.id))
        tables = made.intersection(lone.flatMap(\.dependsOn))
    }

    func isAttached(by item: Manifest.SchemaItem) -> Bool { attachments.contains(item.id) }

    /// An item that attaches an index has the name of that index, and depends on it, on the indexes of its parents, and
    /// on all their tables.
    func hasIndexAttached(by item: Manifest.SchemaItem) -> Bool {
        guard !tables.isEmpty else { return false }
        return item.dependsOn.compactMap { items[$0] }.contains { index in
            let isSame =
                index.kind == "INDEX"
                ? ExactText(index.name) == ExactText(item.name) : index.name.hasSuffix(" \(item.name)")
            return isSame && index.schema == item.schema && !tables.isDisjoint(with: index.dependsOn)
        }
    }
}

/// A part of the loading that one worker does.
struct LoadJob: Sendable {
    enum Subject: Sendable {
        /// One worker loads the table: in one COPY, or in a transaction that also empties it, so that its rows are
        /// frozen.
        case wholeTable(Manifest.Table)
        case chunk(Manifest.Table, Manifest.Chunk)
        /// Several workers share a table that was dumped in one piece.
        case part(Manifest.Table, SharedRows)
        case largeObjects(Manifest.Chunk)
    }

    var subject: Subject
    var bytes: Int
}

extension LoadJob {
    /// Jobs for all rows, with the tables in the given order.
    static func inOrder(_ tables: [Manifest.Table], _ largeObjects: Manifest.LargeObjects?) -> [LoadJob] {
        tables.map { LoadJob(subject: .wholeTable($0), bytes: $0.rawBytes) } + Self.jobs(of: largeObjects)
    }

    private static func jobs(of largeObjects: Manifest.LargeObjects?) -> [LoadJob] {
        (largeObjects?.chunks ?? []).map { LoadJob(subject: .largeObjects($0), bytes: $0.rawBytes) }
    }

    /// Jobs for all rows, with the largest tables first.
    ///
    /// - Parameter share: Whether several workers load the table, and its rows if they are in one piece.
    static func jobs(
        _ tables: [Manifest.Table],
        _ largeObjects: Manifest.LargeObjects?,
        workers: Int,
        share: (Manifest.Table) -> (isShared: Bool, rows: SharedRows?)
    ) -> [LoadJob] {
        var jobs: [LoadJob] = []
        for table in tables.sorted(by: { $0.rawBytes > $1.rawBytes }) where !table.chunks.isEmpty {
            let (isShared, rows) = share(table)
            if let rows {
                let part = LoadJob(subject: .part(table, rows), bytes: table.rawBytes / workers)
                jobs += Array(repeating: part, count: workers)
            } else if isShared {
                jobs += table.chunks.map { LoadJob(subject: .chunk(table, $0), bytes: $0.rawBytes) }
            } else {
                jobs.append(LoadJob(subject: .wholeTable(table), bytes: table.rawBytes))
            }
        }
        return jobs + Self.jobs(of: largeObjects)
    }
}
