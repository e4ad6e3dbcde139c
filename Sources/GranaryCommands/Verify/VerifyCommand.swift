internal import AgeEncryption
internal import Archive
package import ArgumentParser
internal import DumpArchives
internal import Inspection
internal import Logging
internal import Restore
internal import Storage

/// `granary verify`.
package struct VerifyCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read a whole backup and check that it is undamaged; needs no server.",
        discussion: """
            Of an archive every member's checksum, every chunk's SHA-256, every table's rows and digest are computed \
            anew. A plain dump has no checksums: of it is checked that the text, its rows and the closing line of \
            pg_dump are whole. Of an \
            archive of pg_dump all data are unpacked and the rows counted. The report of a drill is compared with its \
            seal. The exit code 2 means damage.

            Examples:
              granary verify backups/shop-20261123T071500Z.zip
              granary verify dump.sql.gz

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @Argument(
        help: ArgumentHelp(
            "A backup, or a dump of pg_dump in any format; - is standard input. --backups is searched, too.",
            valueName: "file|-"
        ),
        completion: .backup(".zip", ".sql", ".sql.gz", ".dump", ".tar", ".age")
    )
    package var file: String

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup package var workers: JobsOption
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var readsStandardInput: Bool { file == RestoreFile.standardInput }
    package init() {}

    package func run(on console: Console) async throws {
        let stores = store.stores(on: console)
        let path = try BackupFile.found(file, backups: backups, in: stores, takesAll: true)
        let report = try await report(path, stores, on: console)
        if !console.settings.isJSON { for note in report.notes { console.note("note: \(note)") } }
        try console.result(VerifyReport.result.document(report), else: report.lines)
        if let hint = report.hint { console.note("hint: \(hint)") }
        if !report.isWhole { throw ExitCode(ExitStatus.findings.rawValue) }
    }

    /// Damage to an encrypted file may show before its content is known.
    private func report(_ path: String, _ stores: ObjectStores, on console: Console) async throws -> VerifyReport {
        let keyring = try keys.keyring(on: console)
        let began = ContinuousClock.now
        if let sealed = SealedReport(path) {
            return sealed.verified(by: try Installation(console).knownKeys())
        }
        do {
            let file = try RecognizedFile(path, mayBeDamaged: true, keyring: keyring, stores: stores)
            let report = try await ProgressRenderer.drawing(on: console) { try await check(file, $0) }
            if case .archive(let source) = file {
                note(isWhole: report.isWhole, path, source.contentTag, stores, on: console)
            }
            return report
        } catch let error as AgeError where error.code == .noMatch {
            // Nothing is noted in the sidecar: the wrong identity says nothing about the file.
            var report = VerifyReport(file: path, damage: error.message, seconds: (.now - began) / .seconds(1))
            report.hint = error.hint
            return report
        } catch let error as AgeError where error.isDamage {
            return damaged(path, error.message, since: began, stores, on: console)
        } catch let error as StorageError where error.code == .damaged {
            return damaged(path, error.message, since: began, stores, on: console)
        }
    }

    private func damaged(
        _ path: String,
        _ message: String,
        since began: ContinuousClock.Instant,
        _ stores: ObjectStores,
        on console: Console
    ) -> VerifyReport {
        note(isWhole: false, path, nil, stores, on: console)
        return VerifyReport(file: path, damage: message, seconds: (.now - began) / .seconds(1))
    }

    /// Notes in the sidecar that the backup is whole, or takes back that it was: prune would keep it instead of one that is.
    /// It is no failure if that cannot be written.
    private func note(
        isWhole: Bool,
        _ path: String,
        _ contentTag: String?,
        _ stores: ObjectStores,
        on console: Console
    ) {
        do {
            guard let bytes = try stores.properties(of: path)?.byteCount else { return }
            try SidecarMark.set(
                path,
                bytes: bytes,
                contentTag: contentTag,
                in: stores,
                sealKeys: try Installation(console).knownKeys()
            ) { $0.verifiedAt = isWhole ? UTCTime.extended(UTCTime.now) : nil }
        } catch {
            console.logger.debug("\(path)\(Sidecar.ending): \(error)")
        }
    }

    private func check(_ file: RecognizedFile, _ renderer: ProgressRenderer) async throws -> VerifyReport {
        let began = ContinuousClock.now
        func seconds() -> Double { (.now - began) / .seconds(1) }
        switch file {
        case .archive(let source):
            renderer.receive(.phase("reading every member"))
            let found = try await Verification(source, jobs: workers.count) {
                for event in ProgressEvent.events($0) { renderer.receive(event) }
            }.run()
            return VerifyReport(file: source.path, found: found, seconds: seconds())
        case .dumpArchive(let name, _, let open):
            renderer.receive(.phase("reading all data"))
            let found = try await DumpVerification.run(open, jobs: workers.count) {
                for event in ProgressEvent.events($0) { renderer.receive(event) }
            }
            return VerifyReport(file: name, dumpArchive: found, seconds: seconds())
        case .dump(let source, let isPacked):
            renderer.receive(.phase("reading the dump to its end"))
            let found = try DumpCheck.read(source, isPacked: isPacked)
            return VerifyReport(file: source.path, dump: found, seconds: seconds())
        }
    }
}
