/// Which environment a command is for, and who said so.
package struct EnvironmentChoice: Sendable, Equatable {
    package enum Source: Sendable, Equatable, CustomStringConvertible {
        /// `--env`.
        case option
        /// GRANARY_ENV, ENV or APP_ENV.
        case variable(String)
        /// The marker in the database.
        case marker
        /// `current_environment`, at its place.
        case file(TextPlace)
        /// granary's own local server, which is for development.
        case localServer

        package var description: String {
            switch self {
            case .option: "--env"
            case .variable(let name): name
            case .marker: "the marker in the database"
            case .file(let place): "\(place)"
            case .localServer: "the local server"
            }
        }
    }

    package var name: String
    package var source: Source

    package init(_ name: String, _ source: Source) {
        self.name = name
        self.source = source
    }

    /// Whether someone asked for it with this command: only then a database is marked without being asked.
    package var isExplicit: Bool {
        switch source {
        case .option, .variable: true
        case .marker, .file, .localServer: false
        }
    }

    /// The first of these: `--env`, GRANARY_ENV, ENV, APP_ENV, the marker in the database, `current_environment`.
    ///
    /// ENV counts only if it names a declared environment, because a POSIX shell uses the variable for another purpose.
    /// Empty variables count as none. A marker's name is taken as it is where there is no file to declare any.
    ///
    /// - Parameter option: `--env`. Given through GRANARY_ENV it may come here too, or only in `variables`.
    /// - Returns: nil where nothing says.
    /// - Throws: `EnvironmentsError.usage` for an undeclared name.
    package static func resolve(
        option: String?,
        variables: [String: String],
        marker: MarkerState = .unmarked,
        file: EnvironmentsFile
    ) throws -> EnvironmentChoice? {
        if let choice = try given(option: option, variables: variables, file: file) { return choice }
        if case .marked(let marker) = marker {
            let choice = EnvironmentChoice(marker.name, .marker)
            return file.path == nil ? choice : try choice.checked(by: file)
        }
        return file.currentEnvironment.map { EnvironmentChoice($0.text, .file($0.place)) }
    }

    private static func given(
        option: String?,
        variables: [String: String],
        file: EnvironmentsFile
    ) throws -> EnvironmentChoice? {
        let own = variables["GRANARY_ENV"].flatMap { $0.isEmpty ? nil : $0 }
        if let option {
            return try EnvironmentChoice(option, option == own ? .variable("GRANARY_ENV") : .option).checked(by: file)
        }
        if let own { return try EnvironmentChoice(own, .variable("GRANARY_ENV")).checked(by: file) }
        if let name = variables["ENV"], file.declares(name) { return EnvironmentChoice(name, .variable("ENV")) }
        guard let name = variables["APP_ENV"], !name.isEmpty else { return nil }
        return try EnvironmentChoice(name, .variable("APP_ENV")).checked(by: file)
    }

    private func checked(by file: EnvironmentsFile) throws -> EnvironmentChoice {
        if name.isEmpty { throw EnvironmentsError(.usage, "\(source) names no environment", hint: Self.hint(file)) }
        guard file.declares(name) else {
            throw EnvironmentsError(
                .usage,
                "\(source) names the environment \(name), which is not declared",
                hint: Self.hint(file)
            )
        }
        return self
    }

    static func hint(_ file: EnvironmentsFile) -> String {
        "declared are \(file.names.joined(separator: ", ")); "
            + (file.path.map { "\($0) declares others" }
                ?? "an environments.json in the migrations folder declares others")
    }
}
