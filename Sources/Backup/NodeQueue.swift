internal import Synchronization

/// The jobs of a backup, which workers take in their order, each job once. A worker has a session with one node, and
/// takes jobs of that node until there are no more.
final class NodeQueue: Sendable {
    private struct Node {
        var jobs: [DumpJob]
        var position = 0
        /// The bytes of the jobs that are left.
        var bytes: Int
        var workers = 0
    }

    private let nodes: Mutex<[Int: Node]>

    init(_ jobs: [DumpJob]) {
        let byNode = Dictionary(grouping: jobs, by: \.node)
        nodes = Mutex(byNode.mapValues { jobs in Node(jobs: jobs, bytes: jobs.reduce(0) { $0 + $1.bytes }) })
    }

    /// The first job for a worker without a session, from the node with the most to do for each of its workers; nil when
    /// no job is left.
    func first() -> DumpJob? {
        nodes.withLock { nodes in
            let open = nodes.filter { $0.value.position < $0.value.jobs.count }
            let share = { (node: Node) in node.bytes / (node.workers + 1) }
            guard let (number, _) = open.max(by: { (share($0.value), $1.key) < (share($1.value), $0.key) }) else {
                return nil
            }
            nodes[number]?.workers += 1
            return Self.take(from: &nodes[number])
        }
    }

    /// The next job for a worker with a session; nil when the node has no more.
    func next(onNode number: Int) -> DumpJob? {
        nodes.withLock { Self.take(from: &$0[number]) }
    }

    /// A worker that `first()` sent to the node has closed its session.
    func leave(_ number: Int) {
        nodes.withLock { $0[number]?.workers -= 1 }
    }

    private static func take(from node: inout Node?) -> DumpJob? {
        guard let job = node.flatMap({ $0.position < $0.jobs.count ? $0.jobs[$0.position] : nil }) else { return nil }
        node?.position += 1
        node?.bytes -= job.bytes
        return job
    }
}
