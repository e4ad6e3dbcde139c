internal import Archive
package import ArgumentParser
internal import Storage

/// `granary verify`.
package struct VerifyCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read a whole backup and check that it is undamaged; needs no server.",
        discussion: """
            Recomputes every member's checksum, every chunk's SHA-256, and every table's row count and digest.

            Example:
              granary verify backups/shop-20261123T071500Z.zip

            \(variablesHelp)
            """
    )

    @Argument(
        help: ArgumentHelp("A backup; also searched for in --backups.", valueName: "file"),
        completion: .backup(".zip")
    )
    package var file: String

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @OptionGroup package var workers: JobsOption
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        let path = try BackupFile.found(file, backups: backups)
        let began = ContinuousClock.now
        let source = try FileSource(path: path)
        let found = try await ProgressRenderer.drawing(on: console) { renderer in
            renderer.receive(.phase("reading every member"))
            return try await Verification(source, jobs: workers.count) {
                for event in ProgressEvent.events($0) { renderer.receive(event) }
            }.run()
        }
        let report = VerifyReport(file: path, found: found, seconds: (ContinuousClock.now - began) / .seconds(1))
        try console.result(VerifyReport.result.document(report), else: report.lines)
        if !found.isWhole { throw ExitCode(ExitStatus.findings.rawValue) }
    }
}
