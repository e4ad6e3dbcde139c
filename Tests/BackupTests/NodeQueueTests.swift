import PostgresClient
import Testing

@testable import Backup

/// Jobs of a cluster, as workers get them.
@Suite struct NodeQueueTests {
    private func job(_ name: String, _ node: Int, _ bytes: Int) -> DumpJob {
        DumpJob(subject: .table(0, blocks: nil), node: node, bytes: bytes, name: name)
    }

    @Test func aWorkerStaysOnItsNodeAndTheNextOneGoesWhereMostIsLeft() {
        let queue = NodeQueue([job("a", 1, 50), job("b", 2, 40), job("c", 1, 30), job("d", 2, 20), job("e", 0, 0)])
        #expect(queue.first()?.name == "a")
        #expect(queue.first()?.name == "b")
        #expect(queue.next(onNode: 1)?.name == "c")
        #expect(queue.next(onNode: 1) == nil)
        queue.leave(1)
        // Ten bytes for each of two workers are more than nothing.
        #expect(queue.first()?.name == "d")
        #expect(queue.next(onNode: 2) == nil)
        #expect(queue.first()?.name == "e")
        #expect(queue.first() == nil)
    }

    @Test func jobsOfOneServerKeepTheirOrder() {
        let queue = NodeQueue([job("a", 0, 3), job("b", 0, 0), job("c", 0, 1)])
        #expect(
            [queue.first(), queue.next(onNode: 0), queue.first(), queue.first()].map { $0?.name } == [
                "a", "b", "c", nil,
            ]
        )
    }

    @Test func smallShardsAreReadTogetherAndLargeOnesInParts() {
        let entry = TableEntry(
            oid: 1,
            table: TableName(schema: "shop", name: "orders"),
            isPartitioned: false,
            isUnlogged: false,
            parents: [],
            isHeap: true,
            fileNode: 1,
            currentFileNode: 1
        )
        let megabytes = [(1, 3), (2, 3), (1, 6), (1, 1), (2, 200), (1, 0), (0, 1)]
        let parts = megabytes.enumerated().map { index, shard in
            let bytes = shard.1 << 20
            return ClusterSnapshot.Part(
                name: TableName(schema: "shop", name: "orders_\(index)"),
                node: shard.0,
                size: TableSize(bytes: bytes, toastBytes: 0, blocks: bytes / 8192)
            )
        }
        func described(_ jobs: [DumpJob]) -> [String] {
            jobs.map { job in
                guard case .table(4, let shards, let blocks) = job.subject else { return "another table" }
                let range = blocks.map { " \($0.start)-\($0.end.map(String.init) ?? "")" } ?? ""
                return "\(job.node): \(shards.map { $0.name.dropFirst(7) }.joined(separator: ","))\(range)"
            }
        }
        let jobs = BackupPlan.jobs(entry, index: 4, parts, canSplit: true, splitBytes: 64 << 20)
        #expect(
            described(jobs) == [
                "0: 6", "1: 0,2", "1: 3,5", "2: 4 0-6400", "2: 4 6400-12800", "2: 4 12800-19200", "2: 4 19200-", "2: 1",
            ]
        )
        let whole = BackupPlan.jobs(entry, index: 4, parts, canSplit: false, splitBytes: 64 << 20)
        #expect(described(whole) == ["0: 6", "1: 0,2", "1: 3,5", "2: 4", "2: 1"])
    }
}
