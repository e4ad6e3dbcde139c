internal import MigrationChecks
internal import Migrations
internal import Project

/// What `validate` makes of a file, and what the other commands make of it: what these refuse, that must have named.
enum DeclarationTargets {
    static func dependencies(_ input: [UInt8]) throws {
        let file = try unless(EnvironmentsError.self) { () -> DependenciesFile in
            try DependenciesFile(JSONText(input, path: "dependencies.json"))
        }
        let declared = DeclaredFiles(
            environments: nil,
            dependencies: DeclaredFiles.Source(path: "dependencies.json", bytes: input)
        )
        try compare(file?.entries.map(\.version), declared.dependencies.entries.map(\.version), declared)
        let lines = 1 + input.count { $0 == 0x0A }
        for entry in file?.entries ?? [] {
            try require((1...lines).contains(entry.line), "an entry of line \(entry.line) of \(lines)")
            try require(entry.range.upperBound <= input.count, "an entry ends behind the text")
        }
    }

    static func environments(_ input: [UInt8]) throws {
        let file = try unless(EnvironmentsError.self) { () -> EnvironmentsFile in
            try EnvironmentsFile(JSONText(input, path: "environments.json"))
        }
        let declared = DeclaredFiles(
            environments: DeclaredFiles.Source(path: "environments.json", bytes: input),
            dependencies: nil
        )
        try compare(file?.names, declared.environments.names, declared)
        _ = file?.folders
    }

    private static func compare<T: Equatable>(_ strict: T?, _ lenient: T, _ declared: DeclaredFiles) throws {
        if let strict {
            try require(strict == lenient, "validate reads something else than the other commands")
        } else {
            try require(declared.findings.contains { $0.severity == .error }, "validate passes over what is refused")
        }
        let lines = declared.findings.compactMap(\.line)
        try require(lines.allSatisfy { $0 >= 1 }, "a finding of line 0")
    }
}
