import Basics
import Testing

@Suite struct SaturatedSumTests {
    @Test(arguments: [([], 0), ([1, 2], 3), ([Int.max, 1], .max), ([.max, .max, 5], .max), ([.max - 1, 1], .max)])
    func sizesThatNoNumberHoldsAreTheLargest(sizes: [Int], sum: Int) {
        #expect(sizes.saturatedSum == sum)
    }
}
