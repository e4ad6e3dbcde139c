internal import Glibc

/// Points in time, in seconds since 1970, as the protocols write them. Always UTC.
package enum UTCTime {
    package static var now: Int { time(nil) }

    /// `20130524T000000Z`
    package static func basic(_ seconds: Int) -> String { text(seconds, "%Y%m%dT%H%M%SZ") }

    /// `2013-05-24T00:00:00Z`
    package static func extended(_ seconds: Int) -> String { text(seconds, "%Y-%m-%dT%H:%M:%SZ") }

    private static func text(_ seconds: Int, _ format: String) -> String {
        var (seconds, parts) = (seconds, tm())
        gmtime_r(&seconds, &parts)
        var bytes = [CChar](repeating: 0, count: 32)
        let count = strftime(&bytes, bytes.count, format, &parts)
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Reads `2013-05-24T00:00:00Z` and `2013-05-24T00:00:00.000Z`. Other zones are not understood.
    package static func parse(extended text: String) -> Int? {
        guard text.hasSuffix("Z") || text.hasSuffix("+00:00") else { return nil }
        let numbers = text.prefix(19).split { $0 == "-" || $0 == ":" || $0 == "T" }.map { Int($0) }
        guard text.count >= 20, numbers.count == 6 else { return nil }
        return seconds(numbers[0], numbers[1], numbers[2], Array(numbers[3...]))
    }

    /// Reads the date of an HTTP header: `Fri, 24 May 2013 00:00:00 GMT`.
    static func parse(header text: String) -> Int? {
        let words = text.split(separator: " ")
        guard words.count == 6, let month = months.firstIndex(of: String(words[2])) else { return nil }
        return seconds(Int(words[3]), month + 1, Int(words[1]), words[4].split(separator: ":").map { Int($0) })
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func seconds(_ year: Int?, _ month: Int?, _ day: Int?, _ time: [Int?]) -> Int? {
        guard let year, let month, let day, time.count == 3, let hour = time[0], let minute = time[1],
            let second = time[2], (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day),
            (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
        else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (CInt(year - 1900), CInt(month - 1), CInt(day))
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (CInt(hour), CInt(minute), CInt(second))
        return timegm(&parts)
    }
}
