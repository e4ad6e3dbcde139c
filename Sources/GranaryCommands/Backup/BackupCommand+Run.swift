internal import AgeEncryption
internal import ArgumentParser
package import Backup
internal import Bookkeeping
internal import Project
internal import Storage

extension BackupCommand {
    package mutating func validate() throws {
        if destination.output == "-" && speech.json {
            throw ValidationError("--json and --output - cannot both use standard output")
        }
        try server.requireSense(selection)
    }

    package func run(on console: Console) async throws {
        let target = try target()
        try pruning.check(target)
        try checkMigrations()
        let stores = store.stores(on: console)
        try removeLeftovers(target, stores, on: console)
        let connected = try await database.connect(on: console, migrations: destination.migrations ?? "migrations")
        guard !server.allDatabases else { return try await backUpAll(connected, to: target, stores, on: console) }
        let audience = try await encryption.audience(of: connected, state.schema, on: console)
        let made = try await backUp(connected, to: target, readableBy: audience, stores, on: console)
        try made.tell(on: console)
    }

    private func target() throws -> BackupTarget {
        let (output, kind, folder) = (destination.output, destination.format, destination.backups)
        guard !server.allDatabases else { return try BackupTarget(ofAll: output, kind: kind, folder: folder) }
        return try BackupTarget(output: output, kind: kind, folder: folder)
    }

    /// Backs up one connected database, and deletes older backups of it if that was asked for.
    ///
    /// - Parameter audience: Who can read it; nil leaves it in clear.
    func backUp(
        _ connected: ConnectedDatabase,
        to target: BackupTarget,
        readableBy audience: AgeAudience?,
        _ stores: ObjectStores,
        on console: Console
    ) async throws -> FinishedBackup {
        try target.requireName(isEncrypted: audience != nil)
        try refuseTerminal(target, isEncrypted: audience != nil)
        var options = try options(for: target, database: connected, variables: console.environment)
        options.audience = audience
        (options.stores, options.upload) = (stores, upload.settings)
        options.jobs = try connected.workers(packing.workers, on: console)
        if target.format == .zip { options.sealKey = try Installation(console).sealingKey() }
        let pruning = try await pruning.plan(for: connected, state.schema, stores, on: console)
        let settled = options
        let report = try await ProgressRenderer.drawing(on: console) { renderer in
            try await BackupRun(settled, server: connected.address, logger: console.logger) {
                renderer.receive(ProgressEvent($0))
            }.run()
        }
        NoticeRecord.current?.finished(NoticeRecord.Figures(report))
        var made = FinishedBackup(report: report)
        made.unpruned = await pruning?.run(&made.report)
        return made
    }

    /// An archive is binary and would disturb the terminal.
    private func refuseTerminal(_ target: BackupTarget, isEncrypted: Bool) throws {
        guard target.place == .standardOutput, target.format != .sql || isEncrypted, StandardOutput.isTerminal else {
            return
        }
        throw CommandError(
            .usage,
            "standard output is a terminal, and an archive is not text",
            hint: "redirect it: granary backup --output - > FILE.zip"
        )
    }

    private func checkMigrations() throws {
        guard let migrations = destination.migrations, !Files.isFolder(migrations) else { return }
        throw CommandError(.file, "there is no folder \(migrations)", hint: "--migrations names a folder")
    }

    private func options(
        for target: BackupTarget,
        database: ConnectedDatabase,
        variables: [String: String]
    ) throws -> BackupOptions {
        var options = BackupOptions(
            output: try target.output(ofDatabase: database.name, overwrite: destination.force)
        )
        options.format = target.format
        options.schemas = selection.schema
        options.services = try database.services(
            migrations: destination.migrations ?? "migrations",
            variables: variables,
            named: selection.service
        )
        if let service = selection.service { options.schemas += options.services[service] ?? [] }
        options.tables = selection.table
        options.excludedSchemas = selection.excludeSchema
        options.excludedTables = selection.excludeTable
        options.tablesWithoutData = selection.excludeTableData
        options.withSecrets = selection.withSecrets
        // A role is of the whole server. So its verifier is only beside the roles, which are encrypted if a database is.
        options.withRolePasswords = selection.withRolePasswords && !server.allDatabases
        options.level = packing.compress
        options.engine = packing.engine?.compression
        options.lockTimeout = packing.lockTimeout.duration
        options.isAnnounced = true
        options.environment = database.environmentOption
        options.stateSchema = state.stateSchema
        options.migrationsFolder = destination.migrations ?? "migrations"
        options.postgresBin = self.database.programs.postgresBin
        return options
    }

    /// Removes leftovers of killed backups from the folder of backups, and from the folder of this one.
    private func removeLeftovers(_ target: BackupTarget, _ stores: ObjectStores, on console: Console) throws {
        let settings = upload.settings
        if target.place != .named(folder: destination.backups) {
            let age = settings.abortAfter
            try BackupFile.removeLeftovers(in: destination.backups, stores, abortAfter: age, on: console)
        }
        try target.removeLeftovers(stores, settings, on: console)
    }

    /// - Parameter failure: What failed after the backup; the document has it among the notes.
    static func tell(_ report: BackupReport, failure: FailureReport? = nil, on console: Console) throws {
        var described = report
        if let failure { described.notes.append(failure.message) }
        let document = result.document(described)
        NoticeRecord.current?.result(document)
        try remark(report, on: console)
        if console.settings.isJSON { try console.result(document) }
    }

    /// Everything but the document.
    static func remark(_ report: BackupReport, on console: Console) throws {
        if !console.settings.isJSON { for note in report.notes { console.note("note: \(note)") } }
        console.note(summary(report))
        if !console.settings.isJSON, let file = report.file { try console.result(exactly: file) }
    }

    /// `backups/shop-20261123T071500Z.zip  312.4 MB (3.4×)  6,001,215 rows in 8 tables  7.4 s`
    package static func summary(_ report: BackupReport) -> String {
        // With few rows the descriptions are larger than the rows, so no ratio is shown.
        let packs = report.rawBytes > report.bytes
        let ratio = packs ? Formatting.ratio(raw: report.rawBytes, packed: report.bytes).map { " (\($0))" } ?? "" : ""
        return [
            report.file ?? "standard output", Formatting.bytes(report.bytes) + ratio,
            "\(counted(report.rows, "row")) in \(counted(report.tables, "table"))",
            Formatting.duration(seconds: report.seconds),
        ].joined(separator: "  ")
    }

    package static let result = ResultDescription<BackupReport>([
        .init("file", \.file), .init("database", \.database), .init("bytes", \.bytes),
        .init("raw_bytes", \.rawBytes), .init("rows", \.rows), .init("tables", \.tables), .init("chunks", \.chunks),
        .init("seconds", \.seconds), .init("snapshot", \.snapshot), .init("server_version", \.serverVersion),
        .init("environment", \.environment), .init("encrypted", { $0.fileKey != nil }), .init("pruned", \.pruned),
        .init("notes", \.notes),
    ])
}
