/// The environment a command is for: `--env`, then `ENV`, then `APP_ENV`.
///
/// `GRANARY_ENV` arrives as `--env`, like every option's variable.
package enum EnvironmentName {
    /// What there is without an `environments.json`.
    static let usual = ["development", "staging", "production"]

    /// - Parameter declared: the names that exist; nil where they are not known, and any name goes.
    /// - Returns: nil where nothing is chosen.
    /// - Throws: `CommandError` with `.usage` for an undeclared name.
    package static func chosen(
        option: String?,
        variables: [String: String],
        declared: [String]?
    ) throws -> String? {
        if let option { return try check(option, from: "--env", declared) }
        // A POSIX shell reads a file that ENV names, so it counts only if it is a name of ours.
        if let name = variables["ENV"], (declared ?? usual).contains(name) { return name }
        if let name = variables["APP_ENV"], !name.isEmpty { return try check(name, from: "APP_ENV", declared) }
        return nil
    }

    private static func check(_ name: String, from origin: String, _ declared: [String]?) throws -> String {
        guard let declared, !declared.contains(name) else { return name }
        throw CommandError(
            .usage,
            "\(origin) names the environment \(name), which is not declared",
            hint: "declared are \(declared.joined(separator: ", ")); environments.json declares others"
        )
    }
}
