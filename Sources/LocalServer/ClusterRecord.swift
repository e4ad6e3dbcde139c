/// What `.granary/cluster` remembers between commands: `name = value` lines, readable by people and by `sed`.
struct ClusterRecord: Equatable, Sendable {
    /// The project folder the cluster was last started for; a moved or copied folder has another.
    var project: String
    /// Where the data are; under `.granary/` if it does not begin with a slash.
    var dataFolder: String
    var socketFolder: String
    var port: Int
    /// PostgreSQL's version, for people. What counts is `PG_VERSION` in the data folder.
    var version: String
    var superuser: String
    /// The user id of the account that made it, and alone may use it.
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
    /// Nil if a line is missing or does not parse.
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
