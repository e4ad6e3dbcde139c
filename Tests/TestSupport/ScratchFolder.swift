import FoundationEssentials
import Glibc

/// A temporary folder that is removed with its content.
package struct ScratchFolder: Sendable {
    package let path: String

    /// Passes a new folder to `body`.
    ///
    /// - Parameter parent: Where it is made; `serverParent` if servers have their data there.
    package static func with<R>(
        in parent: String = "/tmp",
        _ body: (ScratchFolder) async throws -> R
    ) async throws -> R {
        let folder = ScratchFolder(path: try makeTemporaryFolder("granary-scratch", in: parent))
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        return try await body(folder)
    }

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a new file and returns its path. Folders in the name are created.
    @discardableResult
    package func write(_ content: String, to name: String) throws -> String {
        try write(Array(content.utf8), to: name)
    }

    @discardableResult
    package func write(_ content: [UInt8], to name: String) throws -> String {
        let path = file(name)
        let parent = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        guard FileManager.default.createFile(atPath: path, contents: Data(content)) else {
            throw CommandFailure(description: "cannot write \(path)")
        }
        return path
    }

    package func read(_ name: String) -> [UInt8] { readFile(file(name)) }

    /// The names in the folder or in a subfolder, sorted.
    package func names(in folder: String = "") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: file(folder))) ?? []).sorted()
    }
}

/// Where servers of tests have their data: in memory, if there is enough for all servers of a run. A database consists of
/// hundreds of small files, and creating and dropping them on disk takes most of a test's time.
package let serverParent: String = {
    var memory = statvfs()
    // Tests run programs there, too. Swift does not see the name ST_NOEXEC.
    let noExecution: UInt = 8
    guard statvfs("/dev/shm", &memory) == 0, memory.f_flag & noExecution == 0 else { return "/tmp" }
    return UInt64(memory.f_bavail) * UInt64(memory.f_frsize) >= 8 << 30 ? "/dev/shm" : "/tmp"
}()

/// A folder with a path short enough for a socket.
func makeTemporaryFolder(_ prefix: String, in parent: String = "/tmp") throws -> String {
    var template = Array("\(parent)/\(prefix)-XXXXXX\0".utf8CString)
    guard mkdtemp(&template) != nil else {
        throw CommandFailure(description: "cannot make a folder in \(parent): \(String(cString: strerror(errno)))")
    }
    return String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// The permission bits of a file; nil if it does not exist.
package func fileMode(_ path: String) -> UInt32? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
}
