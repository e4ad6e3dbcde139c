extension Duration {
    /// Whole milliseconds, rounded towards zero.
    package var milliseconds: Int { Int(self / .milliseconds(1)) }
}

extension Duration {
    /// A span of time as people write it: `500ms`, `30s`, `2m`, `26h`, `7d`, `2w`; a plain number is seconds. nil for another
    /// text, and for more than ten years.
    package init?(spelled text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let milliseconds: Double
        switch text.dropFirst(number.count) {
        case "ms": milliseconds = 1
        case "", "s": milliseconds = 1000
        case "m", "min": milliseconds = 60_000
        case "h": milliseconds = 3_600_000
        case "d": milliseconds = 86_400_000
        case "w": milliseconds = 7 * 86_400_000
        default: return nil
        }
        // Larger numbers would exceed the range of Double and Duration.
        guard let value = Double(number), value * milliseconds <= 3_660 * 86_400_000 else { return nil }
        self = .milliseconds((value * milliseconds).rounded())
    }
}
