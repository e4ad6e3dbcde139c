/// Calendar arithmetic without a library, in microseconds since 1970, UTC.
package enum Calendar {
    package static let day = 86_400_000_000

    /// The civil date of a day number, by Howard Hinnant's `civil_from_days`.
    @inline(__always)
    static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let doe = z - era * 146_097
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
        let mp = (5 * doy + 2) / 153
        let month = mp < 10 ? mp + 3 : mp - 9
        return (yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1)
    }

    package static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yoe = y - era * 400
        let doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
    }

    /// A date, a time or both in the formats of ISO 8601 and PostgreSQL, in microseconds since 1970. A time
    /// alone counts from midnight.
    ///
    /// - Returns: nil for anything else.
    package static func time(_ text: String) -> Int? {
        var text = text
        return text.withUTF8 { WrittenTime.micros($0) }
    }

    package static func floor(_ value: Int, _ by: Int) -> Int { value >= 0 ? value / by : -((-value + by - 1) / by) }
}

/// The form of a time.
package enum TimeForm: Sendable {
    case timestamptz, timestamp, date, time, timetz

    /// The smallest difference between rows, in microseconds.
    var step: Int { self == .date ? Calendar.day : 1_000_000 }

    @inline(__always)
    func write(_ micros: Int, _ out: inout CopyBuffer) {
        let days = Calendar.floor(micros, Calendar.day)
        if self != .time, self != .timetz {
            let date = Calendar.date(days)
            out.append(date.year, width: 4)
            out.append(UInt8(ascii: "-"))
            out.append(date.month, width: 2)
            out.append(UInt8(ascii: "-"))
            out.append(date.day, width: 2)
            if self == .date { return }
            out.append(UInt8(ascii: " "))
        }
        let seconds = (micros - days * Calendar.day) / 1_000_000
        out.append(seconds / 3600, width: 2)
        out.append(UInt8(ascii: ":"))
        out.append(seconds / 60 % 60, width: 2)
        out.append(UInt8(ascii: ":"))
        out.append(seconds % 60, width: 2)
        if self == .timestamptz || self == .timetz {
            out.append(UInt8(ascii: "+"))
            out.append(0, width: 2)
        }
    }
}

/// Times in a range. With growth, later times are more frequent.
package final class TimeGenerator: CellGenerator {
    private let low: Int
    private let steps: Int
    private let form: TimeForm
    private let grows: Bool
    private let key: UInt64
    private let permutation: Permutation?

    /// - Parameter range: In microseconds since 1970.
    package init(_ range: ClosedRange<Int>, form: TimeForm, grows: Bool = false, isUnique: Bool = false, key: UInt64) {
        low = Calendar.floor(range.lowerBound, form.step) * form.step
        steps = max(1, (range.upperBound - low) / form.step + 1)
        self.form = form
        self.grows = grows
        self.key = key
        permutation = isUnique ? Permutation(count: steps, key: key) : nil
    }

    package func micros(_ row: GeneratedRow) -> Int? {
        if let permutation { return low + permutation(min(row.number, permutation.count - 1)) * form.step }
        let draw = CellHash.draw(key, row.identity)
        let place = grows ? Int(CellHash.unit(draw).squareRoot() * Double(steps)) : CellHash.below(steps, draw)
        return low + min(place, steps - 1) * form.step
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) { form.write(micros(row) ?? 0, &out) }
    package var domain: Int? { steps }
    package func write(index: Int, _ row: GeneratedRow, _ out: inout CopyBuffer) {
        form.write(low + index * form.step, &out)
    }
    package var isUnique: Bool { permutation != nil }
    package var summary: String { "times" }

    package var declaration: String? {
        guard form != .time, form != .timetz else { return nil }
        func text(_ micros: Int) -> String {
            var out = CopyBuffer(capacity: 48)
            TimeForm.timestamp.write(micros, &out)
            let text = String(decoding: out.bytes(), as: UTF8.self)
            return form == .date ? String(text.prefix(10)) : "\"\(text)\""
        }
        let shape = grows ? ", shape: growth" : ""
        return Declaration.mapping(
            "between: [\(text(low)), \(text(low + (steps - 1) * form.step))]\(shape)",
            isUnique: permutation != nil
        )
    }
}

/// Times after another column's, in this row or in the parent's.
package final class AfterGenerator: CellGenerator {
    /// The other time; nil for NULL, which makes this value NULL too.
    private let base: @Sendable (GeneratedRow) -> Int?
    private let within: Int
    private let least: Int
    private let limit: Int
    private let form: TimeForm
    private let key: UInt64

    /// - Parameters: Spans and times in microseconds. The value does not exceed `limit` if the other time allows that.
    package init(
        _ base: @escaping @Sendable (GeneratedRow) -> Int?,
        within: Int,
        least: Int,
        limit: Int,
        form: TimeForm,
        key: UInt64
    ) {
        self.base = base
        self.within = within
        self.least = least
        self.limit = limit
        self.form = form
        self.key = key
    }

    package func micros(_ row: GeneratedRow) -> Int? {
        guard let begin = base(row) else { return nil }
        let first = begin + max(least, form == .date ? 0 : least)
        let last = max(first, min(begin + within, max(limit, first)))
        let steps = (last - first) / form.step
        return first + CellHash.below(steps + 1, CellHash.draw(key, row.identity)) * form.step
    }

    package func write(_ row: GeneratedRow, _ out: inout CopyBuffer) {
        if let value = micros(row) { form.write(value, &out) } else { out.appendNull() }
    }
    package var summary: String { "times after another" }
}
