internal import SQLText

extension Migration {
    /// The file of another tool that it was imported from, where its number is not that file's:
    /// `-- granary: from=V1_1__add_users.sql`.
    var origin: String? { up.flatMap { FileMarkers($0.text)[OriginalVersion.marker] } }
}

/// A version as another tool writes it: `20240101120000`, `1.1`; of `1.0` and `1`, which are the same, the zeros do not
/// count.
struct OriginalVersion: Hashable, Comparable {
    /// The key of the comment in which an imported file has its original name.
    static let marker = "from"

    private let parts: [Int]

    /// What a name begins with: `1.1`, `20240101_init`, `20240101-init.sql`; nil if that is no number.
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

    /// As the number of a migration; nil for one with dots.
    var number: Int? { parts.count > 1 ? nil : parts.first ?? 0 }

    static func < (a: OriginalVersion, b: OriginalVersion) -> Bool { a.parts.lexicographicallyPrecedes(b.parts) }
}
