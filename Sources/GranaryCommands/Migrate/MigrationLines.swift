internal import Migrations

/// The progress of a run of migrations, on standard error.
struct MigrationLines: Sendable {
    let console: Console
    let undo: UndoCommands

    func receive(_ event: MigrationEvent) {
        switch event {
        case .waitingForRunner(let who): console.note("waiting for another runner: \(who)")
        case .started(let name, let direction, let number, let count):
            if console.settings.isVerbose { console.note("\(number) of \(count): \(name) \(direction.rawValue)") }
        case .blocked(let who): console.note("  waits for a lock that \(who) holds")
        case .retrying(let name, let attempt, let pause):
            console.note(
                "  \(name) did not get its lock and was rolled back; attempt \(attempt) in \(Formatting.duration(seconds: pause / .seconds(1)))"
            )
        case .finished(let name, let direction, let milliseconds):
            let time = Formatting.duration(seconds: Double(milliseconds) / 1000)
            console.note("\(direction == .up ? "applied " : "reverted") \(name)  \(time)")
        case .backedUp(let file):
            console.note("backed up the rows that will be destroyed: \(file)")
        case .undo(let advice):
            let groups = undo.groups(advice)
            for group in groups {
                console.insist(group.heading)
                for line in group.lines { console.insist(line) }
            }
            if let note = RestoreLine.identityNote(groups.flatMap(\.lines)) { console.insist(note) }
        case .note(let text): console.note(text)
        }
    }
}
