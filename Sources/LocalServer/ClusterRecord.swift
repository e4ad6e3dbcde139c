/// The content of `.granary/cluster` between commands: `name = value` lines, readable for users and `sed`.
struct ClusterRecord: Equatable, Sendable {
    /// The project folder for which the cluster was last started. It differs in a moved or copied folder.
    var project: String
    /// The location of the data; relative to `.granary/` unless it begins with a slash.
    var dataFolder: String
    var socketFolder: String
    var port: Int
    /// PostgreSQL's version, for the user. The code uses `PG_VERSION` in the data folder.
    var version: String
    var superuser: String
    /// The user id of the account that created it, which is the only one that may use it.
    var owner: UInt32

    var text: String {
        """
        # The local PostgreSQL server of this project; written by granary, see `granary server status`.
        project = \(PercentEncoding.encoded(project))
        data_directory = \(dataFolder)
        socket_directory = \(socketFolder)
        port = \(port)
        version = \(version)
        superuser = \(superuser)
        owner = \(owner)

        """
    }
}

extension ClusterRecord {
    /// nil if a line is missing or invalid.
    init?(text: String) {
        var values: [Substring: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let mark = line.firstRange(of: " = ") else { return nil }
            values[line[..<mark.lowerBound]] = String(line[mark.upperBound...])
        }
        guard let project = values["project"].flatMap(PercentEncoding.decoded),
            let dataFolder = values["data_directory"],
            let socketFolder = values["socket_directory"], let port = values["port"].flatMap({ Int($0) }),
            let version = values["version"], let superuser = values["superuser"],
            let owner = values["owner"].flatMap({ UInt32($0) })
        else { return nil }
        self.init(
            project: project,
            dataFolder: dataFolder,
            socketFolder: socketFolder,
            port: port,
            version: version,
            superuser: superuser,
            owner: owner
        )
    }
}
