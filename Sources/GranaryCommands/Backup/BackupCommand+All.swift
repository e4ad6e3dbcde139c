internal import AgeEncryption
internal import ArgumentParser
internal import Backup
internal import Databases
internal import Glibc
internal import PostgresClient
internal import Storage

extension BackupCommand {
    /// Backs up every database of a server, one after the other, and then its roles. A failure does not stop the others.
    ///
    /// - Parameter connected: The database that lists the others.
    /// - Throws: `CancellationError`; `ExitCode` if something was not backed up, after it was reported.
    func backUpAll(
        _ connected: ConnectedDatabase,
        to target: BackupTarget,
        _ stores: ObjectStores,
        on console: Console
    ) async throws {
        let began = ContinuousClock.now
        let chosen = try encryption.chosen(on: console)
        let databases = try await databases(of: connected, on: console)
        var report = ServerBackupReport(databases)
        defer {
            for name in report.unfinished {
                NoticeRecord.current?.failed(NoticeRecord.Subject(database: name, environment: nil))
            }
        }
        // Of what must be encrypted, the roles are a part.
        var audiences = chosen.map { [$0] } ?? []
        for name in report.names {
            console.note("database \(name) (\(report.outcomes.count + 1) of \(report.names.count))")
            report.unsettled.append(name)
            do {
                let database = try await connected.beside(named: name, on: console)
                let audience = try await EncryptionOptions.audience(chosen, of: database, state.schema, on: console)
                report.unsettled.removeLast()
                if let audience { audiences.append(audience) }
                let made = try await backUp(database, to: target, readableBy: audience, stores, on: console)
                report.add(made.report, unpruned: try made.unpruned.map(Self.failure))
            } catch {
                let failure = try Self.failure(error)
                report.add(failure, of: name)
                console.note("\(name) was not backed up: \(failure.message)")
                guard try await answers(connected, on: console) else { break }
            }
            if let made = report.last { try Self.remark(made, on: console) }
        }
        try await backUpGlobals(connected, to: target, audiences, stores, &report, on: console)
        report.seconds = (.now - began) / .seconds(1)
        try report.tell(on: console)
    }

    /// All databases, with the reasons to leave some of them out.
    private func databases(of connected: ConnectedDatabase, on console: Console) async throws -> [ListedDatabase] {
        let all = try await withSession(connected.address, logger: console.logger) { try ListedDatabase.all($0) }
        let excluded = server.excludeDatabase.map { pattern in
            let names = TablePattern.names(pattern, among: all.map(\.name))
            if names.isEmpty { console.note("note: --exclude-database \(pattern) matches no database") }
            return names
        }
        let names = Set(exactly: excluded.flatMap(\.self))
        return all.map { database in
            guard names.contains(database.name) else { return database }
            return ListedDatabase(name: database.name, reason: "--exclude-database names it")
        }
    }

    /// The roles go to the same place, and only those who can read a database can read them.
    private func backUpGlobals(
        _ connected: ConnectedDatabase,
        to target: BackupTarget,
        _ audiences: [AgeAudience],
        _ stores: ObjectStores,
        _ report: inout ServerBackupReport,
        on console: Console
    ) async throws {
        guard !report.isGivenUp else {
            report.globals = .failed(report.lost)
            return
        }
        do {
            var options = BackupOptions(output: try target.output(ofDatabase: "globals", overwrite: false))
            (options.stores, options.upload) = (stores, upload.settings)
            options.audience = AgeAudience.all(of: audiences)
            options.withRolePasswords = selection.withRolePasswords
            if options.audience == nil, options.withRolePasswords, let name = report.unsettled.first {
                throw CommandError(
                    .refused,
                    "the verifiers of roles are not written in clear, because \(name) may have to be encrypted",
                    hint: "give --recipient or --passphrase, or leave --with-role-passwords out"
                )
            }
            let made = try await GlobalsBackup(options, server: connected.address, logger: console.logger).run()
            report.globals = .done(made)
            if !console.settings.isJSON, let file = made.file { try console.result(exactly: file) }
        } catch {
            report.globals = .failed(try Self.failure(error))
        }
    }

    /// - Throws: `CancellationError` after an interrupt.
    private static func failure(_ error: any Error) throws -> FailureReport {
        try Task.checkCancellation()
        if let error = error as? CancellationError { throw error }
        return FailureReport(error)
    }

    /// Whether the server can be reached, so that it makes sense to go on.
    ///
    /// - Throws: `CancellationError`.
    private func answers(_ connected: ConnectedDatabase, on console: Console) async throws -> Bool {
        let address = connected.address.setting("connect_timeout", to: "3")
        let answers = (try? await withSession(address, logger: console.logger) { _ in true }) ?? false
        try Task.checkCancellation()
        return answers
    }
}

extension AgeAudience {
    /// Everyone in several audiences; nil if there are none.
    fileprivate static func all(of audiences: [AgeAudience]) -> AgeAudience? {
        let recipients = audiences.flatMap(\.recipients)
        guard !recipients.isEmpty else { return audiences.first }
        return .recipients(
            recipients.enumerated().filter { !recipients[..<$0.offset].contains($0.element) }.map(\.element)
        )
    }
}
