/// A project with migrations in a scratch folder, with its own database.
package struct MigrationProject: Sendable {
    package let url: String
    package let folder: ScratchFolder
    package var environment = "development"
    package var service = "shop"

    package init(url: String, folder: ScratchFolder, service: String = "shop") {
        self.url = url
        self.folder = folder
        self.service = service
    }

    /// Passes a project with these files, named relative to `migrations/`, to `body`.
    package static func with(
        _ files: KeyValuePairs<String, String> = [:],
        on server: ThrowawayServer? = nil,
        _ body: (MigrationProject) async throws -> Void
    ) async throws {
        let server = if let server { server } else { try await ThrowawayServer.shared() }
        try await ScratchFolder.with { folder in
            try folder.write("", to: "migrations/.keep")
            for (name, text) in files { try folder.write(text, to: "migrations/\(name)") }
            try await server.withDatabase { url in try await body(MigrationProject(url: url, folder: folder)) }
        }
    }

    @discardableResult
    package func write(_ text: String, to name: String) throws -> String {
        try folder.write(text, to: "migrations/\(name)")
    }

    package var path: String { folder.file("migrations") }

    @discardableResult
    package func sql(_ text: String) async throws -> String { try await psql(url, text) }
}
