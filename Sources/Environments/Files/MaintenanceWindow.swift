/// When an environment may be worked on: `Sun 02:00-04:00 UTC`, `Mon-Fri 22:00-02:00 +02:00`, `daily 03:00-04:00 UTC`,
/// or several with commas between them.
///
/// A window begins on its day and may end on the next one; its end does not belong to it. The zone is UTC or an offset,
/// said once at the end or with each part. Names such as Europe/Berlin are refused, because their rules are data that a
/// container may lack, and a window that moves by an hour twice a year is better written where everyone sees it.
package struct MaintenanceWindow: Sendable, Equatable, CustomStringConvertible {
    /// Minutes of a week in UTC, from Monday 00:00; `upperBound` may pass the end of the week.
    let spans: [Range<Int>]
    /// As it was written.
    package let description: String

    /// Why a text is not a window.
    package struct Mistake: Error, Equatable {
        package var sentence: String
        package var hint: String
    }

    static let week = 7 * 24 * 60

    /// - Throws: `Mistake`.
    package init(_ text: String) throws {
        description = text
        spans = try WindowParser(text).spans()
    }

    /// Seconds since 1970, as `time(nil)` gives them.
    package func contains(secondsSince1970 seconds: Int) -> Bool {
        let minute = Self.minuteOfWeek(seconds)
        return spans.contains { $0.contains(minute) || $0.contains(minute + Self.week) }
    }

    /// When it opens next, in seconds since 1970; `seconds` itself where it is open.
    package func nextOpening(after seconds: Int) -> Int {
        if contains(secondsSince1970: seconds) { return seconds }
        let minute = Self.minuteOfWeek(seconds)
        let wait = spans.map { ($0.lowerBound - minute + Self.week) % Self.week }.min() ?? 0
        return seconds - Self.modulo(seconds, 60) + wait * 60
    }

    /// `Sun 2026-11-29 02:00 UTC`: a moment in the words of this module's hints.
    package static func text(secondsSince1970 seconds: Int) -> String {
        let day = (seconds - modulo(seconds, 86_400)) / 86_400
        let minute = modulo(seconds, 86_400) / 60
        let (year, month, date) = civil(day)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        let name = WindowParser.days[modulo(day + 3, 7)]
        return "\(name) \(year)-\(two(month))-\(two(date)) \(two(minute / 60)):\(two(minute % 60)) UTC"
    }

    /// 1970 began on a Thursday.
    private static func minuteOfWeek(_ seconds: Int) -> Int {
        modulo((seconds - modulo(seconds, 60)) / 60 + 3 * 24 * 60, week)
    }

    static func modulo(_ number: Int, _ base: Int) -> Int { (number % base + base) % base }

    /// The date of a day counted from 1970, in the Gregorian calendar, whose years here begin in March.
    private static func civil(_ day: Int) -> (year: Int, month: Int, date: Int) {
        let shifted = day + 719_468
        let era = (shifted - modulo(shifted, 146_097)) / 146_097
        let dayOfEra = modulo(shifted, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let date = dayOfYear - (153 * month + 2) / 5 + 1
        return (era * 400 + yearOfEra + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9, date)
    }
}
