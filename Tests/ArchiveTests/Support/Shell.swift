import Glibc
import Testing

@testable import Archive

/// Runs a command line that ends at once, and gives its exit status and output, both streams.
func shell(_ command: String) -> (status: CInt, output: String) {
    guard let stream = popen("{ \(command)\n} 2>&1", "re") else { return (-1, "") }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&buffer, 1, buffer.count, stream)
        guard count > 0 else { break }
        bytes += buffer[..<count]
    }
    let status = pclose(stream)
    return ((status >> 8) & 0xff, String(decoding: bytes, as: UTF8.self))
}

/// The same for one that takes longer, on a thread of its own: tests share few.
func longShell(_ command: String) async -> (status: CInt, output: String) {
    await withCheckedContinuation { continuation in
        let job = Unmanaged.passRetained(Job { continuation.resume(returning: shell(command)) })
        var thread = pthread_t()
        let status = pthread_create(
            &thread,
            nil,
            {
                Unmanaged<Job>.fromOpaque($0!).takeRetainedValue().body()
                return nil
            },
            job.toOpaque()
        )
        guard status == 0 else {
            job.release()
            return continuation.resume(returning: (-1, "no thread"))
        }
        pthread_detach(thread)
    }
}

private final class Job: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// The `granary` executable, built beside the running test bundle.
func granaryPath(file: String = #filePath) throws -> String {
    let own = realpath("/proc/self/exe", nil)
    defer { free(own) }
    let folder = own.map { String(cString: $0) }.map { $0[..<($0.lastIndex(of: "/") ?? $0.startIndex)] }
    let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
    let places = [folder.map { "\($0)/granary" }, "\(root)/.build/debug/granary"].compactMap { $0 }
    return try #require(places.first { access($0, X_OK) == 0 }, "no granary in \(places)")
}

/// A folder for a test, gone with it.
struct Folder: ~Copyable {
    let path: String

    init() {
        var template = Array("/tmp/granary-archive-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit { _ = shell("rm -rf '\(path)'") }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    var names: [String] {
        shell("ls -A '\(path)'").output.split(separator: "\n").map(String.init)
    }

    /// Writes an archive to a file and returns its path.
    func write(_ bytes: [UInt8], as name: String) throws -> String {
        let sink = try FileSink(path: file(name))
        try bytes.withUnsafeBytes { try sink.append($0) }
        try sink.commit()
        return file(name)
    }
}

func contents(of path: String) -> [UInt8]? {
    guard let source = try? FileSource(path: path) else { return nil }
    return try? source.bytes(at: 0, count: source.byteCount)
}
