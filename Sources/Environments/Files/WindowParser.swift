/// Reads the text of a `MaintenanceWindow`.
struct WindowParser {
    static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    private let text: String

    init(_ text: String) { self.text = text }

    /// A part between commas: days, times and perhaps a zone. Days alone belong to the part behind them.
    private struct Part {
        var days: Set<Int>
        var minutes: Range<Int>
        var offset: Int?
    }

    /// - Throws: `MaintenanceWindow.Mistake`.
    func spans() throws -> [Range<Int>] {
        var parts: [Part] = []
        var waiting: Set<Int> = []
        for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = piece.split(whereSeparator: \.isWhitespace)
            guard let first = words.first else { throw mistake("has nothing between two commas, or is empty") }
            let days = try days(first)
            if words.count == 1 {
                waiting.formUnion(days)
                continue
            }
            guard words.count <= 3 else { throw mistake("has more words than days, times and a zone") }
            parts.append(
                Part(
                    days: waiting.union(days),
                    minutes: try minutes(words[1]),
                    offset: words.count == 3 ? try offset(words[2]) : nil
                )
            )
            waiting = []
        }
        guard waiting.isEmpty, !parts.isEmpty else { throw mistake("names days and no times") }
        return try parts.indices.flatMap { index in
            guard let offset = parts[index...].lazy.compactMap(\.offset).first else {
                throw mistake("does not say its time zone")
            }
            return parts[index].days.sorted().map { day in
                let minutes = parts[index].minutes
                let start = MaintenanceWindow.modulo(
                    day * 24 * 60 + minutes.lowerBound - offset,
                    MaintenanceWindow.week
                )
                return start..<start + minutes.count
            }
        }
    }

    private func days(_ word: Substring) throws -> Set<Int> {
        if ["daily", "everyday"].contains(word.lowercased()) { return Set(0..<7) }
        let ends = try word.split(separator: "-", omittingEmptySubsequences: false).map { try day($0) }
        switch ends.count {
        case 1: return [ends[0]]
        case 2:
            let count = MaintenanceWindow.modulo(ends[1] - ends[0], 7)
            return Set((0...count).map { (ends[0] + $0) % 7 })
        default: throw mistake("has a range of days with more than two ends")
        }
    }

    private func day(_ word: Substring) throws -> Int {
        let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        let wanted = word.lowercased()
        guard wanted.count >= 3, let day = names.firstIndex(where: { $0.hasPrefix(wanted) }) else {
            throw mistake("names a day that is none")
        }
        return day
    }

    /// From the start of a day; the end may lie on the next one.
    private func minutes(_ word: Substring) throws -> Range<Int> {
        let ends = try word.split(separator: "-", omittingEmptySubsequences: false).map { try minute($0) }
        guard ends.count == 2 else { throw mistake("has times that are not from-to") }
        guard ends[0] < 24 * 60 else { throw mistake("begins at 24:00") }
        guard ends[0] != ends[1] else {
            throw MaintenanceWindow.Mistake(
                sentence: "begins and ends at the same minute",
                hint: "a whole day is 00:00-24:00"
            )
        }
        return ends[0]..<(ends[1] > ends[0] ? ends[1] : ends[1] + 24 * 60)
    }

    private func minute(_ word: Substring) throws -> Int {
        guard let match = word.wholeMatch(of: #/([0-9]{1,2}):([0-9]{2})/#), let hours = Int(match.1),
            let minutes = Int(match.2), minutes < 60, hours < 24 || (hours == 24 && minutes == 0)
        else { throw mistake("has a time that is not between 00:00 and 24:00") }
        return hours * 60 + minutes
    }

    private func offset(_ word: Substring) throws -> Int {
        if ["UTC", "GMT", "Z"].contains(word.uppercased()) { return 0 }
        guard let match = word.wholeMatch(of: #/(?:UTC|GMT)?([+\-])([0-9]{1,2}):?([0-9]{2})?/#),
            let hours = Int(match.2), let minutes = Int(match.3 ?? "0"), hours <= 14, minutes < 60
        else {
            throw MaintenanceWindow.Mistake(
                sentence: "has a time zone that is neither UTC nor an offset",
                hint: "write UTC or an offset such as +02:00; names of zones are not understood"
            )
        }
        return (match.1 == "-" ? -1 : 1) * (hours * 60 + minutes)
    }

    private func mistake(_ sentence: String) -> MaintenanceWindow.Mistake {
        MaintenanceWindow.Mistake(
            sentence: sentence,
            hint: "write it as \"Sun 02:00-04:00 UTC\", \"Mon-Fri 22:00-02:00 +02:00\" or \"daily 03:00-04:00 UTC\""
        )
    }
}
