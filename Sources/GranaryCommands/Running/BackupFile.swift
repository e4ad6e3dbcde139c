internal import Archive
internal import Storage

/// Finds and names backup files.
package enum BackupFile {
    /// The named file, or the file of that name in the folder of backups.
    ///
    /// - Parameter takesAll: Takes folders, which pg_dump may have written, and `-`, which is standard input.
    /// - Throws: `CommandError` with `.file`.
    static func found(_ file: String, backups: String, takesAll: Bool = false) throws -> String {
        func isThere(_ path: String) -> Bool { Files.isFile(path) || takesAll && Files.isFolder(path) }
        if isThere(file) || takesAll && file == "-" { return file }
        let among = Files.joined(backups, file)
        if !file.hasPrefix("/") && isThere(among) { return among }
        throw CommandError(
            .file,
            file.hasPrefix("/") ? "there is no file \(file)" : "there is no file \(file), nor \(among)",
            hint: "--backups names the folder of backups"
        )
    }

    /// Removes what killed backups left in a folder, and reports it.
    ///
    /// - Parameter isOurs: Whether the folder is only for backups.
    static func removeStalePartials(in folder: String, isOurs: Bool = true, on console: Console) {
        for name in FileSink.removeStaleBackups(in: folder, isOurs: isOurs) {
            console.note("removed \(Files.joined(folder, name)), which an earlier backup left behind")
        }
    }

    /// `shop-20261123T071500Z`, the first part of the file's name.
    package static func stem(database: String, secondsSince1970: Int) -> String {
        "\(safe(database))-\(Formatting.timestamp(secondsSince1970: secondsSince1970))"
    }

    /// A database may be called `../../etc/passwd` or `-rf`; a file must not be.
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
