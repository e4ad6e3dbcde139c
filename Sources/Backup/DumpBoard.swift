internal import Archive
internal import Synchronization

/// The jobs of a backup and their results.
final class DumpBoard: Sendable {
    private struct State {
        var tables: [Manifest.Table]
        var open: [Int]
        var largeObjects: Manifest.LargeObjects
    }

    let jobs: NodeQueue
    private let state: Mutex<State>
    private let hugeRows = Mutex<Void>(())

    init(_ plan: BackupPlan, largeObjects: [Manifest.LargeObject]) {
        jobs = NodeQueue(plan.jobs)
        var open = [Int](repeating: 0, count: plan.tables.count)
        for case .table(let index, _, _) in plan.jobs.map(\.subject) { open[index] += 1 }
        state = Mutex(
            State(tables: plan.tables, open: open, largeObjects: Manifest.LargeObjects(objects: largeObjects))
        )
    }

    /// Runs `body` in only one worker at a time. This limits the memory for rows of hundreds of megabytes.
    func oneAtATime(_ body: () throws -> Void) throws {
        var outcome: Result<Void, any Error> = .success(())
        hugeRows.withLock { _ in outcome = Result { try body() } }
        try outcome.get()
    }

    /// Adds a chunk, with the digest of its rows, to its table or to the large objects.
    func add(_ chunk: Manifest.Chunk, digest: Digest, to subject: DumpJob.Subject) {
        state.withLock { state in
            switch subject {
            case .table(let index, _, _):
                state.tables[index].rows += chunk.rows
                state.tables[index].rawBytes += chunk.rawBytes
                state.tables[index].digest.merge(digest)
                state.tables[index].chunks.append(chunk)
            case .largeObjects:
                state.largeObjects.rows += chunk.rows
                state.largeObjects.rawBytes += chunk.rawBytes
                state.largeObjects.digest.merge(digest)
                state.largeObjects.chunks.append(chunk)
            }
        }
    }

    /// Marks a job as done. Returns the table if this was its last job.
    func finish(_ job: DumpJob) -> Manifest.Table? {
        guard case .table(let index, _, _) = job.subject else { return nil }
        return state.withLock { state in
            state.open[index] -= 1
            return state.open[index] == 0 ? state.tables[index] : nil
        }
    }

    /// The tables and large objects with all their chunks, in the order of the members' names.
    func outcome() -> (tables: [Manifest.Table], largeObjects: Manifest.LargeObjects?) {
        state.withLock { state in
            for index in state.tables.indices { state.tables[index].chunks.sort { $0.member < $1.member } }
            state.largeObjects.chunks.sort { $0.member < $1.member }
            return (state.tables, state.largeObjects.objects.isEmpty ? nil : state.largeObjects)
        }
    }
}
