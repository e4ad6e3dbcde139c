import Glibc

/// SplitMix64: small, fast, and with the same numbers for the same seed everywhere. See
/// <https://prng.di.unimi.it/splitmix64.c>.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}

/// A generator whose seed is printed; `GRANARY_TEST_SEED` repeats a run.
///
/// Without it a test has the same numbers every day, so that a failure comes from a change. A long run has new ones.
package func seededRandom(_ test: String = #function) -> SeededRandom {
    let seed = testSeed(of: test)
    print("\(test): GRANARY_TEST_SEED=\(seed)")
    return SeededRandom(seed: seed)
}

/// `GRANARY_TEST_SEED`, or the test's own number; in a long run, any.
package func testSeed(of test: String) -> UInt64 {
    if let given = getenv("GRANARY_TEST_SEED").flatMap({ UInt64(String(cString: $0)) }) { return given }
    return isLongRun ? .random(in: 0..<1_000_000_000) : test.utf8.reduce(17) { ($0 &* 31 &+ UInt64($1)) % 1_000_003 }
}
