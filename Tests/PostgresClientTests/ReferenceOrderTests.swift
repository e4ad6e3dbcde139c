import PostgresClient
import Testing

/// The order of tables by their foreign keys.
@Suite struct ReferenceOrderTests {
    @Test func aTableComesAfterWhatItRefersTo() {
        #expect(
            ReferenceOrder.groups(
                of: ["orders", "users", "items", "logs"],
                references: ["orders": ["users"], "items": ["orders", "users"]]
            )
                == [["users"], ["orders"], ["items"], ["logs"]]
        )
    }

    @Test func aCycleIsOneGroupBetweenTheOthers() {
        let groups = ReferenceOrder.groups(
            of: [1, 2, 3, 4, 5],
            references: [1: [2], 2: [3, 2], 3: [1, 4], 5: [1, 99]]
        )
        #expect(groups == [[4], [1, 2, 3], [5]])
    }

    @Test func aChainOfAHundredThousandNeedsNoStack() {
        let tables = Array(0..<100_000)
        let references = Dictionary(uniqueKeysWithValues: tables.dropLast().map { ($0, Set([$0 + 1])) })
        let groups = ReferenceOrder.groups(of: tables, references: references)
        #expect(groups.count == 100_000)
        #expect(groups.first == [99_999])
        #expect(groups.last == [0])
        #expect(ReferenceOrder.groups(of: [Int](), references: [:]) == [])
    }
}
