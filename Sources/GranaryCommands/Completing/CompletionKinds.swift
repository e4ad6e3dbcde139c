internal import ArgumentParser

/// Completions that the parser alone does not know. The shell asks the command itself each time
/// (`granary ---completion …`).
extension CompletionKind {
    /// Backups in `--backups` by name, and files and folders by path.
    static func backup(_ endings: String...) -> CompletionKind {
        .custom { words, _, prefix in
            Candidates(words).backups(prefix, endings: endings)
        }
    }

    /// The declared environments.
    static var environment: CompletionKind { .custom { words, _, _ in Candidates(words).environments } }

    /// The versions of the migrations in the folder.
    static var migration: CompletionKind { .custom { words, _, _ in Candidates(words).versions } }
}
