import MigrationChecks
import Project
import TestSupport
import Testing

/// A project with a fault, the expected findings, and a similar project without the fault.
struct FaultCase: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var rule: ValidationRule
    /// The texts by name, relative to the project's folder.
    var files: [String: String]
    /// The findings of this rule, as `severity file:line:column`.
    var expected: [String]
    /// The changes to `files` that remove the fault. An empty text removes a file.
    var sound: [String: String]

    init(
        _ description: String,
        _ rule: ValidationRule,
        _ files: KeyValuePairs<String, String>,
        _ expected: String...,
        sound: KeyValuePairs<String, String>
    ) {
        testDescription = description
        self.rule = rule
        self.files = Dictionary(files.map { ($0.key, $0.value) }) { _, last in last }
        self.expected = expected
        self.sound = Dictionary(sound.map { ($0.key, $0.value) }) { _, last in last }
    }

    /// The findings of the rule in the faulty and in the correct project.
    func run() async throws -> (faulty: [String], sound: [String]) {
        let rule = rule.rawValue
        let faulty = try await validation(of: files).filter { $0.rule == rule }
        let better = files.merging(sound) { _, new in new }.filter { !$0.value.isEmpty }
        let sound = try await validation(of: better).filter { $0.rule == rule }
        return (faulty.map(\.place), sound.map { "\($0.place) \($0.message)" })
    }
}

extension Finding {
    /// The place of a finding, such as `error migrations/1_a.up.sql:3:1`.
    var place: String { "\(severity.rawValue) \(file):\(line)" + (column.map { ":\($0)" } ?? "") }
}

/// The findings of `validate` for a project with these files, with paths as a user sees them.
func validation(
    of files: [String: String],
    root: Bool = false,
    _ change: (inout Validator) -> Void = { _ in }
) async throws -> [Finding] {
    try await ScratchFolder.with { folder in
        try folder.write("", to: root ? ".keep" : "migrations/.keep")
        for (name, text) in files { try folder.write(text, to: name) }
        return try await validation(in: folder.path, root: root, change)
    }
}

func validation(
    in folder: String,
    root: Bool = false,
    _ change: (inout Validator) -> Void = { _ in }
) async throws -> [Finding] {
    let paths = root ? try Service.folders(in: folder) : ["\(folder)/migrations"]
    let services = try paths.map { path in
        let declared = DeclaredFiles(migrations: path)
        let service = try Service.resolve(
            option: root ? nil : "shop",
            variables: [:],
            file: declared.environments,
            folder: path
        )
        return Validator.Folder(service: service, declared: declared)
    }
    var validator = Validator(folders: services)
    change(&validator)
    return try await validator.check().findings().map { finding in
        var finding = finding
        finding.file = finding.file.replacing("\(folder)/", with: "")
        finding.message = finding.message.replacing("\(folder)/", with: "")
        finding.hint = finding.hint?.replacing("\(folder)/", with: "")
        return finding
    }
}

/// A correct migration that fits any number.
let soundUp = "-- Things.\nCREATE TABLE shop.things (id bigint PRIMARY KEY, name text);\n"
let soundDown = "DROP TABLE shop.things;\n"
