package import ArgumentParser
package import Environments

/// Which environment a command is for, and where that is written.
package struct EnvironmentOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The environment; else ENV, APP_ENV, the database's marker, environments.json.",
            valueName: "name"
        )
    )
    package var env: String?

    @OptionGroup package var state: StateOptions

    package init() {}
}

/// Where the migrations are, and our own tables.
package struct StateOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The folder of migrations and of environments.json (default: migrations).",
            valueName: "folder"
        ),
        completion: .directory
    )
    package var migrations: String?

    @Option(name: .long, help: ArgumentHelp("The schema of granary's own tables.", valueName: "name"))
    package var stateSchema = StateSchema.usual.name

    package init() {}

    package mutating func validate() throws {
        if migrations?.isEmpty == true { throw ValidationError("--migrations is empty") }
    }

    /// The folder of migrations, whether it is there or not.
    package var path: String { migrations ?? "migrations" }

    /// The same; one that was named must be there.
    ///
    /// - Throws: `CommandError` with `.file`.
    package func folder() throws -> String {
        guard let migrations, !Folders.isFolder(migrations) else { return path }
        throw CommandError(.file, "there is no folder \(migrations)", hint: "--migrations names a folder")
    }

    /// - Throws: `EnvironmentsError` with `.usage`.
    package func schema() throws -> StateSchema { try StateSchema(stateSchema) }
}

/// Which service a command is for: one, or all that lie under a folder.
package struct ServiceOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("The service; else SERVICE_NAME, environments.json, the folder's name.", valueName: "name")
    )
    package var service: String?

    @Option(
        name: .long,
        help: ArgumentHelp("All services under this folder: SERVICE/migrations.", valueName: "folder"),
        completion: .directory
    )
    package var root: String?

    package init() {}

    package mutating func validate() throws {
        if service != nil && root != nil { throw ValidationError("--service and --root contradict each other") }
        if root?.isEmpty == true { throw ValidationError("--root is empty") }
    }

    /// The services that are meant, those of `--root` in the order of their names.
    ///
    /// - Throws: `EnvironmentsError`.
    package func services(
        _ file: EnvironmentsFile,
        migrations: String,
        variables: [String: String]
    ) throws -> [Service] {
        if let root { return try Service.discover(root: root) }
        return [try Service.resolve(option: service, variables: variables, file: file, migrations: migrations)]
    }
}
