internal import SQLText

/// A file of goose, dbmate or sql-migrate, which holds both directions, separated by marker comments.
///
/// Like the tools, this finds the markers line by line, even inside strings.
struct MarkedFile {
    private(set) var up = ForeignMigration.Script(text: "")
    private(set) var down: ForeignMigration.Script?

    private let tool: ImportedTool
    private let path: String
    private let lines: [Substring]
    private var section: Direction?
    /// The lines of each direction, by line number. Markers and the comments above the first marker belong to no
    /// direction.
    private var parts: [Direction: [Int: String]] = [:]
    private var header: [Int: String] = [:]
    /// The line of each direction's marker.
    private var starts: [Direction: Int] = [:]
    private var withoutTransaction: Set<Direction> = []
    /// The line of the StatementBegin that is still open.
    private var blockStart: Int?

    /// The tool of the first marker in the text; nil if there is no marker.
    static func tool(of text: String) -> ImportedTool? {
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("--") {
            let words = line.dropFirst(2).lowercased().split(whereSeparator: \.isWhitespace)
            switch words.first {
            case "+goose": return .goose
            case "+migrate": return .sqlMigrate
            case "migrate:up", "migrate:down": return .dbmate
            default: continue
            }
        }
        return nil
    }

    /// - Throws: `MigrationError` with `.file` and the line that cannot be split or cannot be part of a migration.
    init(_ text: String, path: String, _ tool: ImportedTool) throws(MigrationError) {
        self.tool = tool
        self.path = path
        lines = CanonicalText(text).text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() { try take(line, number: index + 1) }
        if let blockStart { throw failure(blockStart, "the statement that begins here has no StatementEnd") }
        guard starts[.up] != nil else {
            throw failure(
                1,
                "it has no `\(spelling(of: .up))`",
                hint: "add it above the statements, or leave the file out"
            )
        }
        up = try script(.up)
        if starts[.down] != nil {
            let script = try script(.down)
            down = script.isBlank ? nil : script
        }
    }

    private mutating func take(_ line: Substring, number: Int) throws(MigrationError) {
        guard let marker = try marker(line, number) else { return try takeText(line, number) }
        switch marker {
        case .section(let direction, let isWithoutTransaction):
            guard blockStart == nil else {
                throw failure(number, "the statement that began in line \(blockStart ?? 0) has no StatementEnd")
            }
            guard starts[direction] == nil else {
                throw failure(
                    number,
                    "there is a second `\(spelling(of: direction))`, after that of line \(starts[direction] ?? 0)"
                )
            }
            starts[direction] = number
            section = direction
            if isWithoutTransaction { withoutTransaction.insert(direction) }
        case .begin:
            guard section != nil else { throw failure(number, "StatementBegin comes before the first direction") }
            guard blockStart == nil else {
                throw failure(number, "the statement that began in line \(blockStart ?? 0) has no StatementEnd")
            }
            blockStart = number
        case .end:
            guard let start = blockStart, let section else {
                throw failure(number, "StatementEnd has no StatementBegin")
            }
            endStatement(section, after: start)
            blockStart = nil
        case .noTransaction: withoutTransaction = [.up, .down]
        case .none: break
        }
    }

    private mutating func takeText(_ line: Substring, _ number: Int) throws(MigrationError) {
        if let section {
            parts[section, default: [:]][number] = String(line)
            return
        }
        let text = line.drop(while: \.isWhitespace)
        guard text.isEmpty || text.hasPrefix("--") else {
            throw failure(
                number,
                "this line comes before the first `\(spelling(of: .up))`, so \(tool.rawValue) does not run it",
                hint: "move it below the marker, or remove it"
            )
        }
        if !text.isEmpty { header[number] = String(line) }
    }

    /// The lines between StatementBegin and StatementEnd form one statement, whose semicolon may be missing.
    private mutating func endStatement(_ section: Direction, after start: Int) {
        let own = parts[section, default: [:]].filter { $0.key > start && $0.value.contains { !$0.isWhitespace } }
        guard let (last, text) = own.max(by: { $0.key < $1.key }) else { return }
        let trimmed = String(text.reversed().drop(while: \.isWhitespace).reversed())
        guard !trimmed.hasSuffix(";") else { return }
        parts[section]?[last] = trimmed.contains("--") ? "\(trimmed)\n;" : "\(trimmed);"
    }
}

extension MarkedFile {
    private enum Marker {
        case section(Direction, isWithoutTransaction: Bool)
        case begin
        case end
        case noTransaction
        case none
    }

    private func spelling(of direction: Direction) -> String {
        switch tool {
        case .dbmate: "-- migrate:\(direction.rawValue)"
        case .sqlMigrate: "-- +migrate \(direction == .up ? "Up" : "Down")"
        default: "-- +goose \(direction == .up ? "Up" : "Down")"
        }
    }

    private func marker(_ line: Substring, _ number: Int) throws(MigrationError) -> Marker? {
        guard line.hasPrefix("--") else { return nil }
        let words = line.dropFirst(2).split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
        guard let first = words.first else { return nil }
        let rest = Array(words.dropFirst())
        switch tool {
        case .goose where first == "+goose": return try gooseMarker(rest, number)
        case .sqlMigrate where first == "+migrate": return try sqlMigrateMarker(rest, number)
        case .dbmate where first == "migrate:up":
            return .section(.up, isWithoutTransaction: try dbmateOptions(rest, number))
        case .dbmate where first == "migrate:down":
            return .section(.down, isWithoutTransaction: try dbmateOptions(rest, number))
        default: return nil
        }
    }

    private func gooseMarker(_ words: [String], _ number: Int) throws(MigrationError) -> Marker {
        switch words {
        case ["up"]: return .section(.up, isWithoutTransaction: false)
        case ["down"]: return .section(.down, isWithoutTransaction: false)
        case ["statementbegin"]: return .begin
        case ["statementend"]: return .end
        case ["no", "transaction"]: return .noTransaction
        case ["envsub", "off"], ["envsubst", "off"]: return .none
        case ["envsub", "on"], ["envsubst", "on"]:
            throw failure(
                number,
                "goose replaces environment variables in the lines that follow; granary does not",
                hint: "write the values out, and remove the marker"
            )
        default: throw unknown(words.joined(separator: " "), number)
        }
    }

    private func sqlMigrateMarker(_ words: [String], _ number: Int) throws(MigrationError) -> Marker {
        let isWithoutTransaction = words.dropFirst() == ["notransaction"]
        guard words.count < 2 || isWithoutTransaction else { throw unknown(words.joined(separator: " "), number) }
        switch words.first {
        case "up": return .section(.up, isWithoutTransaction: isWithoutTransaction)
        case "down": return .section(.down, isWithoutTransaction: isWithoutTransaction)
        case "statementbegin": return .begin
        case "statementend": return .end
        default: throw unknown(words.joined(separator: " "), number)
        }
    }

    private func dbmateOptions(_ options: [String], _ number: Int) throws(MigrationError) -> Bool {
        for option in options where option != "transaction:false" && option != "transaction:true" {
            throw unknown(option, number)
        }
        return options.last == "transaction:false"
    }

    private func unknown(_ words: String, _ number: Int) -> MigrationError {
        failure(number, "`\(words)` is not a marker of \(tool.rawValue) that granary knows")
    }

    private func failure(_ line: Int, _ message: String, hint: String? = nil) -> MigrationError {
        MigrationError(
            .file,
            at: FilePlace(path, line: line),
            message,
            hint: hint ?? "correct the file and import again; nothing was written"
        )
    }
}

extension MarkedFile {
    private func script(_ direction: Direction) throws(MigrationError) -> ForeignMigration.Script {
        let isWithoutTransaction = withoutTransaction.contains(direction)
        let own = parts[direction] ?? [:]
        // Keeps each line at its number, so that errors name the line of the original.
        let kept = lines.indices.map { own[$0 + 1] ?? "" }.joined(separator: "\n")
        _ = try MigrationScript(kept, path: path, isWithoutTransaction: isWithoutTransaction)
        let above = direction == .up ? header.sorted { $0.key < $1.key }.map(\.value) : []
        let text = (above + own.sorted { $0.key < $1.key }.map(\.value)).joined(separator: "\n")
        return ForeignMigration.Script(text: text, isWithoutTransaction: isWithoutTransaction)
    }
}
