internal import Glibc
internal import Storage

/// The state of a local server. Reading it changes nothing.
package struct LocalClusterStatus: Sendable, Equatable {
    package let running: Bool
    /// The postmaster's.
    package let pid: Int?
    /// PostgreSQL's version, as recorded at the last start.
    package let version: String?
    package let dataFolder: String
    package let socketFolder: String
    package let logFile: String
    /// The size of the data folder on disk; nil if there is none.
    package let sizeBytes: Int?
    package let uptime: Duration?
    package let url: String
}

extension LocalCluster {
    package func status() async -> LocalClusterStatus {
        let process = ServerProcess.find(data: place.data)
        let record = (try? Files.text(of: place.recordFile)).flatMap { ClusterRecord(text: $0) }
        return LocalClusterStatus(
            running: process != nil,
            pid: process.map { Int($0.processID) },
            version: record?.version,
            dataFolder: place.data,
            socketFolder: place.socket,
            logFile: place.log,
            sizeBytes: await dataBytes(),
            uptime: process.map { .seconds(max(0, time(nil) - $0.started)) },
            url: url
        )
    }

    /// `du` reports an error if a file disappears meanwhile, and still counts the others.
    private func dataBytes() async -> Int? {
        guard Files.exists(place.data) else { return nil }
        let outcome = try? await Program(as: account).run("/usr/bin/du", ["-sk", "--", place.data])
        return outcome?.output.split(separator: "\t").first.flatMap { Int($0) }.map { $0 * 1024 }
    }
}
