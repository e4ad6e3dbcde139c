internal import Glibc

/// Who runs the command, and where, for logs and reports.
enum Operator {
    /// The value of `GRANARY_ACTOR`, else the name of the account.
    static func account(_ variables: [String: String]) -> String {
        if let name = variables["GRANARY_ACTOR"], !name.isEmpty { return name }
        guard let account = getpwuid(getuid()) else { return "account \(getuid())" }
        return String(cString: account.pointee.pw_name)
    }

    /// The name of the machine; empty if unknown.
    static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, 255) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
