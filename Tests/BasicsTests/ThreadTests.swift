import Synchronization
import Testing

@testable import Basics

@Suite struct ThreadTests {
    @Test func workersTakeEachJobOnce() async throws {
        let queue = WorkQueue(Array(1...1000))
        let taken = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await onOwnThread(named: "worker") {
                        var taken: [Int] = []
                        while let job = queue.next() { taken.append(job) }
                        return taken
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(taken.sorted() == Array(1...1000))
    }

    @Test func anErrorOfAThreadIsThrown() async {
        await #expect(throws: CancellationError.self) {
            try await onOwnThread(named: "worker") { throw CancellationError() }
        }
    }

    @Test func aLargeStackBearsDeepRecursion() {
        func depth(_ left: Int) -> Int { left == 0 ? 0 : 1 + depth(left - 1) }
        #expect(onStack(of: 256 << 20) { depth(100_000) } == 100_000)
    }
}
