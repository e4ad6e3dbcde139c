package import ArgumentParser
internal import Glibc

/// The number of workers.
package struct JobsOption: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The number of workers; else one per core, 8 at most.", valueName: "n")
    )
    package var jobs: Int?

    package init() {}

    package mutating func validate() throws {
        if let jobs, !(1...64).contains(jobs) { throw ValidationError("--jobs must be between 1 and 64") }
    }

    package var count: Int { jobs ?? Self.usual }

    /// The cores of the machine, at most 8: more sessions gain little and cost the server much.
    package static var usual: Int { min(8, max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN)))) }
}
