import Glibc

/// Whether this is `make test-long`, which tries everything of which the daily run takes a sample.
package let isLongRun = getenv("GRANARY_TEST_LONG") != nil

/// All in a long run; otherwise every `step`-th, counted from another one in each round.
package func sampled<Element>(_ all: [Element], every step: Int, round: Int = 0) -> [Element] {
    isLongRun ? all : all.enumerated().filter { ($0.offset + round) % step == 0 }.map(\.element)
}

/// Every number in a long run; otherwise every seventh, which over bits meets each position in a byte in turn.
package func sampled(_ numbers: Range<Int>) -> StrideTo<Int> {
    stride(from: numbers.lowerBound, to: numbers.upperBound, by: isLongRun ? 1 : 7)
}
