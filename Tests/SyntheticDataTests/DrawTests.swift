import Testing

@testable import SyntheticData

@Suite struct DrawTests {
    @Test(arguments: [1, 2, 3, 10, 97, 1000, 4097])
    func aPermutationHasEachNumberOnce(count: Int) {
        let permutation = Permutation(count: count, key: 7)
        #expect(Set((0..<count).map { permutation($0) }) == Set(0..<count))
    }

    @Test func aTweakSelectsAnotherPermutation() {
        let permutation = Permutation(count: 100, key: 7)
        #expect((0..<100).map { permutation($0, tweak: 1) } != (0..<100).map { permutation($0, tweak: 2) })
    }

    @Test func aKeyDependsOnTheSeedAndOnEachName() {
        let keys = [
            CellHash.key(seed: 1, "t", "c"), CellHash.key(seed: 2, "t", "c"), CellHash.key(seed: 1, "t", "d"),
            CellHash.key(seed: 1, "tc", ""), CellHash.key(seed: 1, "u", "c"),
        ]
        #expect(Set(keys).count == keys.count)
    }

    @Test(arguments: [(0.5, 0), (0.975, 1.959964), (0.01, -2.326348), (0.999, 3.090232)])
    func theNormalQuantileIsRight(share: Double, quantile: Double) {
        #expect(abs(Curve.normal(share) - quantile) < 1e-6)
    }

    @Test func skewedCountsHaveTheirMean() {
        let sampler = CountRule(shape: .zipf(exponent: 1.1, mean: 4, max: 60)).sampler()
        let counts = (0..<20_000).map { sampler(CellHash.draw(3, UInt64($0))) }
        #expect(abs(Double(counts.reduce(0, +)) / 20_000 - 4) < 0.2)
        #expect(counts.allSatisfy { (1...60).contains($0) })
    }
}

@Suite struct CopyBufferTests {
    @Test(arguments: [
        ("a\tb", "a\\tb"), ("a\nb\r", "a\\nb\\r"), ("\\N", "\\\\N"), ("", ""), ("ü日", "ü日"),
    ])
    func aValueIsEscaped(value: String, written: String) {
        #expect(String(decoding: CopyBuffer.bytes(of: value), as: UTF8.self) == written)
    }

    @Test func nullIsAWordOfItsOwn() {
        #expect(CopyBuffer.bytes(of: nil) == Array("\\N".utf8))
    }

    @Test(arguments: [0, 7, 10, -1, 999, 1000, Int.max, Int.min, 1_000_000_000_000_000_000])
    func aNumberIsWrittenAsSwiftWritesIt(number: Int) {
        var buffer = CopyBuffer()
        buffer.append(number)
        #expect(buffer.bytes() == Array("\(number)".utf8))
    }

    @Test func itGrowsAndForgets() {
        var buffer = CopyBuffer(capacity: 64)
        for number in 0..<1000 { buffer.append(number, width: 4) }
        #expect(buffer.count == 4000)
        buffer.rewind(to: 8)
        #expect(buffer.bytes() == Array("00000001".utf8))
    }
}
