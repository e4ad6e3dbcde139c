internal import Migrations
internal import PostgresClient
internal import Project

/// The shell commands that restore what a run of migrations has destroyed.
struct UndoCommands: Sendable {
    /// `--database-url` and similar options, as given.
    private let place: [String]
    private let stateSchema: [String]
    private let window: [String]
    private let restoring: RestoreLine
    private let isOfSeveralServices: Bool
    private let serviceOption: String?
    private let database: String

    init(_ options: MigrateOptions, _ manner: MigrateManner?, _ services: [Service], _ database: ConnectedDatabase) {
        place = options.database.words(for: database)
        stateSchema = options.service.state.words
        window = manner?.overrideWindow.map { ["--override-window", $0] } ?? []
        restoring = RestoreLine(
            options.database,
            options.service.state,
            manner?.store,
            migrations: services[0].folder,
            database
        )
        isOfSeveralServices = options.service.root != nil
        serviceOption = options.service.service
        self.database = database.name
    }

    /// A heading, and the commands below it.
    struct Group: Sendable, Equatable {
        var heading: String
        var lines: [String]
    }

    func groups(_ advice: UndoAdvice) -> [Group] {
        var groups: [Group] = []
        var first = advice.targets.map(migrate)
        for part in advice.parts {
            let isOnly = advice.parts.count == 1
            let group = Group(heading: Self.heading(part.way), lines: first + [restore(part, isOnly, advice)])
            if let last = groups.last, last.heading == group.heading {
                groups[groups.count - 1].lines += group.lines
            } else {
                groups.append(group)
            }
            first = []
        }
        return groups
    }

    private static func heading(_ way: UndoAdvice.Way) -> String {
        switch way {
        case .whenEmpty, .missing, .again: "to bring the rows back:"
        case .beside: "to restore the old values as a second table, and copy them from there:"
        case .database: "to restore the old rows into a separate database, and copy them from there:"
        }
    }

    private func migrate(_ target: UndoAdvice.Target) -> String {
        var words = ["granary", "migrate", "goto", "\(target.version)"] + window + place
        if target.service.folder != "migrations" { words += ["--migrations", target.service.folder] }
        if isOfSeveralServices {
            words += ["--service", target.service.name]
        } else if let serviceOption {
            words += ["--service", serviceOption]
        }
        return QuotedText.shellLine(words + stateSchema)
    }

    private func restore(_ part: UndoAdvice.Part, _ isOnly: Bool, _ advice: UndoAdvice) -> String {
        var words: [String] = []
        let tables = part.tables.flatMap { ["--table", $0.spelling] }
        switch part.way {
        case .whenEmpty: words += (isOnly ? [] : tables) + ["--data-only", "--if-empty"]
        case .missing: words += tables + ["--rows", "missing"]
        case .again: words += tables
        case .beside:
            words += part.tables.flatMap { ["--table", "\($0.spelling)=\(Self.beside($0.name, advice.file))"] }
        case .database: words += ["--into", Self.beside(database, advice.file)]
        }
        if advice.allowsInvalid, part.way == .whenEmpty { words.append("--allow-invalid") }
        return restoring.text(advice.file, words, isNew: part.way == .database)
    }

    /// `orders_before_20261128193100`: an unused name that needs no quotes, within 63 bytes.
    private static func beside(_ name: String, _ file: String) -> String {
        let fileName = file.split(separator: "/").last ?? ""
        let stamp = fileName.filter(\.isNumber).suffix(14)
        let suffix = "_before_\(stamp)"
        var base = String(name.map { $0.isLetter || $0.isNumber || $0 == "_" ? $0 : "_" })
        while base.utf8.count + suffix.utf8.count > 63 { base.removeLast() }
        return base + suffix
    }
}
