internal import Glibc

/// The environment variables that only granary reads. Some hold secrets, such as a passphrase, an identity or the URL of
/// a database, so child processes do not get them.
package enum OwnVariables {
    package static func contains(_ name: some StringProtocol) -> Bool {
        name.hasPrefix("GRANARY_") || name == "DATABASE_URL" || name == "DATABASE_PASSWORD"
    }

    /// The names of those that are set.
    package static var names: [String] {
        var names: [String] = []
        var entry = environ
        while let text = entry.pointee {
            names.append(String(String(cString: text).prefix { $0 != "=" }))
            entry += 1
        }
        return names.filter(contains)
    }
}
