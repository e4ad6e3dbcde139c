/// Whether a text matches the one on a page: `…` in a line matches any text, a line `…` any lines.
enum Wildcards {
    static func fit(_ text: String, _ pattern: String) -> Bool { mismatch(text, pattern) == nil }

    /// nil if the text matches; else the first line of the pattern without a match.
    static func mismatch(_ text: String, _ pattern: String) -> String? {
        var furthest = 0
        let patterns = lines(pattern)
        if fit(lines(text)[...], patterns[...], &furthest) { return nil }
        return furthest < patterns.count ? String(patterns[furthest]) : "(the end)"
    }

    private static func lines(_ text: String) -> [Substring] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func fit(
        _ lines: ArraySlice<Substring>,
        _ patterns: ArraySlice<Substring>,
        _ furthest: inout Int
    ) -> Bool {
        furthest = max(furthest, patterns.startIndex)
        guard let pattern = patterns.first else { return lines.isEmpty }
        if pattern == "…" {
            return (lines.startIndex...lines.endIndex).contains { fit(lines[$0...], patterns.dropFirst(), &furthest) }
        }
        guard let line = lines.first, fits(line, pattern) else { return false }
        return fit(lines.dropFirst(), patterns.dropFirst(), &furthest)
    }

    private static func fits(_ line: Substring, _ pattern: Substring) -> Bool {
        let parts = pattern.split(separator: "…", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return line == pattern }
        guard line.hasPrefix(first), line.count >= first.count + last.count, line.hasSuffix(last) else { return false }
        var rest = line.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
