/// `environments.json`, which lies in the migrations folder: which environments there are, and what each of them allows.
///
///     {
///       "service": "user-service", "schemas": ["user_service"], "current_environment": "development",
///       "environments": {"production": {"description": "…", "migrations": ["000001_x.up.sql"], "seed_files": ["…"],
///                                       "config": {"require_approval": true, "maintenance_window": "Sun 02:00-04:00 UTC"}}},
///       "migration_locking": {"enabled": true, "timeout_seconds": 300, "max_concurrent_migrations": 1}
///     }
///
/// `migrations` is a list of files, or the name of a folder. A field that is not known is a finding; a field of the
/// wrong type is an error.
package struct EnvironmentsFile: Sendable, Equatable {
    /// The file; nil where there is none.
    package var path: String?
    /// In the order of the file.
    package var environments: [DeclaredEnvironment]
    package var currentEnvironment: DeclaredEnvironment.ListedName?
    package var locking = MigrationLocking()
    package var service: DeclaredEnvironment.ListedName?
    /// The schemas that belong to the service; nil where the file does not say.
    package var schemas: [DeclaredEnvironment.ListedName]?
    package var findings: [FileFinding] = []

    package static let name = "environments.json"

    /// What there is without a file: development, staging, production, which allow everything.
    package static let usual = EnvironmentsFile(
        path: nil,
        environments: ["development", "staging", "production"].map { DeclaredEnvironment($0) }
    )

    init(path: String?, environments: [DeclaredEnvironment]) {
        self.path = path
        self.environments = environments
    }

    /// The file of a migrations folder, or `usual` where it has none.
    ///
    /// - Throws: `EnvironmentsError.invalidFile`.
    package static func read(migrations folder: String) throws -> EnvironmentsFile {
        let path = FileText.joined(folder, name)
        guard FileText.kind(of: path) != .nothing else { return usual }
        return try EnvironmentsFile(JSONText(path: path))
    }

    /// - Throws: `EnvironmentsError.invalidFile`.
    package init(_ text: JSONText) throws {
        var reader = EnvironmentsReader()
        self = try reader.file(text)
    }

    package var names: [String] { environments.map(\.name) }

    package subscript(name: String) -> DeclaredEnvironment? { environments.first { $0.name == name } }

    package func declares(_ name: String) -> Bool { self[name] != nil }
}
