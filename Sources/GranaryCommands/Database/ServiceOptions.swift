package import ArgumentParser
package import Bookkeeping
package import Project

/// The service for a command, and its files.
package struct ServiceOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The folder of migrations.", valueName: "folder"),
        completion: .directory
    )
    package var migrations = "migrations"

    @Option(
        name: .long,
        help: ArgumentHelp("The service; else SERVICE_NAME, environments.json, the folder's name.", valueName: "name")
    )
    package var service: String?

    @Option(
        name: .long,
        help: ArgumentHelp("All services of this folder, each with its migrations.", valueName: "folder"),
        completion: .directory
    )
    package var root: String?

    @OptionGroup package var state: StateOptions

    package init() {}

    /// The chosen services with the content of their files.
    ///
    /// - Throws: `EnvironmentsError`.
    package func services(variables: [String: String]) throws -> [(service: Service, file: EnvironmentsFile)] {
        if let root { return try Service.all(in: root, variables: variables).map { ($0.0, $0.1) } }
        let file = try EnvironmentsFile.read(migrations: migrations)
        return [
            (try Service.resolve(option: service, variables: variables, file: file, folder: migrations), file)
        ]
    }

    /// The folder of a service's seeds. With --root it is beside its migrations.
    func seeds(of service: Service, folder: String) -> String {
        guard root != nil else { return folder }
        let parts = service.folder.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return (parts + ["seeds"]).joined(separator: "/")
    }
}

/// The schema of granary's own tables.
package struct StateOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The schema of granary's own tables.", valueName: "name"))
    package var stateSchema = "granary"

    package init() {}

    package var schema: StateSchema { StateSchema(stateSchema) }
}
