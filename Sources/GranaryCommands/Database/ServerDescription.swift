package import PostgresClient

/// The destination of a connection, shown before it is made.
package struct ServerDescription: Sendable, Equatable {
    /// The host with its port, a socket folder, or the name that libpq will look up.
    package var host: String
    package var database: String
    /// The name of the database, if `database` is one; nil if only libpq will find it.
    package var databaseName: String?

    /// Adds the values that libpq reads from environment variables.
    package init(_ address: ServerAddress, variables: [String: String]) {
        var parameters = (try? ConnectionText(address.conninfo, origin: ""))?.parameters ?? [:]
        for override in address.overrides { parameters[override.keyword] = override.value }
        func value(_ keyword: String, _ variable: String) -> String? {
            parameters[keyword] ?? variables[variable].flatMap { $0.isEmpty ? nil : $0 }
        }
        let service = value("service", "PGSERVICE")
        let user = value("user", "PGUSER") ?? variables["USER"]
        databaseName = value("dbname", "PGDATABASE") ?? (service == nil ? user : nil)
        database = databaseName ?? service.map { "of the service \($0)" } ?? "of the account's name"
        let port = value("port", "PGPORT")
        if let name = value("host", "PGHOST") ?? value("hostaddr", "PGHOSTADDR") {
            host = Self.joined(name, port ?? "5432")
        } else {
            host = service.map { "the service \($0)" } ?? "the local socket\(port.map { ":\($0)" } ?? "")"
        }
    }

    /// Several hosts have several ports, or a common port.
    private static func joined(_ hosts: String, _ ports: String) -> String {
        let hosts = hosts.split(separator: ",", omittingEmptySubsequences: false)
        let ports = ports.split(separator: ",", omittingEmptySubsequences: false)
        return hosts.enumerated().map { index, host in
            let port = ports.count == hosts.count ? ports[index] : ports.first ?? ""
            let shown = host.contains(":") ? "[\(host)]" : host.isEmpty ? "localhost" : String(host)
            return "\(shown):\(port.isEmpty ? "5432" : port)"
        }.joined(separator: ",")
    }
}
