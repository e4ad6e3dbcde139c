internal import Subprocess
internal import SystemPackage

/// A folder in the state of a branch or commit of git, and the changes to its files since then.
///
/// Fetches nothing and writes nothing.
package struct GitTree: Sendable {
    /// As given, such as `origin/main`.
    package let reference: String
    /// The files below the folder there, by relative path: `development/000004_a.up.sql`.
    package let files: Set<String>
    /// Files of the common ancestor that have changed here.
    package let edited: Set<String>
    /// Files of the common ancestor that are missing here.
    package let removed: Set<String>

    /// - Parameters: - reference: Anything that git accepts as a commit. - folder: Inside a working tree.
    /// - Throws: `MigrationError` with `.usage` for an unknown reference, a folder outside of git, and if git is not
    ///   installed; `CancellationError`.
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
        // Changes that were made only there, after this branch began, do not count as changes here.
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

    /// The numbers that are taken there, each with one of its files.
    ///
    /// - Parameter layers: Folders below the folder; "" for the folder itself.
    package func versions(in layers: Set<String>) -> [Int: String] {
        var versions: [Int: String] = [:]
        for path in files {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard let last = parts.last, let name = MigrationFileName(String(last)),
                layers.contains(parts.dropLast().joined(separator: "/"))
            else { continue }
            // For a pair, the up file.
            versions[name.version] = max(path, versions[name.version] ?? path)
        }
        return versions
    }
}

/// Runs git and reads its output.
private struct Git {
    let folder: String

    /// The first line of its output; nil if it fails.
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
                ? "this clone is shallow, and lacks it: `git fetch --unshallow`, or fetch-depth: 0 for actions/checkout"
                : "name the branch that this one was begun on"
        )
    }

    /// Names that are terminated by NUL.
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
                    "\(folder) is not in a git repository that can be read: \(errors.split(separator: "\n")[0])",
                    hint: "--base compares with a branch of the repository that the migrations are in"
                )
            }
            return (outcome.terminationStatus.isSuccess, outcome.standardOutput, errors)
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw MigrationError(.usage, "git cannot be run: \(error)", hint: "--base needs git")
        }
    }
}
