internal import Archive
internal import Storage

/// Finds and names backup files.
package enum BackupFile {
    /// The named file or object, or that of the name in the folder of backups.
    ///
    /// - Parameter takesAll: Takes folders, which pg_dump may have written, and `-`, which is standard input.
    /// - Throws: `CommandError` with `.file`; `StorageError`.
    static func found(
        _ file: String,
        backups: String,
        in stores: ObjectStores,
        takesAll: Bool = false
    ) throws -> String {
        // Opening it will tell if it is missing.
        if ObjectAddress.isMeant(by: file) { return file }
        func isThere(_ path: String) throws -> Bool {
            try stores.hasFile(path) || takesAll && Files.isFolder(path)
        }
        if try takesAll && file == "-" || isThere(file) { return file }
        let among = Files.joined(backups, file)
        if !file.hasPrefix("/"), try isThere(among) { return among }
        throw CommandError(
            .file,
            file.hasPrefix("/") ? "there is no file \(file)" : "there is no file \(file), nor \(among)",
            hint: "--backups names the folder of backups"
        )
    }

    /// Refuses a folder that was named and does not exist. The default one appears with the first backup.
    ///
    /// - Throws: `CommandError` with `.file`.
    static func requireFolder(_ folder: String) throws {
        guard folder != "backups", !ObjectAddress.isMeant(by: folder), !Files.exists(folder) else { return }
        throw CommandError(.file, "there is no folder \(folder)", hint: "--backups names the folder of backups")
    }

    /// Removes what killed backups left in a folder, and reports it.
    ///
    /// - Parameters:
    ///   - isOurs: Whether the folder is only for backups.
    ///   - age: The age from which uploads of other machines are aborted, in seconds.
    /// - Throws: `CancellationError`; `StorageError.address`, `.insecure`.
    static func removeLeftovers(
        in folder: String,
        isOurs: Bool = true,
        _ stores: ObjectStores,
        abortAfter age: Int,
        on console: Console
    ) throws {
        guard ObjectAddress.isMeant(by: folder) else {
            return removeStalePartials(in: folder, isOurs: isOurs, on: console)
        }
        let folder = try ObjectAddress(folder).folder
        for address in try stores.abortStaleUploads(in: folder, olderThan: age, where: isUsualName) {
            console.note("aborted the upload of \(address), which an earlier backup left behind")
        }
    }

    private static func removeStalePartials(in folder: String, isOurs: Bool, on console: Console) {
        for name in FileSink.removeStaleBackups(in: folder, isOurs: isOurs) {
            console.note("removed \(Files.joined(folder, name)), which an earlier backup left behind")
        }
    }

    /// Whether a new backup may have this name: the database, the time, perhaps a number, and an ending.
    package static func isUsualName(_ name: String) -> Bool {
        let stem = name.hasSuffix(".age") ? name.dropLast(4) : name[...]
        guard let ending = [".zip", ".sql", ".sql.gz"].first(where: stem.hasSuffix) else { return false }
        var parts = stem.dropLast(ending.count).split(separator: "-", omittingEmptySubsequences: false)
        if let last = parts.last, parts.count > 2, last.count < 7, last.allSatisfy(\.isNumber) { parts.removeLast() }
        guard parts.count > 1, let time = parts.last, time.count == 16 else { return false }
        return time.enumerated().allSatisfy { place, character in
            place == 8 ? character == "T" : place == 15 ? character == "Z" : character.isNumber
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
