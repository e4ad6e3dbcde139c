package import ArgumentParser
internal import Inspection

/// `granary doctor`.
package struct DoctorCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check programs, database, rights, marker, ledger, folders and disk, with a fix for each problem.",
        discussion: """
            Changes nothing. Exits with 2 if there is a problem.

            Example:
              granary doctor
              granary doctor --json
              granary doctor --max-backup-age 26h

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"
    @Option(name: .long, help: ArgumentHelp("The folder of seeds.", valueName: "folder"), completion: .directory)
    package var seeds = "seeds"
    @Option(
        name: .long,
        help: ArgumentHelp("It is a problem if the newest backup of the database is older.", valueName: "time")
    )
    package var maxBackupAge: DurationArgument?
    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let listing = CheckListing(
            checks: try await Checkup(
                backups: backups,
                newest: try maxBackupAge.map { ($0.duration, try keys.keyring(on: console, asks: false)) },
                stores: store.stores(on: console),
                seeds: seeds,
                service: service,
                database: database,
                console: console
            )
            .run()
        )
        try console.result(
            CheckListing.result.document(listing),
            else: listing.lines(columns: StandardOutput.columns)
        )
        if listing.problems > 0 { throw ExitCode(ExitStatus.findings.rawValue) }
    }
}
