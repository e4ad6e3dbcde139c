package import ArgumentParser
internal import Migrations
internal import Project

/// `granary migrate import`.
package struct MigrateImport: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Create migrations from the files of goose, dbmate, sql-migrate, Flyway, sqlx or Prisma.",
        discussion: """
            Each file becomes a pair, up and down; the originals are kept. Numbers are kept if they are numbers in \
            the order in which the tool runs the files. Otherwise, as with 1.1, the migrations are numbered from 1, \
            and each notes the name of its original, by which `granary migrate adopt` finds it. A file that cannot \
            be split is refused with its line, and nothing is written.

            Example:
              granary migrate import db/migrations --plan
              granary migrate import db/migrations
              granary migrate adopt

            \(variablesHelp)
            """
    )

    @Argument(help: "The folder of the other tool's files.", completion: .directory) package var folder: String
    @Flag(name: .plan, help: "Show which files would be made, and make none.")
    package var plan = false
    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions
    package var reportsDeeds: Bool { !plan }
    package init() {}

    package func run(on console: Console) async throws {
        let services = try service.services(variables: console.environment)
        let chosen = services.filter { service.service == nil || $0.service.name == service.service }
        guard chosen.count == 1, let (target, file) = chosen.first else {
            let names = services.map(\.service.name).joined(separator: ", ")
            throw CommandError(
                .usage,
                "migrations are imported for one service",
                hint: "add --service, with one of \(names)"
            )
        }
        let work = try Import(from: folder, into: target, file)
        if !plan { try work.make() }
        for note in work.notes { console.note(note) }
        if console.settings.isJSON { return try console.result(Self.result.document((work, plan))) }
        for line in Self.lines(work) { try console.result(line: line) }
        let count = counted(work.migrations.count { !$0.isThere }, "migration")
        console.note(
            "\(count) of \(work.tool.rawValue) \(plan ? "would be imported" : "imported"), with "
                + (work.isRenumbered ? "new numbers" : "their numbers")
        )
    }

    /// The new files for each file.
    private static func lines(_ work: Import) -> [String] {
        let width = work.migrations.map(\.from.count).max() ?? 0
        return work.migrations.map { migration in
            let from = migration.from + String(repeating: " ", count: width - migration.from.count)
            let files = "\(migration.name)\(migration.down == nil ? ".up.sql" : ".{up,down}.sql")"
            return "\(from)  \(files)\(migration.isThere ? ", which exists already" : "")"
        }
    }

    static let result = ResultDescription<(work: Import, isPlan: Bool)>([
        .init("tool", \.work.tool.rawValue), .init("migrations", each: migration, \.work.migrations),
        .init("renumbered", \.work.isRenumbered), .init("notes", \.work.notes), .init("planned", \.isPlan),
    ])

    private static let migration = ResultDescription<Import.Imported>([
        .init("from", \.from), .init("version", \.version), .init("name", \.name), .init("up", \.up),
        .init("down", \.down), .init("existed", \.isThere),
    ])
}
