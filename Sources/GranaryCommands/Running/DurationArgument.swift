internal import ArgumentParser

/// A span of time on the command line: `500ms`, `30s`, `2m`, `1h`; a plain number is seconds.
package struct DurationArgument: ExpressibleByArgument, Equatable, Sendable {
    package var duration: Duration

    package init(_ duration: Duration) { self.duration = duration }

    package init?(argument: String) {
        let number = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let milliseconds: Double
        switch argument.dropFirst(number.count) {
        case "ms": milliseconds = 1
        case "", "s": milliseconds = 1000
        case "m", "min": milliseconds = 60_000
        case "h": milliseconds = 3_600_000
        default: return nil
        }
        // Times over a year are refused: larger numbers would exceed the range of Double and Duration.
        guard let value = Double(number), value * milliseconds <= 366 * 86_400_000 else { return nil }
        duration = .milliseconds((value * milliseconds).rounded())
    }

    package var defaultValueDescription: String {
        let (seconds, attoseconds) = duration.components
        return attoseconds == 0 ? "\(seconds)s" : "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms"
    }
}
