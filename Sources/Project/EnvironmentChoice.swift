/// The environment that a command works for, and the source of that choice.
///
/// The first that is set: `--env` or `GRANARY_ENV`, which arrives as that option, `ENV` if it names a declared
/// environment, `APP_ENV`, the marker in the database, `current_environment` of `environments.json`.
package struct EnvironmentChoice: Sendable, Equatable {
    package enum Source: Sendable, Equatable, CustomStringConvertible {
        case option
        case variable(String)
        case marker
        case file(String)

        package var description: String {
            switch self {
            case .option: "--env"
            case .variable(let name): name
            case .marker: "the marker in the database"
            case .file(let path): "current_environment of \(path)"
            }
        }

        /// Whether the user or a job chose it for this run.
        package var isExplicit: Bool {
            switch self {
            case .option, .variable: true
            case .marker, .file: false
            }
        }
    }

    package var name: String
    package var source: Source

    package init(name: String, source: Source) {
        self.name = name
        self.source = source
    }

    /// - Parameter optionVariable: The variable that gave the option; nil if the command line did.
    /// - Returns: nil if no source gives an environment.
    /// - Throws: `EnvironmentsError` with `.usage` for a name that is not declared.
    package static func resolve(
        option: String?,
        from optionVariable: String? = nil,
        variables: [String: String],
        marker: String?,
        file: EnvironmentsFile
    ) throws(EnvironmentsError) -> EnvironmentChoice? {
        if let option { return try declared(option, optionVariable.map(Source.variable) ?? .option, file) }
        // A POSIX shell reads the file that ENV names, so ENV counts only if it names a declared environment.
        if let name = variables["ENV"], file.policy(name) != nil {
            return EnvironmentChoice(name: name, source: .variable("ENV"))
        }
        if let name = variables["APP_ENV"], !name.isEmpty { return try declared(name, .variable("APP_ENV"), file) }
        if let marker { return EnvironmentChoice(name: marker, source: .marker) }
        if let name = file.currentEnvironment, let path = file.path {
            return EnvironmentChoice(name: name, source: .file(path))
        }
        return nil
    }

    private static func declared(
        _ name: String,
        _ source: Source,
        _ file: EnvironmentsFile
    ) throws(EnvironmentsError) -> EnvironmentChoice {
        guard file.policy(name) != nil else {
            throw EnvironmentsError(
                .usage,
                "\(source) names the environment \(name), which is not declared",
                hint: "declared are \(file.names.joined(separator: ", "))"
                    + (file.path == nil ? "; environments.json declares others" : "")
            )
        }
        return EnvironmentChoice(name: name, source: source)
    }
}
