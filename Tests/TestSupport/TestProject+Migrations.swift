extension TestProject {
    /// Passes a project with these migrations, named by their paths in `migrations/`, to `body`.
    package static func with(
        migrations files: KeyValuePairs<String, String>,
        on server: ThrowawayServer? = nil,
        _ body: (TestProject) async throws -> Void
    ) async throws {
        try await with(files: ["migrations/.keep": ""], on: server) { project in
            for (name, text) in files { try project.writeMigration(text, to: name) }
            try await body(project)
        }
    }
}
