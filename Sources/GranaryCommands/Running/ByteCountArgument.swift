internal import ArgumentParser

/// A size on the command line: `500MB`, `1GB`, `2GiB`; a plain number is bytes.
package struct ByteCountArgument: ExpressibleByArgument, Equatable, Sendable {
    package var bytes: Int

    package init(_ bytes: Int) { self.bytes = bytes }

    package init?(argument: String) {
        let number = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let factor = Self.factors[argument.dropFirst(number.count).lowercased()], let value = Double(number),
            value * factor < 1e18
        else { return nil }
        bytes = Int(value * factor)
    }

    private static let factors: [String: Double] = [
        "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
        "kib": 1024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
    ]

    package var defaultValueDescription: String {
        for (unit, size) in [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)]
        where bytes >= size && bytes % size == 0 {
            return "\(bytes / size)\(unit)"
        }
        return String(bytes)
    }
}
