package import Backup
internal import Glibc
internal import Storage

/// The destination and the format of a backup.
package struct BackupTarget: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case zip, sql
    }

    package enum Place: Sendable, Equatable {
        case standardOutput
        case file(String)
        /// A file in the backups folder, named after the database and the time.
        case named(folder: String)
    }

    package var place: Place
    package var format: BackupOptions.Format
    /// Whether the name of the file ends in `.age`; nil if the name does not matter.
    private var isNamedEncrypted: Bool?

    /// - Throws: `CommandError` with `.usage` if the name of the file and `--format` contradict each other;
    ///   `StorageError.address`.
    package init(output: String?, kind: Kind?, folder: String) throws {
        guard let output else {
            place = .named(folder: folder)
            format = kind == .sql ? .sql : .zip
            return
        }
        if output == "-" {
            place = .standardOutput
            format = kind == .sql ? .sql : .zip
            return
        }
        if ObjectAddress.isMeant(by: output), try ObjectAddress(output).isFolder {
            place = .named(folder: output)
            format = kind == .sql ? .sql : .zip
            return
        }
        place = .file(output)
        let isAge = output.lowercased().hasSuffix(".age")
        isNamedEncrypted = isAge
        let lower = isAge ? output.lowercased().dropLast(4) : output.lowercased()[...]
        let named: BackupOptions.Format? =
            lower.hasSuffix(".sql")
            ? .sql : lower.hasSuffix(".sql.gz") ? .sqlGzip : lower.hasSuffix(".zip") ? .zip : nil
        if isAge, named == nil { throw Self.misnamed(output) }
        format = named ?? (kind == .sql ? .sql : .zip)
        if let kind, let named, (named == .zip) != (kind == .zip) {
            throw CommandError(
                .usage,
                "--format \(kind.rawValue) does not match the file name \(output)",
                hint: "omit --format, or name the file .\(kind.rawValue)"
            )
        }
    }

    /// The folder for the backups of all databases.
    ///
    /// - Throws: `CommandError` with `.usage` if `--output` is a file; `StorageError.address`.
    package init(ofAll output: String?, kind: Kind?, folder: String) throws {
        let place = output ?? folder
        let isObject = ObjectAddress.isMeant(by: place)
        let isFile = isObject ? try !ObjectAddress(place).isFolder : Files.exists(place) && !Files.isFolder(place)
        let isNamedAsFile = [".zip", ".sql", ".gz", ".age"].contains { place.lowercased().hasSuffix($0) }
        guard output == nil || place != "-" && !isFile && !(isNamedAsFile && !Files.isFolder(place)) else {
            throw CommandError(
                .usage,
                "--all-databases writes several files, so --output must be a folder, and \(place) is none",
                hint: isObject ? "end it with a slash: \(place)/" : "name a folder, which is made if it is missing"
            )
        }
        self.place = .named(folder: place)
        format = kind == .sql ? .sql : .zip
    }

    /// - Throws: `CommandError` with `.usage` if the file's name says whether it is encrypted, and that is wrong.
    func requireName(isEncrypted: Bool) throws {
        guard case .file(let path) = place, isNamedEncrypted == !isEncrypted else { return }
        if isEncrypted { throw Self.misnamed(path) }
        throw CommandError(
            .usage,
            "the name \(path) is for an encrypted backup, and this one is in clear",
            hint: "give --recipient or --passphrase, or leave .age out of the name"
        )
    }

    private static func misnamed(_ path: String) -> CommandError {
        CommandError(
            .usage,
            "the name \(path) does not fit an encrypted backup",
            hint: "name the file .zip.age, .sql.age or .sql.gz.age"
        )
    }
}

extension BackupTarget {
    /// Where the backup of a database goes. Creates the folder if it is missing.
    ///
    /// - Parameter overwrite: Whether an existing file is replaced.
    /// - Throws: `CommandError` with `.file`.
    func output(ofDatabase name: String, overwrite: Bool) throws -> BackupOptions.Output {
        switch place {
        case .standardOutput: return .pipe(descriptor: STDOUT_FILENO)
        case .file(let path): return .file(path: path, overwrite: overwrite)
        case .named(let folder):
            try Folders.make(folder)
            return .new(stem: Files.joined(folder, BackupFile.stem(database: name, secondsSince1970: time(nil))))
        }
    }

    /// Removes what killed backups left in the folder of this one.
    ///
    /// - Throws: See `BackupFile.removeLeftovers`.
    func removeLeftovers(_ stores: ObjectStores, _ upload: UploadSettings, on console: Console) throws {
        let age = upload.abortAfter
        switch place {
        case .standardOutput: return
        case .file(let path):
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
            try BackupFile.removeLeftovers(in: folder, isOurs: false, stores, abortAfter: age, on: console)
        case .named(let folder):
            try BackupFile.removeLeftovers(in: folder, stores, abortAfter: age, on: console)
        }
    }
}
