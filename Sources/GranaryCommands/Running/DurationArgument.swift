internal import ArgumentParser

/// A span of time on the command line: `500ms`, `30s`, `2m`, `1h`, `7d`, `2w`; a plain number is seconds.
package struct DurationArgument: ExpressibleByArgument, Equatable, Sendable {
    package var duration: Duration

    package init(_ duration: Duration) { self.duration = duration }

    package init?(argument: String) {
        guard let duration = Duration(spelled: argument) else { return nil }
        self.duration = duration
    }

    package var defaultValueDescription: String {
        let (seconds, attoseconds) = duration.components
        if attoseconds == 0, seconds > 0, seconds.isMultiple(of: 3600) { return "\(seconds / 3600)h" }
        return attoseconds == 0 ? "\(seconds)s" : "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms"
    }
}
