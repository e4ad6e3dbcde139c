import Glibc

/// Runs a short command line, and returns its exit status and the output of both streams.
package func shell(_ command: String) -> (status: CInt, output: String) {
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

/// The same for a longer command, on its own thread, because tests share few threads.
package func longShell(_ command: String) async -> (status: CInt, output: String) {
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

/// A folder for a test, removed with it.
package struct Folder: ~Copyable {
    package let path: String

    package init() {
        var template = Array("/tmp/granary-archive-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit { _ = shell("rm -rf '\(path)'") }

    package func file(_ name: String) -> String { "\(path)/\(name)" }

    package var names: [String] {
        shell("ls -A '\(path)'").output.split(separator: "\n").map(String.init)
    }

    /// Writes a file and returns its path.
    package func write(_ bytes: [UInt8], as name: String) throws -> String {
        let descriptor = open(file(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        guard descriptor >= 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw CommandFailure(description: "cannot write \(file(name))")
        }
        return file(name)
    }
}

/// Like `==`, which takes long for millions of bytes in a build without optimization.
package func areSame(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.count == b.count && memcmp(a, b, a.count) == 0 }

/// The bytes of a file; nil if it does not exist.
package func contents(of path: String) -> [UInt8]? { access(path, R_OK) == 0 ? readFile(path) : nil }
