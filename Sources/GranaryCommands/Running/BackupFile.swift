internal import Archive
internal import Storage

/// A backup as people name it, and as we do.
package enum BackupFile {
    /// The file as it was named, or the one of that name in the folder of backups; a dump in directory format is a folder.
    ///
    /// - Throws: `CommandError` with `.file`.
    static func found(_ file: String, backups: String) throws -> String {
        if isBackup(file) { return file }
        let among = Files.joined(backups, file)
        if !file.hasPrefix("/") && isBackup(among) { return among }
        throw CommandError(
            .file,
            file.hasPrefix("/") ? "there is no file \(file)" : "there is no file \(file), nor \(among)",
            hint: "--backups names the folder of backups"
        )
    }

    private static func isBackup(_ path: String) -> Bool {
        Files.isFile(path) || (Files.isFolder(path) && (try? FileFormat(folder: path)) == .pgDumpFolder)
    }

    /// Whether a file or folder is an archive of pg_dump, by its content.
    static func isPgDumpArchive(_ path: String) throws -> Bool {
        guard !Files.isFolder(path) else { return true }
        return try FileFormat(try FileSource(path: path)).isPgDumpArchive
    }

    /// Removes what backups that were killed left in a folder, and says so.
    ///
    /// - Parameter isOurs: Whether the folder is for backups alone.
    static func removeStalePartials(in folder: String, isOurs: Bool = true, on console: Console) {
        for name in FileSink.removeStaleBackups(in: folder, isOurs: isOurs) {
            console.note("removed \(Files.joined(folder, name)), which an earlier backup left behind")
        }
    }

    /// `shop-20261123T071500Z`, of which the file's name is made.
    package static func stem(database: String, secondsSince1970: Int) -> String {
        "\(safe(database))-\(Formatting.timestamp(secondsSince1970: secondsSince1970))"
    }

    /// A database may be called `../../etc/passwd` or `-rf`; a file of ours may not.
    private static func safe(_ name: String) -> String {
        var safe = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_": safe.unicodeScalars.append(scalar)
            case "-", ".": safe.unicodeScalars.append(safe.isEmpty ? "_" : scalar)
            default: safe += "_"
            }
        }
        return safe.isEmpty ? "database" : String(safe.prefix(100))
    }
}
