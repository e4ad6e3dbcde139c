internal import Bookkeeping
internal import PostgresClient
internal import Storage

/// Where a backup goes: a folder that gives it a name, or a file. Only one backup of a database at a time may go there.
struct BackupPlace: Sendable, Equatable {
    /// As given, for messages.
    private let name: String
    /// The same for every spelling of the path; nil for a pipe, whose end is unknown.
    let spelling: String?

    init(_ output: BackupOptions.Output) {
        switch output {
        case .pipe: (name, spelling) = ("standard output", nil)
        case .file(let path, _): (name, spelling) = (path, Self.spelling(file: path))
        case .new(let stem):
            let folder = Self.folder(of: stem)
            (name, spelling) = (folder, Self.spelling(folder: folder))
        }
    }

    /// - Throws: `BackupError.running`; `PostgresError`.
    func lock(_ session: borrowing Session) throws {
        do {
            try BackupLock(place: spelling).take(session)
        } catch let lock as BackupLock.Occupied {
            throw BackupError.running(lock, database: session.database, place: name)
        }
    }

    private static func spelling(file: String) -> String {
        if let address = try? ObjectAddress(file) { return address.description }
        let name = file.lastIndex(of: "/").map { String(file[file.index(after: $0)...]) } ?? file
        return Files.joined(spelling(folder: folder(of: file)), name)
    }

    /// The folder exists already.
    private static func spelling(folder: String) -> String {
        if let address = try? ObjectAddress(folder) { return address.folder.description }
        return Files.resolved(folder) ?? folder
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
