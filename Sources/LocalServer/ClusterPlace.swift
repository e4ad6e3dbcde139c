import Glibc
internal import Storage

/// The locations of a project's local server.
struct ClusterPlace: Sendable, Equatable {
    /// The project folder, without symbolic links.
    let project: String
    /// `.granary` in it.
    let folder: String
    /// PostgreSQL's data folder.
    let data: String
    /// The folder of the socket. Its path is short enough for a socket's address.
    let socket: String

    static let port = 5432

    var recordFile: String { "\(folder)/cluster" }
    /// Exists from a stop to the next start.
    var stopFile: String { "\(folder)/stopped" }
    /// Held by a command while it creates, starts or stops the server.
    var commandLock: String { "\(folder)/command.lock" }
    /// Held by the server itself while one of its processes lives.
    var serverLock: String { "\(folder)/server.lock" }
    /// The folder that contains the data folder. It belongs to the server's account.
    var dataParent: String { String(data[..<(data.lastIndex(of: "/") ?? data.endIndex)]) }
    var socketFile: String { "\(socket)/.s.PGSQL.\(Self.port)" }
    var log: String { "\(data)/server.log" }
    var pidFile: String { "\(data)/postmaster.pid" }
    var isMade: Bool { Files.exists("\(data)/PG_VERSION") }

    /// A socket's address has 108 bytes including the final zero: `sockaddr_un` in unix(7).
    static func fitsSocket(_ folder: String) -> Bool {
        "\(folder)/.s.PGSQL.\(port)".utf8.count <= 107
    }
}

extension ClusterPlace {
    /// - Parameters:
    ///   - record: The remembered locations; its socket folder stays in use while it exists.
    ///   - shared: The folder for clusters created by root, whose server cannot enter root's own folders.
    init(project: String, record: ClusterRecord?, account: ServerAccount, shared: String) throws {
        self.project = project
        self.folder = "\(project)/.granary"
        let name = FNV1a.digits(of: project)
        if let recorded = record?.dataFolder {
            data = recorded.hasPrefix("/") ? recorded : "\(project)/.granary/\(recorded)"
        } else {
            data = account.isSwitched ? "\(shared)/\(name)/data" : "\(project)/.granary/\(Self.ownData)"
        }
        // Keep the earlier socket folder, even if XDG_RUNTIME_DIR is different today.
        if let record, record.project == project, Files.exists(record.socketFolder) {
            socket = record.socketFolder
        } else {
            let home = account.isSwitched ? [String(data.dropLast("data".count)) + "socket"] : []
            socket = try Self.socketFolder(among: home + Self.runtimeFolders(of: account, name: name))
        }
    }

    /// The location of an ordinary user's data in `.granary`.
    static let ownData = "server/data"

    private static func runtimeFolders(of account: ServerAccount, name: String) -> [String] {
        let session = getenv("XDG_RUNTIME_DIR").map { String(cString: $0) }
        let privateFolders = [session, "/run/user/\(account.userID)"].compactMap(\.self)
            .filter { $0.hasPrefix("/") && isPrivate($0, to: account.userID) }
            .map { "\($0)/granary-\(name)" }
        return privateFolders + ["/tmp/granary-\(account.userID)-\(name)"]
    }

    private static func socketFolder(among folders: [String]) throws -> String {
        guard let folder = folders.first(where: { fitsSocket($0) && !$0.utf8.contains(where: { $0 < 32 }) }) else {
            throw LocalServerError(.folder, "no folder is short enough for the local server's socket")
        }
        return folder
    }

    private static func isPrivate(_ folder: String, to user: uid_t) -> Bool {
        var info = stat()
        return stat(folder, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR && info.st_uid == user
            && info.st_mode & 0o077 == 0
    }
}
