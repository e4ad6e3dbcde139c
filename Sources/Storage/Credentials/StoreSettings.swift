/// How object stores are reached, for all buckets of a run.
package struct StoreSettings: Sendable {
    /// Where the bucket's name stands in requests.
    package enum Style: String, Sendable, CaseIterable {
        /// `https://server/bucket/key`
        case path
        /// `https://bucket.server/key`
        case virtual
    }

    /// The environment, with the variables of the AWS CLI.
    package var variables: [String: String]
    /// The URL of the server; nil for the variables, and else Amazon's.
    package var endpoint: String?
    /// nil for `path` if an endpoint is given or the bucket's name has dots, else `virtual`.
    package var style: Style?
    /// Whether plain http is accepted for other hosts than this one.
    package var allowsPlainHTTP = false
    /// A descriptor that becomes readable when waiting must end; -1 for none.
    package var wake: CInt = -1
    /// Takes remarks for the user.
    package var note: @Sendable (String) -> Void = { _ in }
    /// Takes remarks for the log. They contain neither keys nor signatures.
    package var log: @Sendable (String) -> Void = { _ in }

    package init(variables: [String: String]) { self.variables = variables }

    /// nil also for an empty variable.
    func variable(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
}
