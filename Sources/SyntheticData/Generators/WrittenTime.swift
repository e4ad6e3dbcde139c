/// Reads a date, a time or both in the formats of ISO 8601 and PostgreSQL. Candidates are read by the hundred thousand, so
/// it reads bytes.
struct WrittenTime {
    private let text: UnsafeBufferPointer<UInt8>
    private var position = 0

    private init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    /// Microseconds since 1970, or since midnight without a date; nil for another text.
    static func micros(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        var reader = WrittenTime(text)
        return reader.read()
    }

    private mutating func read() -> Int? {
        let date = date()
        if !takes("T") { _ = takes(" ") }
        let time = time()
        guard date != nil || time != nil, let offset = offset(), position == text.count else { return nil }
        let micros = (time ?? 0) - offset
        guard let date else { return micros }
        guard (1...12).contains(date.month), (1...31).contains(date.day) else { return nil }
        return Calendar.days(date.year, date.month, date.day) * Calendar.day + micros
    }

    /// `2026-06-01`
    private mutating func date() -> (year: Int, month: Int, day: Int)? {
        optional { reader in
            guard let year = reader.number(4...6), reader.takes("-"), let month = reader.number(2...2),
                reader.takes("-"), let day = reader.number(2...2)
            else { return nil }
            return (year, month, day)
        }
    }

    /// `07:15`, `07:15:30` or `07:15:30.25`
    private mutating func time() -> Int? {
        optional { reader in
            guard let hours = reader.number(2...2), reader.takes(":"), let minutes = reader.number(2...2) else {
                return nil
            }
            var micros = (hours * 3600 + minutes * 60) * 1_000_000
            guard reader.takes(":") else { return micros }
            guard let seconds = reader.number(2...2) else { return nil }
            micros += seconds * 1_000_000
            guard reader.takes(".") else { return micros }
            let first = reader.position
            guard var fraction = reader.number(1...6) else { return nil }
            for _ in (reader.position - first)..<6 { fraction *= 10 }
            return micros + fraction
        }
    }

    /// `Z`, `+02`, `+0230` or `-02:30` in microseconds, 0 if there is none; nil for anything else.
    private mutating func offset() -> Int? {
        guard position < text.count, !takes("Z") else { return 0 }
        let isNegative = takes("-")
        guard isNegative || takes("+"), let hours = number(2...2) else { return nil }
        var minutes = 0
        if position < text.count {
            _ = takes(":")
            guard let number = number(2...2) else { return nil }
            minutes = number
        }
        let micros = (hours * 3600 + minutes * 60) * 1_000_000
        return isNegative ? -micros : micros
    }

    /// Restores the position if `body` returns nil.
    private mutating func optional<Value>(_ body: (inout WrittenTime) -> Value?) -> Value? {
        let before = position
        if let value = body(&self) { return value }
        position = before
        return nil
    }

    private mutating func takes(_ sign: Unicode.Scalar) -> Bool {
        guard position < text.count, UInt32(text[position]) == sign.value else { return false }
        position += 1
        return true
    }

    /// As many digits as there are, up to the upper bound.
    private mutating func number(_ digits: ClosedRange<Int>) -> Int? {
        var (number, count) = (0, 0)
        while count < digits.upperBound, position < text.count, case let digit = Int(text[position]) - 48,
            (0...9).contains(digit)
        {
            number = number * 10 + digit
            count += 1
            position += 1
        }
        return count >= digits.lowerBound ? number : nil
    }
}
