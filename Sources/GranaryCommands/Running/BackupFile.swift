internal import Storage

/// A backup as people name it.
enum BackupFile {
    /// The file as it was named, or the one of that name in the folder of backups.
    ///
    /// - Throws: `CommandError` with `.file`.
    static func found(_ file: String, backups: String) throws -> String {
        if Files.isFile(file) { return file }
        let among = Files.joined(backups, file)
        if !file.hasPrefix("/") && Files.isFile(among) { return among }
        throw CommandError(
            .file,
            file.hasPrefix("/") ? "there is no file \(file)" : "there is no file \(file), nor \(among)",
            hint: "--backups names the folder of backups"
        )
    }
}
