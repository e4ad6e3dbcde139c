internal import Archive
package import ArgumentParser
internal import DumpArchives
internal import Storage

/// `granary verify`.
package struct VerifyCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read a backup from end to end and tell whether it is whole; needs no server.",
        discussion: """
            Every member's checksum, every chunk's SHA-256, every table's rows and digest are computed anew. Of an archive of
            pg_dump all data are unpacked and the rows counted, and what its format leaves open is said.

            Example:
              granary verify backups/shop-20261123T071500Z.zip

            \(variablesHelp)
            """
    )

    @Argument(
        help: ArgumentHelp("A backup; sought in --backups too.", valueName: "file"),
        completion: .backup(".zip", ".dump", ".tar")
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
        let found = try await ProgressRenderer.drawing(on: console) { renderer in
            renderer.receive(.phase("reading every member"))
            let progress = { @Sendable (event: VerifyProgress) in
                for event in ProgressEvent.events(event) { renderer.receive(event) }
            }
            if try BackupFile.isPgDumpArchive(path) {
                return try await DumpVerification.run(path, jobs: workers.count, progress: progress)
            }
            return try await Verification(try FileSource(path: path), jobs: workers.count, progress: progress).run()
        }
        let report = VerifyReport(file: path, found: found, seconds: (ContinuousClock.now - began) / .seconds(1))
        try console.result(VerifyReport.result.document(report), else: report.lines)
        if !found.isWhole { throw ExitCode(ExitStatus.findings.rawValue) }
    }
}
