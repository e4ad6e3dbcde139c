package import ArgumentParser
internal import LocalServer

/// `granary server status`.
package struct ServerStatus: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show whether the server of this folder runs, and where its files are.",
        discussion: """
            Example:
              granary server status --json

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @OptionGroup package var programs: ProgramOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package init() {}

    package func run(on console: Console) async throws {
        guard LocalCluster.exists(project: ".") else {
            return try console.result(.object(["running": false]), else: ["this folder has no local server"])
        }
        let status = await (try ServerCommand.cluster(programs.postgresBin, on: console)).status()
        try console.result(Self.result.document(status), else: Self.lines(status))
    }

    private static func lines(_ status: LocalClusterStatus) -> [String] {
        var facts: [(String, String)] = [("running", status.running ? "yes" : "no")]
        if let pid = status.pid { facts.append(("pid", String(pid))) }
        if let uptime = status.uptime {
            facts.append(("up for", Formatting.duration(seconds: uptime / .seconds(1))))
        }
        if let version = status.version { facts.append(("version", version)) }
        facts.append(("data", status.dataFolder + (status.sizeBytes.map { " (\(Formatting.bytes($0)))" } ?? "")))
        facts += [("socket", status.socketFolder), ("log", status.logFile), ("url", status.url)]
        return facts.map { name, value in
            name + String(repeating: " ", count: 9 - name.utf8.count) + Formatting.harmless(value)
        }
    }

    static let result = ResultDescription<LocalClusterStatus>([
        .init("running", \.running), .init("pid", \.pid), .init("version", \.version),
        .init("data_folder", \.dataFolder), .init("socket_folder", \.socketFolder), .init("log_file", \.logFile),
        .init("size_bytes", \.sizeBytes), .init("uptime_seconds") { $0.uptime.map { $0 / .seconds(1) } },
        .init("url", \.url),
    ])
}
