internal import Archive
internal import Logging
internal import Storage

/// The key by which this installation recognizes its own archives.
///
/// `GRANARY_ARCHIVE_KEY`, for several machines with one key; else a file in the user's folder of settings, which the
/// first backup creates.
struct Installation {
    static let variable = "GRANARY_ARCHIVE_KEY"

    private let variables: [String: String]
    private let console: Console

    init(_ console: Console) {
        variables = console.environment
        self.console = console
    }

    /// The key that seals backups; nil if none can be stored. That is no reason to refuse a backup.
    ///
    /// - Parameter lack: What happens without a key, in a note.
    /// - Throws: `CommandError` with `.usage` if the variable holds no valid key.
    func sealingKey(
        lack: String = "the backup gets no seal and a restore will ask for --trust"
    ) throws -> SealKey? {
        if let shared = try sharedKey() { return shared }
        // An existing key takes precedence over a new one.
        if let key = files.lazy.compactMap({ read($0) }).first { return key }
        for file in files {
            do {
                return try file.readOrMake()
            } catch {
                console.logger.debug("\(error)")
            }
        }
        console.note("no key can be kept here, so \(lack); \(Self.variable) takes a key")
        return nil
    }

    /// All keys that may have sealed an archive of this installation.
    ///
    /// - Throws: `CommandError` with `.usage` if the variable holds no valid key.
    func knownKeys() throws -> [SealKey] {
        try [sharedKey()].compactMap(\.self) + files.compactMap { read($0) }
    }

    private func sharedKey() throws -> SealKey? {
        guard let text = variables[Self.variable], !text.isEmpty else { return nil }
        guard let key = SealKey(text) else {
            throw CommandError(
                .usage,
                "\(Self.variable) is too short for a key",
                hint: "it takes \(SealKey.bytesMin) characters at least, such as those of `openssl rand -hex 32`"
            )
        }
        return key
    }

    private func read(_ file: SealKeyFile) -> SealKey? {
        do {
            return try file.read()
        } catch {
            console.logger.warning("\(error)", metadata: (error as? StorageError)?.hint.map { ["hint": "\($0)"] })
            return nil
        }
    }

    /// In order of preference.
    private var files: [SealKeyFile] {
        SettingsFolders.files(named: "archive.key", variables).map { SealKeyFile(path: $0) }
    }
}
