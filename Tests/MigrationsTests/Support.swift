import Glibc
import Logging
import Migrations
import PostgresClient
import Project
import SQLText
import TestSupport
import Testing

extension TestProject {
    func migrator(
        backUp: @escaping @Sendable ([String]) async throws -> String = { _ in "a backup" },
        _ progress: @escaping @Sendable (MigrationEvent) -> Void = { _ in },
        _ change: (inout MigratorOptions) -> Void = { _ in }
    ) throws -> Migrator {
        let file = try EnvironmentsFile.read(migrations: migrations)
        var options = MigratorOptions(
            services: [.init(service: .init(name: service, schemas: [service], folder: migrations), file: file)],
            environment: environment,
            now: 1_795_000_000,
            actor: "tester",
            host: "here",
            toolVersion: "1"
        )
        change(&options)
        return Migrator(
            options,
            server: ServerAddress(url),
            logger: quietLogger,
            backUp: { tables, schemas in try await backUp(tables.map(\.description) + schemas) },
            progress: progress
        )
    }

    @discardableResult
    func up(_ count: Int? = nil, _ change: (inout MigratorOptions) -> Void = { _ in }) async throws -> MigrationReport {
        try await migrator(change).run(.up(count))
    }

    func migrator(_ change: (inout MigratorOptions) -> Void) throws -> Migrator {
        try migrator(backUp: { _ in "a backup" }, { _ in }, change)
    }

    @discardableResult
    func down(_ count: Int? = 1, _ change: (inout MigratorOptions) -> Void = { _ in }) async throws -> MigrationReport {
        try await migrator(change).run(.down(count))
    }

    /// The states of all migrations, such as `1 applied, 2 pending`.
    func states() async throws -> String {
        try await migrator().status()[0].standings.all.map { "\($0.version) \($0.state.rawValue)" }.joined(
            separator: ", "
        )
    }

    /// The versions in the ledger, in the order of their application.
    func ledger() async throws -> String {
        try await sql(
            "SELECT coalesce(string_agg(version::text, ' ' ORDER BY applied_order), '') FROM granary.migrations WHERE service = '\(service)'"
        )
    }
}

/// The error that `body` throws. If it throws none, records an issue and returns nil.
func failure(
    sourceLocation: SourceLocation = #_sourceLocation,
    of body: () async throws -> some Any
) async -> MigrationError? { await thrownError(sourceLocation: sourceLocation, by: body) }

extension ScratchFolder {
    func rename(_ old: String, _ new: String) throws {
        guard Glibc.rename(file(old), file(new)) == 0 else {
            throw CommandFailure(description: "cannot rename \(old): \(String(cString: strerror(errno)))")
        }
    }

    func remove(_ name: String) throws {
        guard unlink(file(name)) == 0 else { throw CommandFailure(description: "cannot remove \(name)") }
    }
}
