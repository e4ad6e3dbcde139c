internal import Storage

/// Paths relative to the top of the repository, which GitHub needs. The command may run in any of its folders.
struct RepositoryPaths {
    /// The folders from the top of the repository to the working folder.
    private let here: [Substring]
    /// The folders that lead to the repository; nil without one.
    private let top: [Substring]?

    /// - Parameter variables: The environment variables; `GITHUB_WORKSPACE` is the workspace of a workflow.
    init(_ variables: [String: String]) {
        let folder = Self.parts(Files.resolved(".") ?? "/")
        let workspace = variables["GITHUB_WORKSPACE"].flatMap(Files.resolved).map(Self.parts)
        top = workspace.flatMap { folder.starts(with: $0) ? $0 : nil } ?? Self.repository(of: folder)
        here = Array(folder.dropFirst(top?.count ?? folder.count))
    }

    func path(_ file: String) -> String {
        guard let top else { return file }
        var parts: [Substring] = []
        for part in (file.hasPrefix("/") ? [] : top + here) + Self.parts(file) where part != "." {
            if part == "..", !parts.isEmpty { parts.removeLast() } else { parts.append(part) }
        }
        guard parts.starts(with: top) else { return file }
        return parts.dropFirst(top.count).joined(separator: "/")
    }

    /// The nearest folder that has a `.git`, which is a file in a worktree.
    private static func repository(of folder: [Substring]) -> [Substring]? {
        for count in (0...folder.count).reversed() {
            let candidate = Array(folder.prefix(count))
            if Files.exists("/\(candidate.joined(separator: "/"))/.git") { return candidate }
        }
        return nil
    }

    private static func parts(_ path: String) -> [Substring] { path.split(separator: "/") }
}
