/// The state of a long operation, and its description. Events and times go in, lines come out.
///
/// Times are seconds since any fixed moment.
package struct ProgressState: Sendable {
    private var phase = ""
    private var phaseBeganSeconds = 0.0
    /// Whether rows have arrived in this phase, so that the bar shows rows.
    private var isMoving = false
    private var made: (object: String, number: Int, of: Int)?
    private var plannedBytes = 0
    private var doneShare = 0
    private var doneBytes = 0
    private var doneRows = 0
    private var byteRate: SmoothedRate?
    private var shareRate: SmoothedRate?
    /// The tables in progress; the most recently active one is last.
    private var current: [String] = []

    package init() {}

    package mutating func apply(_ event: ProgressEvent, atSeconds now: Double) {
        switch event {
        case .phase(let name):
            phase = name
            phaseBeganSeconds = now
            isMoving = false
            made = nil
            current = []
        case .planned(_, let bytes):
            plannedBytes = bytes
            forgetWhatWasDone()
        case .started(let table):
            begin(atSeconds: now)
            bringForward(table)
        case .advanced(let table, let rows, let bytes, let share):
            begin(atSeconds: now)
            bringForward(table)
            doneRows += rows
            doneBytes += bytes
            doneShare += share
            tick(atSeconds: now)
        case .finished(let table, _, _):
            current.removeAll { $0 == table }
        case .made(let object, let number, let of):
            made = (object, number, of)
        case .restarted:
            plannedBytes = 0
            forgetWhatWasDone()
        }
    }

    /// Informs the rates that time has passed.
    package mutating func tick(atSeconds now: Double) {
        byteRate?.note(total: doneBytes, atSeconds: now)
        shareRate?.note(total: doneShare, atSeconds: now)
    }

    private mutating func forgetWhatWasDone() {
        (doneShare, doneBytes, doneRows) = (0, 0, 0)
        (byteRate, shareRate) = (nil, nil)
        current = []
        isMoving = false
    }

    private mutating func begin(atSeconds now: Double) {
        isMoving = true
        if byteRate == nil { byteRate = SmoothedRate(startSeconds: now) }
        if shareRate == nil { shareRate = SmoothedRate(startSeconds: now) }
    }

    private mutating func bringForward(_ table: String) {
        if current.last == table { return }
        current.removeAll { $0 == table }
        current.append(table)
    }
}

// The figures.
extension ProgressState {
    private var fraction: Double? {
        if let made, made.of > 0 { return min(1, Double(made.number) / Double(made.of)) }
        guard isMoving, plannedBytes > 0 else { return nil }
        return min(1, Double(doneShare) / Double(plannedBytes))
    }

    private var percent: String? { fraction.map { "\(Int(($0 * 100).rounded(.down))) %" } }

    private var amount: String? {
        if let made { return "\(grouped(made.number)) of \(grouped(made.of))" }
        guard isMoving else { return nil }
        guard plannedBytes > 0 else { return Formatting.bytes(doneBytes) }
        // The total may be an estimate, so the share is limited to it.
        return "\(Formatting.bytes(min(doneShare, plannedBytes))) of \(Formatting.bytes(plannedBytes))"
    }

    private var timeLeft: String? {
        // Of less than a hundredth nothing can be foretold: small tables come in a moment, and say nothing about speed.
        guard made == nil, isMoving, plannedBytes > doneShare, doneShare >= plannedBytes / 100,
            let rate = shareRate?.perSecond
        else { return nil }
        return "\(Formatting.remaining(seconds: Double(plannedBytes - doneShare) / rate)) left"
    }

    private var rows: String? { isMoving ? counted(doneRows, "row") : nil }

    private var speed: String? {
        guard isMoving, let rate = byteRate?.perSecond else { return nil }
        return "\(Formatting.bytes(Int(rate)))/s"
    }
}

// The lines.
extension ProgressState {
    /// One or two lines for a terminal of this width.
    package func lines(columns: Int, atSeconds now: Double) -> [String] {
        guard !phase.isEmpty || isMoving else { return [] }
        // The last column stays free, because a terminal wraps a full line.
        let columns = max(20, columns - 1)
        let figures = [percent, amount, timeLeft].compactMap(\.self)
        guard !figures.isEmpty else { return [Formatting.fitted(waiting(atSeconds: now), columns: columns)] }
        let first = [shownPhase, bar(beside: figures, columns: columns)].compactMap(\.self) + figures
        var lines = [Formatting.fitted(first.joined(separator: "  "), columns: columns)]
        let second = details(columns: columns)
        if !second.isEmpty { lines.append(second) }
        return lines
    }

    /// The same as one line, for a file or a log.
    package func plainLine(atSeconds now: Double) -> String? {
        let figures = [percent, amount, rows, speed, timeLeft].compactMap(\.self)
        guard !figures.isEmpty else { return phase.isEmpty ? nil : waiting(atSeconds: now) }
        return "\(shownPhase): \(figures.joined(separator: ", "))"
    }

    private var shownPhase: String { phase.isEmpty ? "working" : Formatting.harmless(phase) }

    private func waiting(atSeconds now: Double) -> String {
        let elapsed = Int(now - phaseBeganSeconds)
        return elapsed < 1 ? shownPhase : "\(shownPhase)  \(Formatting.remaining(seconds: Double(elapsed)))"
    }

    private func bar(beside figures: [String], columns: Int) -> String? {
        guard let fraction else { return nil }
        let taken = ([shownPhase] + figures).reduce(0) { $0 + Formatting.width($1) + 2 }
        let cells = min(30, columns - taken - 2)
        guard cells >= 8 else { return nil }
        let full = Int((fraction * Double(cells)).rounded(.down))
        return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: cells - full) + "]"
    }

    private func details(columns: Int) -> String {
        if let made { return Formatting.fitted("  " + Formatting.harmless(made.object), columns: columns) }
        let figures = [rows, speed].compactMap(\.self)
        var line = "  " + figures.joined(separator: "  ")
        guard !current.isEmpty else { return Formatting.fitted(line, columns: columns) }
        line += "  "
        let room = columns - Formatting.width(line)
        return room < 8 ? Formatting.fitted(line, columns: columns) : line + tables(columns: room)
    }

    /// The most recent tables first, as many as fit, and the number of the others.
    private func tables(columns: Int) -> String {
        let names = current.reversed().map { Formatting.harmless($0) }
        var shown = ""
        for (index, name) in names.enumerated() {
            let longer = index == 0 ? name : "\(shown), \(name)"
            let others = names.count - index - 1
            let reserve = others > 0 ? ", +\(others)".utf8.count : 0
            if Formatting.width(longer) + reserve > columns {
                let more = names.count - index
                return index == 0
                    ? Formatting.fitted(name, columns: columns)
                    : "\(shown), +\(more)"
            }
            shown = longer
        }
        return shown
    }
}
