internal import Glibc

/// Reading the small files beside the migrations.
enum FileText {
    /// What lies at a path.
    enum Kind: Equatable {
        case file, folder, nothing
    }

    static func kind(of path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { return .nothing }
        return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
    }

    /// - Throws: `EnvironmentsError.invalidFile` with the system's reason.
    static func bytes(of path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                guard errno == EINTR else { throw failure(path) }
                continue
            }
            bytes += buffer[..<count]
        }
    }

    private static func failure(_ path: String) -> EnvironmentsError {
        EnvironmentsError(
            .invalidFile,
            "\(path) cannot be read: \(String(cString: strerror(errno)))",
            hint: "look at the path and its rights"
        )
    }

    /// The names in a folder, hidden ones left out, sorted byte by byte.
    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The name of the folder that holds `path`, found through the file system where it is there, else from the
    /// working folder and the text; nil for the root.
    static func nameOfParent(of path: String) -> String? {
        if let real = realpath(path, nil) {
            defer { free(real) }
            return lastFolder(String(cString: real))
        }
        guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return lastFolder(path) }
        defer { free(here) }
        return lastFolder("\(String(cString: here))/\(path)")
    }

    private static func lastFolder(_ path: String) -> String? {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.dropLast().last.map(String.init)
    }

    static func joined(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }
}
