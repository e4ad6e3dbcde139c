internal import FoundationEssentials
package import Migrations
package import Project

/// `environments.json` and `dependencies.json` of a folder as far as they are what they should be, and everything in them
/// that is not.
package struct DeclaredFiles: Sendable {
    package private(set) var environments = EnvironmentsFile.usual
    package private(set) var dependencies = DependenciesFile()
    package private(set) var findings: [Finding] = []
    /// As `environments.json` was read, with the place of everything in it; nil where there is none.
    private(set) var environmentsText: JSONText?

    /// A file that is there.
    package struct Source: Sendable {
        /// As findings shall name it.
        package var path: String
        /// nil where it cannot be read.
        package var bytes: [UInt8]?

        package init(path: String, bytes: [UInt8]?) {
            self.path = path
            self.bytes = bytes
        }

        /// The first of the paths that is there.
        fileprivate init?(_ paths: String...) {
            guard let path = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) else { return nil }
            self.init(path: path, bytes: (try? Data(contentsOf: URL(filePath: path))).map(Array.init))
        }
    }

    package init(migrations folder: String) {
        self.init(
            environments: Source("\(folder)/environments.json", "environments.json"),
            dependencies: Source("\(folder)/dependencies.json")
        )
    }

    /// - Parameters: nil for a file that is not there.
    package init(environments: Source?, dependencies: Source?) {
        if let environments { readEnvironments(environments) }
        if let dependencies { readDependencies(dependencies) }
    }

    private mutating func readEnvironments(_ source: Source) {
        let path = source.path
        guard var text = document(source, .environments) else {
            // Nothing is left of a document that is `null`, and yet nothing was said of it.
            return requireStrict(source) { text throws(EnvironmentsError) in _ = try EnvironmentsFile(text) }
        }
        environmentsText = text
        if case .object(var members) = text.root.value,
            let current = members.firstIndex(where: { $0.key == "current_environment" }),
            case .string(let name) = members[current].value.value
        {
            let declared = (try? text.root["environments"]?.members())?.map(\.key) ?? []
            let names = declared.isEmpty ? EnvironmentsFile.usualNames : declared
            if !names.contains(name) {
                findings.append(
                    Finding(
                        .unknownEnvironment,
                        file: path,
                        line: members[current].line,
                        "current_environment is \(name), which is not declared",
                        hint: "declared are \(names.joined(separator: ", "))"
                    )
                )
                members.remove(at: current)
                text = text.with(members)
            }
        }
        do {
            environments = try EnvironmentsFile(text)
            noteUnknown(environments.unknownFields, path, JSONShape.environments.fields)
            noteMisplaced(environments.misplacedRules, path)
            noteDeniedProduction(path)
            findings += LintRules.unknownNames(in: environments)
        } catch {
            note(error, path)
        }
        requireStrict(source) { text throws(EnvironmentsError) in _ = try EnvironmentsFile(text) }
    }

    private mutating func readDependencies(_ source: Source) {
        guard let text = text(source) else { return }
        dependencies = DependenciesFile(reading: text)
        for problem in dependencies.problems { note(problem, text.path) }
        noteUnknown(dependencies.unknownFields, text.path, DependenciesFile.fields)
        noteMisplaced(dependencies.misplacedRules, text.path)
    }

    private mutating func note(_ problem: DependenciesFile.Problem, _ path: String) {
        switch problem {
        case .mismatch(let error), .approval(let error): note(error, path)
        case .key(let member):
            findings.append(
                Finding(
                    .wrongType,
                    file: path,
                    line: member.line,
                    "the key \(member.key) names no migration; write its number, such as 000001"
                )
            )
        case .second(let entry, let first):
            findings.append(
                Finding(
                    .duplicateEntry,
                    file: path,
                    line: entry.line,
                    "\(entry.key) is the second entry of migration \(entry.version), after \(first.key) in line \(first.line)",
                    hint: "keep one of the two"
                )
            )
        }
    }

    /// What fits of a document; nil where it is no JSON.
    private mutating func document(_ source: Source, _ shape: JSONShape) -> JSONText? {
        guard let text = text(source) else { return nil }
        var check = JSONCheck()
        let root = check.fitting(text.root, shape)
        findings += check.findings
        return root.map { text.reduced(to: $0) }
    }

    /// nil if it is no JSON. Of keys that are repeated the first one counts.
    private mutating func text(_ source: Source) -> JSONText? {
        let path = source.path
        guard let bytes = source.bytes else {
            findings.append(
                Finding(
                    .unreadableFile,
                    file: path,
                    "it cannot be read",
                    hint: "look at its rights, and whether it is a file"
                )
            )
            return nil
        }
        do {
            let text = try JSONText(bytes, path: path, passesRepeatedKeys: true)
            for member in text.repeatedKeys {
                findings.append(
                    Finding(
                        .duplicateEntry,
                        file: path,
                        line: member.line,
                        "\(member.value.trail) is there twice",
                        hint: "keep one of the two"
                    )
                )
            }
            return text
        } catch {
            note(error, path, .jsonSyntax)
            return nil
        }
    }

    /// What the strict reader refuses is never passed over here, whatever this knows of the form.
    private mutating func requireStrict(_ source: Source, _ read: (JSONText) throws(EnvironmentsError) -> Void) {
        let path = source.path
        guard !findings.contains(where: { $0.file == path && $0.severity == .error }), let bytes = source.bytes else {
            return
        }
        do {
            try read(try JSONText(bytes, path: path))
        } catch {
            note(error, path)
        }
    }

    /// A rule that has no effect is no mere unknown field.
    private mutating func noteMisplaced(_ rules: [MisplacedRule], _ path: String) {
        for rule in rules {
            findings.removeAll { finding in
                finding.rule == ValidationRule.unknownField.rawValue && finding.file == path
                    && finding.line == rule.line && finding.message.hasPrefix("\(rule.trail) ")
            }
            findings.append(Finding(.misplacedRule, file: path, line: rule.line, rule.message, hint: rule.hint))
        }
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
                    hint: "take \"production\": false out, or give the environment another name"
                )
            )
        }
    }

    private mutating func noteUnknown(
        _ fields: [EnvironmentsFile.UnknownField],
        _ path: String,
        _ names: ([Substring]) -> [String]
    ) {
        for field in fields {
            let trail = field.trail.split(separator: ".")
            let known = names(Array(trail.dropLast()))
            let near = trail.last.flatMap { Spelling.nearest(to: String($0), among: known) }
            findings.append(
                Finding(
                    .unknownField,
                    file: path,
                    line: field.line,
                    "\(field.trail) is a field that nobody knows",
                    hint: near.map { "is \($0) meant?" } ?? "take it out"
                )
            )
        }
    }

    private mutating func note(_ error: EnvironmentsError, _ path: String, _ rule: ValidationRule = .wrongType) {
        findings.append(Finding(error, rule: rule.rawValue, severity: rule.severity, elsewhere: path))
    }
}

extension JSONText {
    fileprivate func with(_ members: [JSONMember]) -> JSONText {
        var root = root
        root.value = .object(members)
        return reduced(to: root)
    }
}
