package import ArgumentParser
internal import Logging
internal import PostgresClient
package import Storage

/// Where the buckets of `s3://` addresses are.
package struct StoreOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The server of s3:// addresses, if it is not Amazon's.", valueName: "url")
    )
    package var s3Endpoint: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where requests name the bucket; else in the path if there is an endpoint.",
            valueName: "path|virtual"
        )
    )
    package var s3Style: StoreSettings.Style?

    @Flag(name: .long, help: "Accept an endpoint with plain http.")
    package var s3Insecure = false

    package init() {}

    /// The object stores that this command may use. Nothing is opened before an address needs it.
    func stores(on console: Console) -> ObjectStores {
        var settings = StoreSettings(variables: console.environment)
        (settings.endpoint, settings.style, settings.allowsPlainHTTP) = (s3Endpoint, s3Style, s3Insecure)
        settings.wake = StandardOutput.readerWait.wake
        settings.note = { console.note($0) }
        settings.log = { [logger = console.logger] in logger.debug("\($0)") }
        return ObjectStores(settings)
    }

    /// The options as given, for a printed command.
    var words: [String] {
        (s3Endpoint.map { ["--s3-endpoint", $0] } ?? []) + (s3Style.map { ["--s3-style", $0.rawValue] } ?? [])
            + (s3Insecure ? ["--s3-insecure"] : [])
    }
}

extension StoreSettings.Style: ExpressibleByArgument {}
