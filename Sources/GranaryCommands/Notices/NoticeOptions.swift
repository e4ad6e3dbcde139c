package import ArgumentParser
internal import Storage

/// Who is told about a run. None of it can make the run fail.
package struct NoticeOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("Tell this URL of start, success and failure, as healthchecks does.", valueName: "url")
    )
    package var ping: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Write figures of the run for Prometheus into this file.", valueName: "file"),
        completion: .file(extensions: ["prom"])
    )
    package var metrics: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Run this shell command after a success, with the JSON document.", valueName: "command")
    )
    package var onSuccess: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Run this shell command after a failure, with the JSON document.", valueName: "command")
    )
    package var onFailure: String?

    package init() {}

    package mutating func validate() throws {
        // The message does not repeat the URL, which is a secret.
        guard ping.map({ PingAddress($0) != nil }) ?? true else {
            throw ValidationError("--ping takes an http or https URL without a user, a password and a fragment")
        }
        for (name, value) in [("metrics", metrics), ("on-success", onSuccess), ("on-failure", onFailure)]
        where value?.isEmpty == true { throw ValidationError("--\(name) is empty") }
    }

    func notices(of job: NoticeRecord.Job) -> Notices {
        Notices(
            job: job,
            ping: ping.flatMap { PingAddress($0) },
            metrics: metrics.map { MetricsFile(path: $0) },
            onSuccess: onSuccess,
            onFailure: onFailure
        )
    }
}
