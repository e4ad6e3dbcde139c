internal import Glibc

/// The environment that the process was started with.
package enum ProcessEnvironment {
    package static let current: [String: String] = {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let mark = pair.firstIndex(of: "=") {
                variables[String(pair[..<mark])] = String(pair[pair.index(after: mark)...])
            }
            entry += 1
        }
        return variables
    }()
}
