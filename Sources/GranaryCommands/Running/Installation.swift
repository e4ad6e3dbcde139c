internal import Archive
internal import Glibc
internal import Logging
internal import Storage

/// What this installation knows its own archives by: the key that seals them.
///
/// `GRANARY_ARCHIVE_KEY`, where several machines share one; else a file in the user's own folder of settings, made by
/// the first backup.
struct Installation {
    static let variable = "GRANARY_ARCHIVE_KEY"

    private let variables: [String: String]
    private let console: Console

    init(_ console: Console) {
        variables = console.environment
        self.console = console
    }

    /// Seals what is backed up; nil where no key can be kept, which is no reason to do without a backup.
    ///
    /// - Throws: `CommandError` with `.usage` for a variable that holds no key.
    func sealingKey() throws -> SealKey? {
        if let shared = try sharedKey() { return shared }
        // A key that is there wins over one that would have to be made.
        if let key = files.lazy.compactMap({ read($0) }).first { return key }
        for file in files {
            do {
                return try file.readOrMake()
            } catch {
                console.logger.debug("\(error)")
            }
        }
        console.note(
            "no key can be kept here, so the backup gets no seal and a restore will ask for --trust; "
                + "\(Self.variable) takes a key"
        )
        return nil
    }

    /// All keys that may have sealed an archive of ours.
    ///
    /// - Throws: `CommandError` with `.usage` for a variable that holds no key.
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

    /// In the order of preference. XDG_CONFIG_HOME is the one folder of settings where it is set, as its specification
    /// has it; HOME may be unset, or be a folder that is not there: the user has one all the same.
    private var files: [SealKeyFile] {
        if let folder = variables["XDG_CONFIG_HOME"], folder.hasPrefix("/") { return [keyFile(in: folder)] }
        var folders: [String] = []
        if let home = variables["HOME"], home.hasPrefix("/") { folders.append("\(home)/.config") }
        if let entry = getpwuid(geteuid()), let home = entry.pointee.pw_dir {
            folders.append("\(String(cString: home))/.config")
        }
        var seen: Set<String> = []
        return folders.filter { seen.insert($0).inserted }.map { keyFile(in: $0) }
    }

    private func keyFile(in folder: String) -> SealKeyFile { SealKeyFile(path: "\(folder)/granary/archive.key") }
}
