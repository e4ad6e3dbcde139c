internal import Glibc

/// Distributions, computed with the inverse of their cumulative curves: one draw gives one value.
package enum Curve {
    static func exp(_ x: Double) -> Double { Glibc.exp(x) }
    package static func log(_ x: Double) -> Double { Glibc.log(x) }
    package static func power(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }

    /// The standard normal distribution's quantile, by Acklam's rational approximation (relative error below 1.2e-9).
    static func normal(_ share: Double) -> Double {
        let p = min(max(share, 1e-12), 1 - 1e-12)
        let a = [
            -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
            2.506628277459239,
        ]
        let b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572]
        let c = [
            -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
            2.938163982698783,
        ]
        let d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416]
        func tail(_ q: Double) -> Double {
            let top = ((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]
            return top / ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1)
        }
        if p < 0.02425 { return tail((-2 * log(p)).squareRoot()) }
        if p > 1 - 0.02425 { return -tail((-2 * log(1 - p)).squareRoot()) }
        let q = p - 0.5
        let r = q * q
        let top = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q
        return top / (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1)
    }
}

/// The number of rows of each parent.
package struct CountRule: Sendable, Equatable {
    package enum Shape: Sendable, Equatable {
        case exactly(Int)
        case between(Int, Int)
        /// The counts 1…max with weights of a power law, stretched so that the mean is right.
        case zipf(exponent: Double, mean: Double, max: Int)
    }

    package var shape: Shape
    /// The share of parents without rows.
    package var none = 0.0

    package init(shape: Shape) { self.shape = shape }

    /// A function of a draw, so that each parent has its own count.
    package func sampler() -> @Sendable (UInt64) -> Int {
        let none = none
        let inner: @Sendable (UInt64) -> Int
        switch shape {
        case .exactly(let count): inner = { _ in count }
        case .between(let low, let high): inner = { low + CellHash.below(high - low + 1, $0) }
        case .zipf(let exponent, let mean, let most): inner = Self.zipf(exponent, mean: mean, most: most)
        }
        guard none > 0 else { return inner }
        return { draw in CellHash.unit(draw) < none ? 0 : inner(CellHash.next(draw)) }
    }

    private static func zipf(_ exponent: Double, mean: Double, most: Int) -> @Sendable (UInt64) -> Int {
        let weights = (1...most).map { 1 / Curve.power(Double($0), exponent) }
        let total = weights.reduce(0, +)
        func counts(_ stretch: Double) -> [Int] {
            (1...most).map { min(most, max(1, Int((Double($0) * stretch).rounded()))) }
        }
        func expected(_ stretch: Double) -> Double {
            zip(counts(stretch), weights).reduce(0) { $0 + Double($1.0) * $1.1 } / total
        }
        // Finds by bisection the factor that gives the mean. This works because the mean only grows with the factor.
        var (low, high) = (0.0, Double(most))
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if expected(middle) < mean { low = middle } else { high = middle }
        }
        let chosen = counts(high)
        var sum = 0.0
        let sums = weights.map { weight in
            sum += weight / total
            return sum
        }
        return { draw in
            let share = CellHash.unit(draw)
            var (first, last) = (0, sums.count - 1)
            while first < last {
                let middle = (first + last) / 2
                if sums[middle] <= share { first = middle + 1 } else { last = middle }
            }
            return chosen[first]
        }
    }
}
