internal import Archive
internal import PostgresClient

/// The tables and large objects to read, divided into jobs for the workers, the largest first.
struct BackupPlan: Sendable {
    /// The tables as in the manifest, still without rows. The index of a table is its `number` minus one.
    var tables: [Manifest.Table]
    var jobs: [DumpJob]
    var bytes: Int { jobs.reduce(0) { $0 + $1.bytes } }
}

/// The work for one worker at a time.
struct DumpJob: Sendable, Equatable {
    enum Subject: Sendable, Equatable {
        /// A whole table, some of its shards, or some blocks of either; the table is an index into the plan's tables.
        case table(Int, shards: [TableName] = [], blocks: BlockRange?)
        /// A range of oids of large objects, both ends included.
        case largeObjects(from: UInt32, through: UInt32)
    }

    /// Blocks of a heap; without an end, all further blocks.
    struct BlockRange: Sendable, Equatable {
        var start: Int
        var end: Int?
    }

    var subject: Subject
    /// The node to read from, a position in `ClusterSnapshot.nodes`; 0 is the server itself.
    var node = 0
    /// The bytes on disk that it reads.
    var bytes: Int
    /// Whether its rows may be so large that only one such job may run at a time.
    var mayHaveHugeRows = false
    /// Its name in messages.
    var name: String
}

extension DumpJob {
    /// Whole shards of the same table on the same node, one after the other.
    fileprivate func together(with other: DumpJob) -> DumpJob {
        guard case .table(let index, let shards, nil) = subject, case .table(_, let others, nil) = other.subject else {
            preconditionFailure("only whole shards are read together")
        }
        var job = self
        job.subject = .table(index, shards: shards + others, blocks: nil)
        job.bytes += other.bytes
        job.mayHaveHugeRows = mayHaveHugeRows || other.mayHaveHugeRows
        return job
    }
}

extension BackupPlan {
    /// A table with more TOAST than this may have rows so large that such jobs run one at a time.
    private static let hugeBytes = 64 << 20

    /// Shards are read together up to this size, because each job makes a chunk.
    private static let joinedBytes = 8 << 20

    init(_ snapshot: ExportedSnapshot, jobs workers: Int, splitBytes: Int = 64 << 20) {
        tables = snapshot.catalog.tables.enumerated().map { index, entry in
            Manifest.Table(
                number: index + 1,
                oid: entry.oid,
                schema: entry.table.schema,
                name: entry.table.name,
                kind: entry.isPartitioned ? .partitioned : .ordinary,
                isUnlogged: entry.isUnlogged,
                parents: entry.parents.isEmpty
                    ? nil : entry.parents.map { Manifest.Relation(schema: $0.schema, name: $0.name) },
                extensionName: entry.extensionName,
                dataLeftOut: !entry.isPartitioned && snapshot.withoutRows.contains(entry.oid),
                columns: snapshot.columns[entry.oid] ?? [],
                primaryKey: snapshot.primaryKeys[entry.oid] ?? []
            )
        }
        let distributed = Set(snapshot.distributed)
        var jobs: [DumpJob] = []
        for (index, entry) in snapshot.catalog.tables.enumerated()
        where !entry.isPartitioned && !tables[index].dataLeftOut {
            let size = snapshot.sizes[entry.oid] ?? TableSize(bytes: 0, toastBytes: 0, blocks: 0)
            let canSplit =
                entry.isHeap && entry.condition == nil && snapshot.serverVersion >= 140_000
                && !snapshot.unplannable.contains(entry.oid)
            if let parts = snapshot.cluster?.parts[entry.oid] {
                jobs += BackupPlan.jobs(entry, index: index, parts, canSplit: canSplit, splitBytes: splitBytes)
            } else {
                // The coordinator has no blocks of a distributed table.
                let isLocal = !distributed.contains(entry.table)
                jobs += BackupPlan.split(
                    entry,
                    index: index,
                    size,
                    canSplit: canSplit && isLocal,
                    splitBytes: splitBytes
                )
            }
        }
        jobs += BackupPlan.split(snapshot.largeObjects, into: workers * 4)
        self.jobs = jobs.sorted { $0.bytes > $1.bytes }
    }

    /// The jobs of a distributed table: large shards by ranges of blocks, small ones of a node together.
    static func jobs(
        _ entry: TableEntry,
        index: Int,
        _ parts: [ClusterSnapshot.Part],
        canSplit: Bool,
        splitBytes: Int
    ) -> [DumpJob] {
        var jobs: [DumpJob] = []
        for (node, parts) in Dictionary(grouping: parts, by: \.node).sorted(by: { $0.key < $1.key }) {
            var joined: DumpJob?
            for part in parts {
                var found = split(entry, index: index, part.size, canSplit: canSplit, splitBytes: splitBytes)
                for place in found.indices {
                    guard case .table(_, _, let blocks) = found[place].subject else { continue }
                    found[place].subject = .table(index, shards: [part.name], blocks: blocks)
                    found[place].node = node
                }
                guard found.count == 1, found[0].bytes < joinedBytes else {
                    jobs += found
                    continue
                }
                joined = joined.map { $0.together(with: found[0]) } ?? found[0]
                guard let full = joined, full.bytes >= joinedBytes else { continue }
                jobs.append(full)
                joined = nil
            }
            if let joined { jobs.append(joined) }
        }
        return jobs
    }

    static func split(_ entry: TableEntry, index: Int, _ size: TableSize, canSplit: Bool, splitBytes: Int) -> [DumpJob]
    {
        let name = entry.table.description
        // A block that refers to a megabyte or more of TOAST on average has rows that large.
        let isHuge = size.toastBytes >= hugeBytes && size.toastBytes / max(1, size.blocks) >= 1 << 20
        let parts = canSplit ? min(size.blocks, (size.bytes + splitBytes - 1) / splitBytes) : 1
        guard parts > 1 else {
            return [
                DumpJob(
                    subject: .table(index, blocks: nil),
                    bytes: size.bytes,
                    mayHaveHugeRows: isHuge,
                    name: name
                )
            ]
        }
        return (0..<parts).map { part in
            let start = size.blocks * part / parts
            // The last range is open, because blocks may have been added after the size was read.
            let end = part == parts - 1 ? nil : size.blocks * (part + 1) / parts
            return DumpJob(
                subject: .table(index, blocks: .init(start: start, end: end)),
                bytes: size.bytes / parts,
                mayHaveHugeRows: isHuge,
                name: name
            )
        }
    }

    static func split(_ objects: [Manifest.LargeObject], into parts: Int) -> [DumpJob] {
        guard !objects.isEmpty else { return [] }
        let count = min(parts, objects.count)
        return (0..<count).map { part in
            let range = objects[(objects.count * part / count)..<(objects.count * (part + 1) / count)]
            return DumpJob(
                subject: .largeObjects(from: range.first!.oid, through: range.last!.oid),
                bytes: range.count * 8192,
                name: "large objects"
            )
        }
    }
}
