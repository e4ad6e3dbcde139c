internal import Bookkeeping
import PostgresClient
internal import Project
internal import SQLText

/// The scripts that run, and their position among the tables.
struct ScriptPlan {
    struct Step {
        var script: SeedSet.Script
        /// A script runs before the tables with a higher number.
        var number: Int
        var runs: Bool
        var reason: String
    }

    let steps: [Step]

    init(_ scripts: [SeedSet.Script], _ options: SeedOptions, _ record: SeedRecord) {
        steps = scripts.enumerated().map { place, script in
            var step = Step(script: script, number: script.file.number ?? Int.max, runs: false, reason: "")
            let always = FileMarkers(String(decoding: script.bytes, as: UTF8.self)).options.contains {
                $0.key == "always"
            }
            let before = record.entries[script.file.name]
            if options.isProduction {
                step.reason = "scripts are forbidden in production"
            } else if !options.only.isEmpty, !options.only.contains(where: { NamePattern($0).fits(script.file.table) })
            {
                step.reason = "not selected"
            } else if always {
                (step.runs, step.reason) = (true, "it is marked always")
            } else if let before {
                step.runs = before.digest != script.digest
                step.reason = step.runs ? "it has changed" : "it has already run"
            } else {
                (step.runs, step.reason) = (true, "it has not run")
            }
            return (place, step)
        }
        // The sort is stable: scripts with equal numbers keep the order of layers and names.
        .sorted { ($0.1.number, $0.0) < ($1.1.number, $1.0) }.map(\.1)
    }
}

extension SeedRun {
    mutating func runScript(_ step: ScriptPlan.Step, _ session: inout Session) throws {
        let path = step.script.file.path
        report.scripts.append(SeedReport.Script(file: path, runs: step.runs, reason: step.reason))
        guard step.runs else { return }
        try Self.run(step.script.bytes, path: path, &session)
        // The script may have changed the search path.
        try session.execute(Session.emptySearchPath)
        if !options.planOnly {
            try record.write(
                step.script.file.name,
                SeedRecord.Entry(layer: step.script.file.layer, digest: step.script.digest),
                session
            )
        }
        try useServicePath(session)
    }

    /// Runs the statements and COPY blocks of a script. Refuses psql commands, and statements that cannot be part of a
    /// transaction.
    private static func run(_ bytes: [UInt8], path: String, _ session: inout Session) throws {
        try refuse(bytes, path)
        var script = reader(bytes)
        do {
            while let element = try script.next() {
                switch element {
                case .statement(let text, let line):
                    try at(path, line) { try session.execute(bytes: text) }
                case .copy(let text, let line):
                    let firstRow = script.firstRowLine
                    var error: (any Error)?
                    do {
                        _ = try session.copyIn(bytes: text) { sink in
                            while try script.nextCopyData({ try sink.write($0) }) {}
                        }
                    } catch let failure {
                        error = failure
                    }
                    guard let error else { continue }
                    let row = (error as? PostgresError).flatMap { CopyPlace($0) }
                    try at(path, row.map { firstRow + $0.line - 1 } ?? line) {
                        throw (error as? PostgresError)?.showingValue { _ in
                            row?.column.map { !SecretColumn.isMeant(by: $0) } ?? false
                        } ?? error
                    }
                case .metaCommand: break
                }
            }
        } catch let error as SQLTextError {
            throw SeedingError(.file, at: FilePlace(path, line: error.line), error.message, hint: error.hint)
        }
    }

    /// Checks the whole script before any of it runs.
    private static func refuse(_ bytes: [UInt8], _ path: String) throws {
        var script = reader(bytes)
        do {
            while let element = try script.next() {
                switch element {
                case .copy: break
                case .metaCommand(let name, _, let line):
                    throw SeedingError(
                        .file,
                        at: FilePlace(path, line: line),
                        "\\\(name) is a psql command, which seeding does not support",
                        hint: "remove it; files may contain statements and COPY … FROM stdin with its rows"
                    )
                case .statement(let text, let line):
                    try refuse(statement: String(decoding: text, as: UTF8.self), path, line)
                }
            }
        } catch let error as SQLTextError {
            throw SeedingError(.file, at: FilePlace(path, line: error.line), error.message, hint: error.hint)
        }
    }

    private static func refuse(statement text: String, _ path: String, _ line: Int) throws {
        // Parses only statements that begin with certain words, because parsing every INSERT of a large file would take
        // long.
        let first = text.prefix { !$0.isWhitespace && $0 != ";" }.lowercased()
        let suspicious: Set<String> = [
            "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare", "create",
            "drop", "alter", "reindex", "vacuum", "cluster", "discard", "checkpoint",
        ]
        guard suspicious.contains(first), let script = try? SQLScript(splitting: text),
            let statement = script.statements.first, let effects = ScriptEffects(of: script).statements.first
        else { return }
        switch effects.transaction {
        case .controls(let control) where !control.isOfWholeTransaction: break
        case .fits: break
        case .controls:
            throw SeedingError(
                .file,
                at: FilePlace(path, line: line),
                "\(statement.tag) would end or divide the run's own transaction",
                hint: "remove it: all seeds of a run are one transaction already"
            )
        case .refusesTransaction(let reason):
            throw SeedingError(
                .file,
                at: FilePlace(path, line: line),
                reason,
                hint: "move it to a migration, or run it by hand"
            )
        }
    }

    private static func reader(_ bytes: [UInt8]) -> DumpScript {
        var position = 0
        return DumpScript { memory in
            let count = min(memory.count, bytes.count - position)
            memory.copyBytes(from: bytes[position..<(position + count)])
            position += count
            return count
        }
    }

    private static func at(_ path: String, _ line: Int, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as PostgresError where error.code == .server {
            throw SeedingError(error, at: FilePlace(path, line: line))
        }
    }
}
