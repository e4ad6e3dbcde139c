import Glibc
internal import Storage

/// Where everything of a project's local server is.
struct ClusterPlace: Sendable, Equatable {
    /// The project folder, without symbolic links.
    let project: String
    /// `.granary` in it.
    let folder: String
    /// PostgreSQL's data directory.
    let data: String
    /// The folder of the socket, short enough for one.
    let socket: String

    static let port = 5432

    var recordFile: String { "\(folder)/cluster" }
    /// Held by a command while it makes, starts or stops the server.
    var commandLock: String { "\(folder)/command.lock" }
    /// Held by the server itself, as long as one of its processes lives.
    var serverLock: String { "\(folder)/server.lock" }
    /// The folder around the data, which belongs to the server's account.
    var dataParent: String { String(data[..<(data.lastIndex(of: "/") ?? data.endIndex)]) }
    var socketFile: String { "\(socket)/.s.PGSQL.\(Self.port)" }
    var log: String { "\(data)/server.log" }
    var pidFile: String { "\(data)/postmaster.pid" }
    var isMade: Bool { Files.exists("\(data)/PG_VERSION") }

    /// A socket's address has 108 bytes, the last of them zero: `sockaddr_un` in unix(7).
    static func fitsSocket(_ folder: String) -> Bool {
        "\(folder)/.s.PGSQL.\(port)".utf8.count <= 107
    }
}

extension ClusterPlace {
    /// - Parameters:
    ///   - record: What was remembered; its socket folder stays in use while it is there.
    ///   - shared: The folder for the clusters that root makes, whose server cannot enter root's own folders.
    init(project: String, record: ClusterRecord?, account: ServerAccount, shared: String) throws {
        self.project = project
        self.folder = "\(project)/.granary"
        let name = PathDigest.name(for: project)
        if let recorded = record?.dataFolder {
            data = recorded.hasPrefix("/") ? recorded : "\(project)/.granary/\(recorded)"
        } else {
            data = account.isSwitched ? "\(shared)/\(name)/data" : "\(project)/.granary/\(Self.ownData)"
        }
        // Where the server was reached before it is reached again, even if XDG_RUNTIME_DIR is another today.
        if let record, record.project == project, Files.exists(record.socketFolder) {
            socket = record.socketFolder
        } else {
            let home = account.isSwitched ? [String(data.dropLast("data".count)) + "socket"] : []
            socket = try Self.socketFolder(among: home + Self.runtimeFolders(of: account, name: name))
        }
    }

    /// Where an ordinary user's data are, under `.granary`.
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
