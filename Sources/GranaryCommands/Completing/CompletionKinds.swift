internal import ArgumentParser

/// What a shell offers behind TAB where the parser alone does not know. The shell asks the command itself
/// (`granary ---completion …`), each time.
extension CompletionKind {
    /// Backups by their names in `--backups`, and files and folders by their paths.
    static func backup(_ endings: String...) -> CompletionKind {
        .custom { words, _, prefix in
            Candidates(words).backups(prefix, endings: endings)
        }
    }

    /// The environments that are declared.
    static var environment: CompletionKind { .custom { words, _, _ in Candidates(words).environments } }

    /// The versions of the migrations in the folder.
    static var migration: CompletionKind { .custom { words, _, _ in Candidates(words).versions } }
}
