/// When migrations may run: `Sun 02:00-04:00 UTC`, `Mon-Fri 22:00-02:00 +01:00`, `daily 03:00-04:00 UTC`. Several
/// windows are separated by commas.
package struct MaintenanceWindow: Sendable, Equatable, CustomStringConvertible {
    private struct Span: Sendable, Equatable {
        /// The days on which it begins; 0 is Monday.
        var days: Set<Int>
        /// Minutes of the day. The end may be on the next day.
        var start: Int
        var length: Int
        /// Minutes that its time zone is ahead of UTC.
        var offset: Int
    }

    package let description: String
    private let spans: [Span]

    /// - Throws: `EnvironmentsError` with `.file`.
    package init(_ text: String) throws(EnvironmentsError) {
        description = text
        var spans: [Span] = []
        for part in text.split(separator: ",") { spans.append(try Self.span(part)) }
        guard !spans.isEmpty else { throw Self.problem(text) }
        self.spans = spans
    }

    private static func problem(_ text: some StringProtocol) -> EnvironmentsError {
        EnvironmentsError(
            .file,
            "\"\(text)\" is not a maintenance window",
            hint:
                "write days, times and an offset from UTC, such as \"Sun 02:00-04:00 UTC\" or \"Mon-Fri 22:00-02:00 +01:00\""
        )
    }

    private static let dayNames = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

    private static func span(_ text: Substring) throws(EnvironmentsError) -> Span {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 3, let days = days(words[0]), let offset = offset(words[2]) else { throw problem(text) }
        let times = words[1].split(separator: "-", omittingEmptySubsequences: false)
        guard times.count == 2, let start = minutes(times[0], most: 1439), let end = minutes(times[1], most: 1440),
            start != end
        else { throw problem(text) }
        return Span(days: days, start: start, length: end > start ? end - start : end + 1440 - start, offset: offset)
    }

    private static func days(_ text: Substring) -> Set<Int>? {
        if text.lowercased() == "daily" { return Set(0..<7) }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
            .map { name in dayNames.firstIndex { name.count >= 3 && $0.hasPrefix(name.lowercased()) } }
        guard let first = ends[0], ends.count <= 2, let last = ends.last! else { return nil }
        return Set((0...((last - first + 7) % 7)).map { (first + $0) % 7 })
    }

    /// `02:00` in minutes; 24:00 is the end of the day.
    private static func minutes(_ text: Substring, most: Int) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { $0.isASCII && $0.isNumber } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60, hour * 60 + minute <= most
        else { return nil }
        return hour * 60 + minute
    }

    private static func offset(_ text: Substring) -> Int? {
        if ["UTC", "GMT", "Z"].contains(text.uppercased()) { return 0 }
        guard let sign = text.first, sign == "+" || sign == "-", let minutes = minutes(text.dropFirst(), most: 14 * 60)
        else { return nil }
        return sign == "+" ? minutes : -minutes
    }

    /// - Parameter seconds: Since 1970, in UTC.
    package func contains(_ seconds: Int) -> Bool {
        spans.contains { span in
            let minute = Self.floor(seconds, 60) + span.offset
            // It may have begun today or yesterday.
            return [0, 1].contains { daysAgo in
                let day = Self.floor(minute, 1440) - daysAgo
                let since = minute - day * 1440 - span.start
                return span.days.contains(Self.weekday(day)) && since >= 0 && since < span.length
            }
        }
    }

    /// Minutes until it opens, for the hint; 0 while it is open.
    package func minutesUntilOpen(_ seconds: Int) -> Int {
        (0...(8 * 1440)).first { contains(seconds + $0 * 60) } ?? 0
    }

    /// 1970-01-01, day 0, was a Thursday.
    private static func weekday(_ day: Int) -> Int { ((day + 3) % 7 + 7) % 7 }
    private static func floor(_ number: Int, _ by: Int) -> Int {
        number >= 0 ? number / by : -((-number + by - 1) / by)
    }
}
