package import Migrations
package import Project
internal import Storage

/// The valid part of `environments.json` and `dependencies.json`, and all errors in them.
package struct DeclaredFiles: Sendable {
    package private(set) var environments = EnvironmentsFile.usual
    package private(set) var dependencies = DependenciesFile()
    package private(set) var findings: [Finding] = []
    /// `environments.json` with the place of every value; nil if the file does not exist.
    private(set) var environmentsText: JSONText?

    /// An existing file.
    package struct Source: Sendable {
        /// The path for findings.
        package var path: String
        /// nil if it cannot be read.
        package var bytes: [UInt8]?

        package init(path: String, bytes: [UInt8]?) {
            self.path = path
            self.bytes = bytes
        }

        /// The first existing file.
        fileprivate init?(_ paths: String...) {
            guard let path = paths.first(where: Files.exists) else { return nil }
            self.init(path: path, bytes: try? Files.bytes(of: path))
        }
    }

    package init(migrations folder: String) {
        self.init(
            environments: Source("\(folder)/environments.json", "environments.json"),
            dependencies: Source("\(folder)/dependencies.json")
        )
    }

    /// - Parameters: The existing files; nil for a missing file.
    package init(environments: Source?, dependencies: Source?) {
        if let environments, let text = document(environments) {
            let (file, reading) = EnvironmentsFile.reading(text)
            self.environments = file
            environmentsText = text
            note(reading, file.misplacedRules, text.path)
            noteDeniedProduction(text.path)
            findings += LintRules.unknownNames(in: file)
        }
        if let dependencies, let text = document(dependencies) {
            let (file, reading) = DependenciesFile.reading(text)
            self.dependencies = file
            note(reading, file.misplacedRules, text.path)
        }
    }

    /// The parsed file; nil if the text is not JSON.
    private mutating func document(_ source: Source) -> JSONText? {
        guard let bytes = source.bytes else {
            findings.append(
                Finding(
                    .unreadableFile,
                    file: source.path,
                    "it cannot be read",
                    hint: "check its permissions, and that it is a regular file"
                )
            )
            return nil
        }
        do {
            let text = try JSONText(bytes, path: source.path, passesRepeatedKeys: true)
            for member in text.repeatedKeys {
                findings.append(
                    Finding(
                        .duplicateEntry,
                        file: source.path,
                        line: member.line,
                        "\(member.value.trail) occurs twice",
                        hint: "keep one of the two"
                    )
                )
            }
            return text
        } catch {
            note(error, .jsonSyntax, source.path)
            return nil
        }
    }

    private mutating func note(_ reading: JSONReading, _ misplaced: [MisplacedRule], _ path: String) {
        for problem in reading.problems {
            let rule: ValidationRule =
                switch problem.kind {
                case .wrongType: .wrongType
                case .duplicateEntry: .duplicateEntry
                case .unknownEnvironment: .unknownEnvironment
                }
            note(problem.error, rule, path)
        }
        // A rule without effect is more serious than an unknown field.
        for field in reading.unknownFields
        where !field.isNull && !misplaced.contains(where: { $0.trail == field.trail && $0.line == field.line }) {
            findings.append(
                Finding(
                    .unknownField,
                    file: path,
                    line: field.line,
                    "\(field.trail) is an unknown field",
                    hint: field.nearest.map { "is \($0) meant?" } ?? "remove it"
                )
            )
        }
        for rule in misplaced {
            findings.append(Finding(.misplacedRule, file: path, line: rule.line, rule.message, hint: rule.hint))
        }
    }

    private mutating func note(_ error: EnvironmentsError, _ rule: ValidationRule, _ path: String) {
        findings.append(Finding(error, rule: rule.rawValue, severity: rule.severity, elsewhere: path))
    }

    private mutating func noteDeniedProduction(_ path: String) {
        for policy in environments.environments {
            guard let line = policy.deniedProductionLine else { continue }
            findings.append(
                Finding(
                    .deniedProduction,
                    file: path,
                    line: line,
                    "\(policy.name) is not treated as production, although its name says so",
                    hint: "remove \"production\": false, or rename the environment"
                )
            )
        }
    }
}
