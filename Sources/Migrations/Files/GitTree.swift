internal import Subprocess
internal import SystemPackage

/// The files of a folder at a commit of git, and how they have changed since the common ancestor of that commit and the
/// checked-out one.
///
/// Reads the local repository only; it neither fetches nor writes.
package struct GitTree: Sendable {
    /// The commit as the user wrote it, such as `origin/main`.
    package let reference: String
    /// The files below the folder at that commit, by relative path: `development/000004_a.up.sql`.
    package let files: Set<String>
    /// Files of the common ancestor whose content differs in the working tree.
    package let edited: Set<String>
    /// Files of the common ancestor that are missing in the working tree.
    package let removed: Set<String>

    /// - Parameters:
    ///   - reference: Anything that git accepts as a commit.
    ///   - folder: A folder inside a working tree.
    /// - Throws: `MigrationError` with `.usage` if git does not know the reference, if the folder is not in a
    ///   repository, or if git is not installed; `CancellationError`.
    package static func read(_ reference: String, folder: String) async throws -> GitTree {
        let git = Git(folder: folder)
        let name = reference.isEmpty ? "HEAD" : reference
        guard let commit = try await git.line(["rev-parse", "--verify", "--end-of-options", "\(name)^{commit}"]) else {
            throw MigrationError(
                .usage,
                "\(reference) is not a commit that the git repository of \(folder) knows",
                hint:
                    "fetch it first, such as with `git fetch origin main`; a shallow clone needs `git fetch --unshallow`"
            )
        }
        let files = try await git.names(["ls-tree", "-r", "-z", "--name-only", commit])
        // Compares with the common ancestor, so that changes made only on the other branch do not count as changes
        // here.
        let ancestor = try await git.ancestor(of: commit, reference)
        let changes = ["diff", "-z", "--no-renames", "--no-ext-diff", "--relative", "--name-only"]
        return GitTree(
            reference: reference,
            files: Set(files),
            edited: Set(try await git.names(changes + ["--diff-filter=MT", ancestor, "--", "."])),
            removed: Set(try await git.names(changes + ["--diff-filter=D", ancestor, "--", "."]))
        )
    }

    init(reference: String, files: Set<String>, edited: Set<String>, removed: Set<String>) {
        self.reference = reference
        self.files = files
        self.edited = edited
        self.removed = removed
    }

    /// The versions in use at that commit, each with one of its files.
    ///
    /// - Parameter layers: Folders below the folder; "" for the folder itself.
    package func versions(in layers: Set<String>) -> [Int: String] {
        var versions: [Int: String] = [:]
        for path in files {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard let last = parts.last, let name = MigrationFileName(String(last)),
                layers.contains(parts.dropLast().joined(separator: "/"))
            else { continue }
            // The up file of a pair sorts after the down file.
            versions[name.version] = max(path, versions[name.version] ?? path)
        }
        return versions
    }
}

/// Runs git and reads its output.
private struct Git {
    let folder: String

    /// The first line of git's output; nil if git fails.
    func line(_ arguments: [String]) async throws -> String? {
        let (succeeded, output, _) = try await run(arguments)
        guard succeeded, let line = output.split(separator: "\n").first else { return nil }
        return String(line)
    }

    /// The last common commit of a commit and this branch; the commit itself if this branch has none yet.
    func ancestor(of commit: String, _ reference: String) async throws -> String {
        guard let here = try await line(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]) else { return commit }
        if let ancestor = try await line(["merge-base", commit, here]) { return ancestor }
        let isShallow = try await line(["rev-parse", "--is-shallow-repository"]) == "true"
        throw MigrationError(
            .usage,
            "git knows no commit of \(folder) that \(reference) and what is checked out have in common",
            hint: isShallow
                ? "this clone is shallow: run `git fetch --unshallow`, or set fetch-depth: 0 for actions/checkout"
                : "name the branch that this one was started from"
        )
    }

    /// The NUL-terminated names that git prints.
    func names(_ arguments: [String]) async throws -> [String] {
        let (succeeded, output, errors) = try await run(arguments)
        guard succeeded else {
            let reason = errors.split(separator: "\n").last.map(String.init) ?? "git \(arguments[0]) failed"
            throw MigrationError(.usage, "git cannot read \(folder): \(reason)")
        }
        return output.split(separator: "\0").map(String.init)
    }

    private func run(_ arguments: [String]) async throws -> (succeeded: Bool, output: String, errors: String) {
        do {
            let outcome = try await Subprocess.run(
                .name("git"),
                arguments: Arguments(["-C", folder, "--no-pager"] + arguments),
                environment: .inherit.updating(["LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"]),
                output: .string(limit: 1 << 27),
                error: .string(limit: 1 << 16)
            )
            try Task.checkCancellation()
            let errors = outcome.standardError
            if errors.contains("not a git repository") || errors.contains("dubious ownership") {
                throw MigrationError(
                    .usage,
                    "\(folder) is not in a git repository that can be read",
                    hint: "--base compares with a branch of the repository that the migrations are in; "
                        + "`granary migrate renumber` needs no git if you name the migration"
                )
            }
            return (outcome.terminationStatus.isSuccess, outcome.standardOutput, errors)
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw MigrationError(.usage, "git cannot be run: \(error)", hint: "--base needs git")
        }
    }
}
