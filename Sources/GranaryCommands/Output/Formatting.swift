import Glibc
internal import PostgresClient

/// Figures for people: thousands separated by commas, units of 1000, one decimal.
package enum Formatting {
    /// `312400000` as `312.4 MB`; below a thousand without decimals.
    package static func bytes(_ count: Int) -> String {
        guard count.magnitude >= 1000 else { return "\(count) B" }
        var tenths = count.magnitude
        var divisor: UInt = 100
        for unit in ["kB", "MB", "GB", "TB", "PB"] {
            tenths = (count.magnitude + divisor / 2) / divisor
            // 999.95 kB rounds to 1000.0 kB, which is 1.0 MB.
            if tenths < 10_000 || unit == "PB" {
                return "\(count < 0 ? "-" : "")\(grouped(Int(tenths / 10))).\(tenths % 10) \(unit)"
            }
            divisor *= 1000
        }
        return "\(count) B"
    }

    /// `7.44` as `7.4 s`, `67` as `1 min 07 s`, `7500` as `2 h 05 min`.
    package static func duration(seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "?" }
        let tenths = Int((seconds * 10).rounded())
        if tenths < 600 { return "\(tenths / 10).\(tenths % 10) s" }
        let whole = Int(seconds.rounded())
        if whole < 3600 { return "\(whole / 60) min \(twoDigits(whole % 60)) s" }
        let minutes = Int((seconds / 60).rounded())
        return "\(minutes / 60) h \(twoDigits(minutes % 60)) min"
    }

    /// The age of something: `just now`, `5 min ago`, `3 h ago`, `12 days ago`.
    package static func age(seconds: Int) -> String {
        switch seconds {
        case ..<60: "just now"
        case ..<3600: "\(seconds / 60) min ago"
        case ..<172_800: "\(seconds / 3600) h ago"
        default: "\(grouped(seconds / 86_400)) days ago"
        }
    }

    /// A part of a whole as a bar of eighths of blocks, at most `columns` wide.
    package static func bar(_ share: Double, columns: Int) -> String {
        guard share.isFinite, share > 0 else { return "" }
        let eighths = Int((min(1, share) * Double(columns) * 8).rounded(.up))
        let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        return String(repeating: "█", count: eighths / 8) + part
    }

    /// The remaining time in whole seconds; fractions would only flicker.
    package static func remaining(seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "?" }
        let whole = Int(seconds.rounded(.up))
        return whole < 60 ? "\(whole) s" : duration(seconds: Double(whole))
    }

    /// The compression ratio, as `3.4×`; nil without compressed bytes.
    package static func ratio(raw: Int, packed: Int) -> String? {
        guard raw > 0, packed > 0 else { return nil }
        let tenths = Int((Double(raw) / Double(packed) * 10).rounded())
        return "\(grouped(tenths / 10)).\(tenths % 10)×"
    }

    /// `20261123T071500Z`, which sorts by time and is safe in a file name.
    package static func timestamp(secondsSince1970: Int) -> String {
        var seconds = time_t(secondsSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let date = "\(parts.tm_year + 1900)\(twoDigits(Int(parts.tm_mon) + 1))\(twoDigits(Int(parts.tm_mday)))"
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { twoDigits(Int($0)) }.joined()
        return "\(date)T\(clock)Z"
    }

    /// The time as RFC 3339 in UTC with milliseconds.
    static func now() -> String { time(secondsSince1970: nil) }

    /// Parses that form; nil for an invalid text.
    static func time(secondsSince1970 seconds: Int?) -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        if let seconds { time = timespec(tv_sec: seconds, tv_nsec: 0) }
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        let date = "\(parts.tm_year + 1900)-\(twoDigits(Int(parts.tm_mon) + 1))-\(twoDigits(Int(parts.tm_mday)))"
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { twoDigits(Int($0)) }.joined(separator: ":")
        return "\(date)T\(clock).\(String(time.tv_nsec / 1_000_000 + 1000).dropFirst())Z"
    }

    static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// Makes text from elsewhere (names of tables, messages of servers) safe for a terminal: control characters become
    /// escapes.
    package static func harmless(_ text: String) -> String { harmless(text, keeping: []) }

    /// - Parameter kept: Characters that are not escaped, for text with several lines.
    package static func harmless(_ text: String, keeping kept: Set<Unicode.Scalar>) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case _ where kept.contains(scalar): shown.unicodeScalars.append(scalar)
            case "\n": shown += "\\n"
            case "\r": shown += "\\r"
            case "\t": shown += "\\t"
            case _ where isControl(scalar): shown += "\\u{\(String(scalar.value, radix: 16))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    static func isControl(_ scalar: Unicode.Scalar) -> Bool { QuotedText.isControl(scalar) }

    /// The number of terminal columns for `text`: two for wide East Asian characters and emoji, none for combining
    /// marks, except those with a place of their own.
    package static func width(_ text: String) -> Int {
        text.reduce(0) { $0 + width($1) }
    }

    /// In Indic and Thai scripts a character may have several scalars with a column each. An emoji of several scalars
    /// is as wide as its first.
    private static func width(_ character: Character) -> Int {
        if character.isASCII { return 1 }
        let scalars = character.unicodeScalars
        if scalars.contains("\u{fe0f}") { return 2 }
        var width = 0
        var previous: Unicode.Scalar?
        for scalar in scalars {
            if let previous, isDrawnInto(previous, scalar) {} else { width += self.width(scalar) }
            previous = scalar
        }
        return width
    }

    /// Skin tones, the second half of a flag, and characters joined to an emoji.
    private static func isDrawnInto(_ previous: Unicode.Scalar, _ scalar: Unicode.Scalar) -> Bool {
        let flags: ClosedRange<UInt32> = 0x1f1e6...0x1f1ff
        return scalar.properties.isEmojiModifier
            || flags.contains(previous.value) && flags.contains(scalar.value)
            || previous == "\u{200d}" && scalar.properties.isEmoji
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        let value = scalar.value
        // Includes the soft hyphen, which terminals show.
        if value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        if scalar.properties.isEmojiPresentation { return 2 }
        switch value {
        // Vowels and finals join the Hangul consonant before them.
        case 0x1160..<0x1200, 0xd7b0..<0xd800: return 0
        // East_Asian_Width W and F in Unicode.
        case 0x1100..<0x1160, 0x2e80..<0x303f, 0x3041..<0xa4d0, 0xa960..<0xa980, 0xac00..<0xd7a4, 0xf900..<0xfb00,
            0xfe10..<0xfe20, 0xfe30..<0xfe70, 0xff01..<0xff61, 0xffe0..<0xffe7, 0x16fe0..<0x18d80, 0x1aff0..<0x1b300,
            0x1f200..<0x1f300, 0x1f300..<0x1f650, 0x1f680..<0x1f700, 0x1f900..<0x1fa00, 0x20000..<0x40000:
            return 2
        default: return 1
        }
    }

    /// `text` in lines of at most `columns`, broken at spaces, with later lines indented. A longer word is not broken.
    package static func wrapped(_ text: String, columns: Int, indentation: Int) -> [String] {
        guard width(text) > columns else { return [text] }
        var lines: [String] = []
        var rest = Substring(text)
        var indent = ""
        while width(indent) + width(String(rest)) > columns {
            var taken = width(indent)
            var end = rest.startIndex
            var breakAt: String.Index?
            var hasWord = false
            while end < rest.endIndex {
                if rest[end] == " " {
                    if hasWord { breakAt = end }
                } else {
                    hasWord = true
                }
                taken += width(rest[end])
                if taken > columns, breakAt != nil { break }
                end = rest.index(after: end)
            }
            guard let breakAt, end < rest.endIndex else { break }
            var line = indent + rest[..<breakAt]
            while line.hasSuffix(" ") { line.removeLast() }
            lines.append(line)
            rest = rest[breakAt...].drop { $0 == " " }
            indent = String(repeating: " ", count: indentation)
        }
        return lines + (rest.isEmpty ? [] : [indent + rest])
    }

    /// `text`, shortened with an ellipsis if it does not fit into `columns`.
    package static func fitted(_ text: String, columns: Int) -> String {
        guard width(text) > columns else { return text }
        guard columns > 0 else { return "" }
        var kept = ""
        var taken = 0
        for character in text {
            taken += width(character)
            if taken > columns - 1 { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
