package import Backup

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

    /// - Throws: `CommandError` with `.usage` if the name of the file and `--format` contradict each other.
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
        place = .file(output)
        let lower = output.lowercased()
        let named: BackupOptions.Format? =
            lower.hasSuffix(".sql")
            ? .sql : lower.hasSuffix(".sql.gz") ? .sqlGzip : lower.hasSuffix(".zip") ? .zip : nil
        format = named ?? (kind == .sql ? .sql : .zip)
        if let kind, let named, (named == .zip) != (kind == .zip) {
            throw CommandError(
                .usage,
                "--format \(kind.rawValue) does not match the file name \(output)",
                hint: "omit --format, or name the file .\(kind.rawValue)"
            )
        }
    }
}
