package import ArgumentParser
internal import Storage

/// `granary manual`, for `make install` and for packagers. It is not listed in the help.
package struct ManualCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "manual",
        abstract: "Write the manual pages into a folder.",
        discussion: """
            The pages have the date in SOURCE_DATE_EPOCH if it is set, else today's.

            Example:
              granary manual share/man/man1
            """,
        shouldDisplay: false
    )

    @Argument(help: "The folder, which must exist.", completion: .directory) package var folder: String
    @OptionGroup(title: "Output") package var speech: OutputOptions
    package var reportsDeeds: Bool { true }
    package init() {}

    package func run(on console: Console) async throws {
        guard let root = CommandTree.root, let tree = CommandTree.read(root) else {
            throw CommandError(
                .file,
                "the argument parser does not describe its commands",
                hint: "this is a defect of granary"
            )
        }
        let epoch = console.environment["SOURCE_DATE_EPOCH"].flatMap(Int.init)
        var written: [String] = []
        let date = String(Formatting.time(secondsSince1970: epoch).prefix(10))
        for page in ManualPages(tree, groups: root.configuration.groupedSubcommands, date: date).all {
            let path = Files.joined(folder, page.file)
            do {
                try Files.overwrite(path, Array(page.text.utf8))
            } catch {
                throw CommandError(.file, "\(path) could not be written", hint: "make its folder, writable")
            }
            written.append(path)
        }
        if console.settings.isJSON { return try console.result(.object(["written": .strings(written)])) }
        for path in written { try console.result(line: path) }
    }
}
