import Glibc

/// Whether this is `make test-long`, which tries everything of which the daily run takes a sample.
package let isLongRun = getenv("GRANARY_TEST_LONG") != nil

/// Every number in a long run; otherwise every seventh, which over bits meets each position in a byte in turn.
package func sampled(_ numbers: Range<Int>) -> StrideTo<Int> {
    stride(from: numbers.lowerBound, to: numbers.upperBound, by: isLongRun ? 1 : 7)
}
