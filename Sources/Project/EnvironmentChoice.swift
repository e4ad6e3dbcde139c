/// Which environment a command is for, and who said so.
///
/// The first of these counts: `--env` (and `GRANARY_ENV`, which arrives as that option), `ENV` where it names a declared
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

        /// Whether a person or a job said it for this very run.
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

    /// - Returns: nil where nobody has said anything.
    /// - Throws: `EnvironmentsError` with `.usage` for a name that is not declared.
    package static func resolve(
        option: String?,
        variables: [String: String],
        marker: String?,
        file: EnvironmentsFile
    ) throws(EnvironmentsError) -> EnvironmentChoice? {
        if let option { return try declared(option, .option, file) }
        // A POSIX shell reads the file that ENV names: it counts only as a name of ours.
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
