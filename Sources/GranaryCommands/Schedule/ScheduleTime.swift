/// When a command runs: `daily 03:00`, five fields of cron, or a calendar of systemd.
struct ScheduleTime: Sendable, Equatable {
    private enum Form: Equatable {
        case hourly(minute: Int)
        case daily(Clock)
        /// 0 is Sunday.
        case weekly(day: Int, Clock)
        case monthly(day: Int, Clock)
        /// Checked fields.
        case cron(String)
        case calendar(String)
    }

    private struct Clock: Equatable {
        var hour: Int
        var minute: Int

        init?(_ word: Substring) {
            let parts = word.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let hour = number(parts[0], in: 0...23), parts[1].utf8.count == 2,
                let minute = number(parts[1], in: 0...59)
            else { return nil }
            (self.hour, self.minute) = (hour, minute)
        }

        var text: String { "\(Formatting.twoDigits(hour)):\(Formatting.twoDigits(minute)):00" }
    }

    static let forms = """
        hourly, hourly :15, daily 03:00, weekly sun 03:00, monthly 1 03:00; for cron and kubernetes also five fields, \
        such as '0 3 * * *', and for systemd OnCalendar=… as systemd.time(7) describes it
        """
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    private let form: Form

    /// - Throws: `CommandError` with `.usage`.
    init(_ text: String) throws {
        guard let form = Self.form(text) else {
            throw CommandError(.usage, "the time '\(text)' is not understood", hint: "write \(Self.forms)")
        }
        self.form = form
    }

    private static func form(_ text: String) -> Form? {
        let lead = "OnCalendar="
        if text.hasPrefix(lead) {
            let calendar = text.dropFirst(lead.count)
            // What a calendar may consist of; `systemd-analyze calendar` tells the rest.
            let isPlain = calendar.utf8.allSatisfy { byte in
                UnicodeScalar(byte).properties.isAlphabetic || "0123456789 *:-,./~_+".utf8.contains(byte)
            }
            return isPlain && calendar.contains { $0 != " " } ? .calendar(String(calendar)) : nil
        }
        let words = text.lowercased().split(separator: " ")
        switch (words.first, words.count) {
        case ("hourly", 1): return .hourly(minute: 0)
        case ("hourly", 2):
            guard words[1].hasPrefix(":") else { return nil }
            return number(words[1].dropFirst(), in: 0...59).map { .hourly(minute: $0) }
        case ("daily", 2): return Clock(words[1]).map { .daily($0) }
        case ("weekly", 3):
            guard let day = days.firstIndex(where: { $0.lowercased() == words[1] }), let clock = Clock(words[2]) else {
                return nil
            }
            return .weekly(day: day, clock)
        case ("monthly", 3):
            // A later day does not exist in every month.
            guard let day = number(words[1], in: 1...28), let clock = Clock(words[2]) else { return nil }
            return .monthly(day: day, clock)
        case (_, 5): return isCron(words) ? .cron(words.joined(separator: " ")) : nil
        default: return nil
        }
    }

    private static func isCron(_ fields: [Substring]) -> Bool {
        let names = [[], [], [], months, days.map { $0.lowercased() }]
        let ranges = [0...59, 0...23, 1...31, 1...12, 0...7]
        return zip(fields, zip(names, ranges)).allSatisfy { field, known in
            field.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { item in
                let parts = item.split(separator: "/", omittingEmptySubsequences: false)
                guard parts.count < 3, parts.count == 1 || number(parts[1], in: 1...known.1.upperBound) != nil else {
                    return false
                }
                if parts[0] == "*" { return true }
                let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
                return ends.count < 3
                    && ends.allSatisfy { known.0.contains(String($0)) || number($0, in: known.1) != nil }
            }
        }
    }

    /// The fields of cron.
    ///
    /// - Throws: `CommandError` with `.usage` for a calendar of systemd.
    func cron() throws -> String {
        switch form {
        case .hourly(let minute): return "\(minute) * * * *"
        case .daily(let clock): return "\(clock.minute) \(clock.hour) * * *"
        case .weekly(let day, let clock): return "\(clock.minute) \(clock.hour) * * \(day)"
        case .monthly(let day, let clock): return "\(clock.minute) \(clock.hour) \(day) * *"
        case .cron(let fields): return fields
        case .calendar:
            throw CommandError(.usage, "OnCalendar= is a time of systemd, and not of cron", hint: "write \(Self.forms)")
        }
    }

    /// The calendar of systemd.
    ///
    /// Source: `systemd.time(7)`.
    /// - Throws: `CommandError` with `.usage` for fields of cron.
    func calendar() throws -> String {
        switch form {
        case .hourly(let minute): return "*-*-* *:\(Formatting.twoDigits(minute)):00"
        case .daily(let clock): return "*-*-* \(clock.text)"
        case .weekly(let day, let clock): return "\(Self.days[day]) *-*-* \(clock.text)"
        case .monthly(let day, let clock): return "*-*-\(Formatting.twoDigits(day)) \(clock.text)"
        case .calendar(let text): return text
        case .cron:
            throw CommandError(
                .usage,
                "five fields are a time of cron, and not of systemd",
                hint: "write \(Self.forms)"
            )
        }
    }

    /// Whether a day lies between two runs at least.
    var isRare: Bool {
        switch form {
        case .daily, .weekly, .monthly: true
        case .hourly, .cron, .calendar: false
        }
    }
}

/// A number of digits alone.
private func number(_ text: some StringProtocol, in range: ClosedRange<Int>) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let value = Int(text), range.contains(value)
    else { return nil }
    return value
}
