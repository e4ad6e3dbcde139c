import Glibc
import TestSupport

@testable import LocalServer

/// A project folder, and the folder for root's clusters. At the end the server is stopped and everything deleted, even
/// if the test process crashes.
struct ProjectFolder {
    let path: String
    let shared: String

    func open(postgresBin: String? = nil, database: String = "granary", project: String? = nil) throws -> LocalCluster {
        try LocalCluster.open(
            project: project ?? path,
            postgresBin: postgresBin,
            database: database,
            shared: shared,
            logger: quietLogger
        )
    }

    static func with(name: String = "project", _ body: (ProjectFolder) async throws -> Void) async throws {
        try await ScratchFolder.with(in: serverParent) { scratch in
            try scratch.write("", to: "\(name)/README")
            let path = String(decoding: Array(scratch.file(name).utf8), as: UTF8.self)
            // The server's account must be able to enter it.
            chmod(scratch.path, 0o755)
            let folder = ProjectFolder(path: path, shared: scratch.file("shared"))
            let place = (try folder.open()).place
            let watch = try ServerWatch(data: place.data, deleting: [scratch.path, place.socket])
            do {
                try await body(folder)
            } catch {
                try await watch.release()
                throw error
            }
            try await watch.release()
        }
    }
}

/// Runs a shell script as the server's account.
func asServer(_ script: String, _ arguments: [String], input: String = "") async throws -> Program.Outcome {
    try await Program(as: try ServerAccount.forCaller())
        .run("/bin/sh", ["-c", script, "sh"] + arguments, input: input)
}

/// The `LocalServerError` that `body` throws.
func localServerError(_ body: () async throws -> Void) async -> LocalServerError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? LocalServerError
    }
}

/// Whether the lock is free. Takes and releases it.
func isFree(_ path: String) throws -> Bool { try InheritedLock.attempt(path) != nil }
