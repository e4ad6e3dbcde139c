internal import Archive
package import ArgumentParser
internal import Inspection
internal import Storage

/// `granary backups lock`.
package struct BackupsLock: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Lock a backup, so that pruning keeps it.",
        discussion: """
            In a bucket with Object Lock it is a legal hold: the store keeps this content until \
            `granary backups unlock`, even if someone deletes it. Elsewhere the small file beside the backup notes \
            the lock, which binds granary only: it neither prunes nor replaces the backup; `rm` still deletes it.

            Example:
              granary backups lock shop-20261123T071500Z.zip
              granary backups lock s3://backups/shop/before-the-merger.zip

            \(variablesHelp)
            """
    )

    @OptionGroup package var file: LockedFile
    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { true }
    package init() {}

    package func run(on console: Console) async throws {
        try LockChange(isLocked: true, file: file, keys: keys, store: store).run(on: console)
    }
}

/// `granary backups unlock`.
package struct BackupsUnlock: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "End the lock of a backup.",
        discussion: """
            A day of `granary backup --lock-until` stays.

            Example:
              granary backups unlock shop-20261123T071500Z.zip

            \(variablesHelp)
            """
    )

    @OptionGroup package var file: LockedFile
    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package var reportsDeeds: Bool { true }
    package init() {}

    package func run(on console: Console) async throws {
        try LockChange(isLocked: false, file: file, keys: keys, store: store).run(on: console)
    }
}

/// The backup to lock or unlock.
package struct LockedFile: ParsableArguments {
    @Argument(
        help: ArgumentHelp("A backup; also searched for in --backups.", valueName: "file"),
        completion: .backup(".zip", ".age")
    )
    package var file: String

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    package init() {}
}

/// Locks or unlocks a backup, and tells what the lock binds.
private struct LockChange {
    let isLocked: Bool
    let file: LockedFile
    let keys: KeyOptions
    let store: StoreOptions

    func run(on console: Console) throws {
        let stores = store.stores(on: console)
        let installation = Installation(console)
        let sealKeys = try installation.knownKeys()
        let path = try BackupFile.found(file.file, backups: file.backups, in: stores)
        var entry = try BackupCatalogue.read(
            path: path,
            keyring: try keys.keyring(on: console, asks: false),
            stores: stores,
            sealKeys: sealKeys
        )
        entry.isLink = !ObjectAddress.isMeant(by: path) && Files.isLink(path)
        try requireBackup(entry)
        let outcome = try DeletionLock(stores: stores, sealKeys: sealKeys).set(isLocked, entry) {
            try installation.sealingKey(lack: "the lock cannot be noted")
        }
        let isHeld = outcome.hold == .done
        if let problem = problem(outcome, path) {
            // A note that was not changed still binds prune.
            guard isHeld, isLocked else {
                let ended = isHeld ? "; its legal hold has ended" : ""
                let deed = isLocked ? "locked" : "unlocked"
                throw CommandError(.file, "\(path) was not \(deed): \(problem)\(ended)", hint: hint)
            }
            console.note("note: only the store knows the lock: \(problem)")
        }
        if outcome.hold == .denied {
            console.note("note: the credentials may not see or set a legal hold; docs/object-stores.md has the policy")
        }
        let change = LockedBackup(
            file: path,
            isLocked: isLocked,
            isHeld: isHeld && isLocked,
            until: entry.facts?.lockedUntil
        )
        try console.result(LockedBackup.result.document(change), else: [change.line])
    }

    private func requireBackup(_ entry: BackupCatalogue.Entry) throws {
        if entry.isLink {
            throw CommandError(.file, "\(entry.path) is a symbolic link", hint: "name the file that it leads to")
        }
        guard case .unreadable(let problem) = entry.content, !entry.needsKey, !entry.isArchived else { return }
        throw CommandError(
            .file,
            "\(entry.path) is not a complete backup: \(problem)",
            hint: "granary verify \(entry.path) shows what is wrong with it"
        )
    }

    /// Why the sidecar does not say it; nil if it does.
    private func problem(_ outcome: DeletionLock.Outcome, _ path: String) -> String? {
        let place = path + Sidecar.ending
        return switch outcome.note {
        case nil, .written: nil
        case .missing: "there is no valid \(place), and the backup cannot be opened, or no key can be kept here"
        case .foreign: "\(place) is sealed by a key that this installation does not have"
        case .otherFile: "\(place) is another file"
        case .replaced: "it was replaced meanwhile"
        }
    }

    private var hint: String {
        "do it where the backup was made, or give GRANARY_ARCHIVE_KEY and --identity; an encrypted file without its "
            + "description is never pruned"
    }
}

/// The state of a backup after it was locked or unlocked.
struct LockedBackup {
    var file: String
    var isLocked: Bool
    /// Whether it is a legal hold of the store.
    var isHeld: Bool
    /// Until when the store refuses to delete it in any case.
    var until: String?

    var line: String {
        guard isLocked else { return "unlocked \(file)\(until.map { "; the store keeps it until \($0)" } ?? "")" }
        return isHeld
            ? "locked \(file): a legal hold, so the store keeps this content until `granary backups unlock`"
            : "locked \(file): granary neither prunes nor replaces it; other programs can still delete it"
    }

    static let result = ResultDescription<LockedBackup>([
        .init("file", \.file), .init("locked", \.isLocked), .init("legal_hold", \.isHeld),
        .init("locked_until", \.until),
    ])
}
