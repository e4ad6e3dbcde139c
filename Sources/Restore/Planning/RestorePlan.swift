internal import Archive
internal import PostgresClient

/// The archive's items and tables, in the order in which they can be made. A value: nothing here talks to a server.
struct RestorePlan: Sendable {
    /// Before the rows, in pg_dump's order.
    var preData: [Manifest.SchemaItem] = []
    /// Indexes that can be built beside each other as soon as the rows are there.
    var indexes: [IndexBuild] = []
    /// Constraints and what else must be there before triggers, in pg_dump's order, by one session.
    var constraints: [Manifest.SchemaItem] = []
    /// Triggers, rules, policies, in pg_dump's order.
    var late: [Manifest.SchemaItem] = []
    var privileges: [Manifest.SchemaItem] = []
    var refreshes: [Manifest.SchemaItem] = []
    var eventTriggers: [Manifest.SchemaItem] = []
    /// Planner statistics, which pg_dump writes since PostgreSQL 18 (`--statistics`).
    var statistics: [Manifest.SchemaItem] = []

    struct IndexBuild: Sendable {
        var item: Manifest.SchemaItem
        var sql: String
    }

    /// Kinds that act on rows or on who may see them, so that they come after everything that reads rows.
    private static let lateKinds: Set<String> = [
        "TRIGGER", "RULE", "POLICY", "ROW SECURITY", "PUBLICATION", "PUBLICATION TABLE",
        "PUBLICATION TABLES IN SCHEMA", "SUBSCRIPTION", "SUBSCRIPTION TABLE",
    ]

    init(_ items: [Manifest.SchemaItem], withSubscriptions: Bool) {
        let wanted = items.filter { item in
            !item.isAboutTheDatabase && (withSubscriptions || !item.kind.hasPrefix("SUBSCRIPTION"))
        }
        let lone = LonePartitions(wanted)
        var attachments: [Manifest.SchemaItem] = []
        var late: Set<Int> = []
        var postponed: Set<Int> = []
        var postponedKeys: Set<Int> = []
        for item in wanted {
            switch item.kind {
            case "ACL", "DEFAULT ACL": privileges.append(item)
            case "MATERIALIZED VIEW DATA": refreshes.append(item)
            case "STATISTICS DATA": statistics.append(item)
            case "EVENT TRIGGER":
                eventTriggers.append(item)
                late.insert(item.id)
            // To a parent that is there already a partition is attached when it has its indexes and constraints: the server
            // pairs those with the parent's, and would make them itself before.
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
            // The key of a partition follows that of its parent, its index need not.
            case "CONSTRAINT" where item.index != nil && postponed.isDisjoint(with: item.dependsOn):
                indexes.append(IndexBuild(item: item, sql: item.index!.create))
                constraints.append(item)
            default:
                // What hangs on something that one session makes in order must wait for it; attaching and comments
                // hang on indexes, which are all there by then.
                if item.kind == "CONSTRAINT" {
                    postponedKeys.insert(item.id)
                } else if item.kind != "INDEX ATTACH", item.kind != "COMMENT" {
                    postponed.insert(item.id)
                }
                // Its index has not been made.
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
        // Of a parent that is not in its dump, pg_dump does not say that the item depends on it.
        let lone = items.filter { $0.kind == "TABLE ATTACH" && made.intersection($0.dependsOn).count < 2 }
        attachments = Set(lone.map(\.id))
        tables = made.intersection(lone.flatMap(\.dependsOn))
    }

    func isAttached(by item: Manifest.SchemaItem) -> Bool { attachments.contains(item.id) }

    /// An item that attaches an index has that index's name, and depends on it, on its parents and on all their tables.
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

/// A piece of loading for one worker.
struct LoadJob: Sendable {
    enum Subject: Sendable {
        /// A table by one worker: in one COPY, or in a transaction that also empties it, so that its rows are frozen.
        case wholeTable(Manifest.Table)
        case chunk(Manifest.Table, Manifest.Chunk)
        /// A table that was dumped in one piece, by all workers that take such a job.
        case part(Manifest.Table, SharedRows)
        case largeObjects(Manifest.Chunk)
    }

    var subject: Subject
    var bytes: Int
}

extension LoadJob {
    /// Jobs for all rows, the tables one after the other as they are given.
    static func inOrder(_ tables: [Manifest.Table], _ largeObjects: Manifest.LargeObjects?) -> [LoadJob] {
        tables.map { LoadJob(subject: .wholeTable($0), bytes: $0.rawBytes) } + Self.jobs(of: largeObjects)
    }

    private static func jobs(of largeObjects: Manifest.LargeObjects?) -> [LoadJob] {
        (largeObjects?.chunks ?? []).map { LoadJob(subject: .largeObjects($0), bytes: $0.rawBytes) }
    }

    /// Jobs for all rows, the largest tables first.
    ///
    /// - Parameter share: Whether the workers share a table, and the rows if it is in one piece.
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
