import Glibc

@testable import Archive

/// Runs a command line and gives its exit status and output, both streams.
func shell(_ command: String) -> (status: CInt, output: String) {
    guard let stream = popen("{ \(command)\n} 2>&1", "r") else { return (-1, "") }
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
