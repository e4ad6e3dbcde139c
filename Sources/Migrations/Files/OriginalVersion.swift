internal import SQLText

extension Migration {
    /// The name of the other tool's file that this migration was imported from, if its number differs from that file's:
    /// `-- granary: from=V1_1__add_users.sql`.
    var origin: String? { up.flatMap { FileMarkers($0.text)[OriginalVersion.marker] } }
}

/// A version as another tool writes it: `20240101120000`, `1.1`. Final zeros do not count, so `1.0` equals `1`.
struct OriginalVersion: Hashable, Comparable {
    /// The key of the comment that holds the original name of an imported file.
    static let marker = "from"

    private let parts: [Int]

    /// The number at the start of a name such as `1.1`, `20240101_init`, `20240101-init.sql`; nil if there is none.
    init?(_ name: some StringProtocol) {
        let digits = name.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let parts = digits.split(separator: ".").map { Int($0) }
        guard !parts.isEmpty, !parts.contains(nil) else { return nil }
        self.parts = Array(parts.compactMap(\.self).reversed().drop { $0 == 0 }.reversed())
    }

    /// The version in a file's name; Flyway's `V1_1__add_users.sql` has 1.1.
    init?(fileName: String) {
        if let match = fileName.wholeMatch(of: #/[VUB]([0-9]+(?:[._][0-9]+)*)__.*\.sql/#) {
            self.init(match.1.replacing("_", with: "."))
        } else {
            self.init(fileName.prefix { $0.isASCII && $0.isNumber })
        }
    }

    /// The version as the number of a migration; nil for a version with dots.
    var number: Int? { parts.count > 1 ? nil : parts.first ?? 0 }

    static func < (a: OriginalVersion, b: OriginalVersion) -> Bool { a.parts.lexicographicallyPrecedes(b.parts) }
}
