/// A service whose version a restore changes.
package struct ServiceRewind: Sendable, Equatable {
    package var service: String
    /// The highest applied version before; nil without one.
    package var from: Int?
    /// The highest applied version afterwards; nil without one.
    package var to: Int?

    package init(service: String, from: Int?, to: Int?) {
        self.service = service
        self.from = from
        self.to = to
    }

    /// `rewind user-service from version 5 to version 3`
    package var sentence: String {
        let verb = (to ?? -1) < (from ?? -1) ? "rewind" : "take"
        return "\(verb) \(service) \(change)"
    }

    /// `from version 5 to version 3`
    package var change: String { "from \(Self.text(from)) to \(Self.text(to))" }

    private static func text(_ version: Int?) -> String { version.map { "version \($0)" } ?? "no version" }
}

/// The applied migrations, by service.
struct AppliedVersions: Sendable, Equatable {
    var services: [String: Set<Int>] = [:]

    /// The services whose applied migrations differ afterwards.
    func rewinds(to after: AppliedVersions) -> [ServiceRewind] {
        Set(services.keys).union(after.services.keys).sorted().compactMap { name in
            let (old, new) = (services[name] ?? [], after.services[name] ?? [])
            return old == new ? nil : ServiceRewind(service: name, from: old.max(), to: new.max())
        }
    }
}
