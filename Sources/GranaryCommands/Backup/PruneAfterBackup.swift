internal import AgeEncryption
package import ArgumentParser
internal import Backup
internal import Bookkeeping
internal import Inspection
internal import Project
internal import Storage

/// `granary backup --prune`.
package struct PruneAfterBackup: ParsableArguments {
    @Flag(
        name: .long,
        help:
            "Once it is whole, delete older ones of this database that these options do not keep, or else \"keep\" of the environment."
    )
    package var prune = false
    @OptionGroup package var keep: RetentionOptions

    package init() {}

    /// Checks the options before anything is connected.
    ///
    /// - Throws: `CommandError` with `.usage`.
    func check(_ target: BackupTarget) throws {
        if !prune, keep.retention != nil {
            throw CommandError(.usage, "the --keep options have no effect without --prune", hint: "add --prune")
        }
        guard prune, !target.isListed else { return }
        throw CommandError(
            .usage,
            "--prune needs a backup that `granary backups` lists",
            hint: "let --output name a file .zip or .zip.age, or leave it out"
        )
    }

    /// What happens after the backup; nil without `--prune`.
    ///
    /// - Parameter database: Its marker and `environments.json` tell what to keep, if no option does.
    /// - Throws: `CommandError` with `.usage`; `EnvironmentsError`; see `Gate.situation`.
    func plan(
        for database: ConnectedDatabase,
        _ schema: StateSchema,
        _ stores: ObjectStores,
        on console: Console
    ) async throws -> PruningAfterBackup? {
        guard prune else { return nil }
        var retention = keep.retention
        if retention == nil { retention = try await declared(for: database, schema, on: console) }
        return retention.map { PruningAfterBackup(retention: $0, stores: stores, console: console) }
    }

    /// What `keep` of the environment says.
    private func declared(
        for database: ConnectedDatabase,
        _ schema: StateSchema,
        on console: Console
    ) async throws -> Retention {
        let situation = try await Gate(database: database, schema: schema, console: console).situation()
        let file = database.environments
        guard let name = situation.marker.name ?? situation.choice?.name else { throw Self.keepsNothing() }
        try file.requireRulesInPlace([.keep], of: name)
        guard let rule = file.rules(of: name).keep else { throw Self.keepsNothing(in: name) }
        return Retention(rule)
    }

    private static func keepsNothing(in environment: String? = nil) -> CommandError {
        let place = environment.map { ", and \"keep\" is not in the config of \($0)" } ?? ""
        return CommandError(
            .usage,
            "--prune does not know which backups to keep\(place)",
            hint: "give at least one of \(RetentionOptions.names)"
        )
    }
}

/// Deletes backups after a new one of the same database.
struct PruningAfterBackup {
    let retention: Retention
    let stores: ObjectStores
    let console: Console

    /// Deletes older backups in the folder of the new one: only those of the same database in the same environment. See
    /// `BackupGroup.mayBePruned`.
    ///
    /// - Parameter report: Gets the names of what was deleted, and a note about files that prune never deletes.
    /// - Returns: A failure. The new backup is there all the same.
    func run(_ report: inout BackupReport) async -> (any Error)? {
        guard let file = report.file else { return nil }
        var deleted: [String] = []
        defer { report.pruned = deleted }
        do {
            let catalogue = try await BackupCatalogue.read(
                folder: Self.folder(of: file),
                keyring: .none,
                stores: stores,
                sealKeys: try Installation(console).knownKeys()
            )
            let name = Self.name(of: file)
            guard let new = catalogue.entries.first(where: { $0.file == name }), let summary = new.summary else {
                throw CommandError(.file, "it is not in the list of \(catalogue.folder)")
            }
            if let why = new.whyNeverPruned { throw CommandError(.file, "the new one \(why)") }
            let group = BackupGroup(summary)
            let old = retention.decide(catalogue).filter { decision in
                !decision.isKept && decision.entry.file != name
                    && decision.entry.summary.map { BackupGroup($0).mayBePruned(after: group) } == true
            }
            if let note = Self.note(catalogue) { report.notes.append(note) }
            let gone = try Retention.respectingHolds(old, in: stores).filter { !$0.isKept }
            try BackupDeletion.delete(gone.map(\.entry), in: stores) { entry in
                deleted.append(entry.path)
                console.note("deleted \(entry.path)")
            }
            return nil
        } catch {
            if error is CancellationError { return error }
            return CommandError(
                .file,
                "the backup \(file) is whole, but older ones were not all pruned: \(error)",
                hint: (error as? any GranaryError)?.hint
            )
        }
    }

    /// Otherwise a folder fills without a word. A link takes no place.
    private static func note(_ catalogue: BackupCatalogue) -> String? {
        let skipped = catalogue.entries.filter { !$0.isLink }.compactMap { entry in
            entry.whyNeverPruned.map { (entry.path, $0) }
        }
        guard let (path, why) = skipped.first else { return nil }
        let others = skipped.count == 1 ? "" : ", nor \(counted(skipped.count - 1, "other file"))"
        return "prune never deletes \(path), which \(why)\(others); `granary backups prune` with --dry-run names all"
    }

    private static func folder(of file: String) throws -> String {
        if ObjectAddress.isMeant(by: file) { return try ObjectAddress(file).parent.description }
        return file.lastIndex(of: "/").map { String(file[...$0]) } ?? "."
    }

    private static func name(of file: String) -> String {
        file.lastIndex(of: "/").map { String(file[file.index(after: $0)...]) } ?? file
    }
}

extension BackupTarget {
    /// Whether `granary backups` will list the file.
    fileprivate var isListed: Bool {
        guard format == .zip else { return false }
        switch place {
        case .standardOutput: return false
        case .named: return true
        case .file(let path):
            return BackupCatalogue.isNamedAsBackup(path.split(separator: "/").last.map(String.init) ?? path)
        }
    }
}
