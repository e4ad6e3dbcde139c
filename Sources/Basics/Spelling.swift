/// Finds the name that was probably meant by a misspelled one.
package enum Spelling {
    /// The most similar known name, if it is similar enough.
    package static func nearest(to name: String, among known: some Sequence<String>) -> String? {
        let near = known.map { ($0, distance(name, $0)) }.filter { $0.1 <= max(1, name.count / 3) }
        return near.min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    /// The Levenshtein distance in bytes: how many must be added, removed or changed.
    package static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var (diagonal, left) = (row[0], i + 1)
            row[0] = left
            for (j, y) in b.enumerated() {
                left = min(min(row[j + 1], left) + 1, diagonal + (x == y ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = left
            }
        }
        return row[b.count]
    }
}
