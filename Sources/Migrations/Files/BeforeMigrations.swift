package import PostgresClient
internal import Storage

/// `before` of `dependencies.json`: objects that exist in the real database before the first migration runs, because
/// something else creates them. Granary creates them in scratch databases only.
package struct BeforeMigrations: Sendable {
    package var schemas: [String] = []
    package var extensions: [String] = []
    /// SQL files. Paths are relative to the folder of migrations unless they begin with a slash.
    package var files: [String] = []

    package var isEmpty: Bool { schemas.isEmpty && extensions.isEmpty && files.isEmpty }

    package init() {}

    /// The paths of the files.
    ///
    /// - Parameter folder: The folder of migrations.
    package func paths(in folder: String) -> [String] {
        files.map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" }
    }

    /// Creates the schemas, then the extensions, then runs the files.
    ///
    /// - Parameters:
    ///   - folder: The folder of migrations.
    ///   - makesRoles: Whether to create the roles that a file names and the server does not have.
    /// - Throws: `MigrationError` with the place in the file; `PostgresError`; `CancellationError`.
    package func make(in folder: String, makesRoles: Bool, _ session: inout Session) throws {
        for schema in schemas { try session.execute("CREATE SCHEMA IF NOT EXISTS \(session.quoted(schema))") }
        try session.execute(Session.databaseSearchPath)
        for name in extensions {
            do {
                try session.execute("CREATE EXTENSION IF NOT EXISTS \(session.quoted(name)) CASCADE")
            } catch let error as PostgresError where error.code == .server {
                throw MigrationError(
                    .file,
                    at: FilePlace("\(folder)/dependencies.json"),
                    "the extension \(name) of \"before\" cannot be made: \(error.message)",
                    hint: "install it on the server that lends the scratch databases"
                )
            }
        }
        try session.startAnew()
        for path in paths(in: folder) {
            let script = try MigrationScript(try Self.text(of: path, in: folder), path: path)
            guard let failure = try script.run(&session, makesRoles: makesRoles) else { continue }
            throw MigrationError(.statement, at: failure.place, failure.sentence, hint: failure.hint)
        }
    }

    private static func text(of path: String, in folder: String) throws(MigrationError) -> String {
        do {
            return try Files.text(of: path)
        } catch {
            throw MigrationError(
                .file,
                at: FilePlace("\(folder)/dependencies.json"),
                "\(path), which \"before\" names, could not be read: \(error)",
                hint: "paths are relative to the folder of migrations"
            )
        }
    }
}
