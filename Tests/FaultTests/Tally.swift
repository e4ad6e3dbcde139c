/// A table of the runs and their results.
struct Tally: CustomStringConvertible {
    private struct Count {
        var (runs, unharmed, old, new, partWay, broken) = (0, 0, 0, 0, 0, 0)
    }

    private var counts: [Fault.Kind: Count] = [:]
    private var commands: [String: Int] = [:]
    private var slowestEnd = 0.0

    mutating func add(_ run: FaultRun, _ ending: FaultRun.Ending) {
        commands[run.trial.name, default: 0] += 1
        var count = counts[run.fault.kind, default: Count()]
        count.runs += 1
        switch (ending.status, ending.standing) {
        case (0, _): count.unharmed += 1
        case (_, .new): count.new += 1
        case (_, .partWay): count.partWay += 1
        default: count.old += 1
        }
        counts[run.fault.kind] = count
        slowestEnd = max(slowestEnd, ending.secondsToEnd ?? 0)
    }

    mutating func add(broken run: FaultRun) {
        commands[run.trial.name, default: 0] += 1
        counts[run.fault.kind, default: Count()].runs += 1
        counts[run.fault.kind, default: Count()].broken += 1
    }

    var description: String {
        var lines = [
            "| fault | runs | the command was done all the same | old state | new state | some migrations done | promise broken |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        for kind in Fault.Kind.allCases {
            guard let count = counts[kind] else { continue }
            lines.append(
                "| \(kind.rawValue) | \(count.runs) | \(count.unharmed) | \(count.old) | \(count.new) | \(count.partWay) | \(count.broken) |"
            )
        }
        lines += ["", "| command | runs |", "| --- | --- |"]
        lines += trials.map { "| \($0.name) | \(commands[$0.name] ?? 0) |" }
        return lines.joined(separator: "\n") + "\n\nthe longest wait from an interrupt to the end: \(slowestEnd) s"
    }
}
