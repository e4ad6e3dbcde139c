/// Reads values of a JSON document and records every error. So the same reader serves commands that need the whole file
/// and `validate`, which lists all errors.
///
///     var reading = JSONReading()
///     file.service = reading.text(root["service"])     // nil where it is not there, null, or something else
///     try reading.requireNoProblem()                   // for those who need the whole file
package struct JSONReading: Sendable {
    package struct Problem: Sendable {
        package enum Kind: Sendable {
            case wrongType, duplicateEntry, unknownEnvironment
        }

        package var kind: Kind
        /// The error as it is listed with others.
        package var error: EnvironmentsError
        /// The error for a command that needs the whole file; nil if the command can do without the value.
        package var refusal: EnvironmentsError?
    }

    /// In the order of discovery.
    package private(set) var problems: [Problem] = []
    /// Unknown fields, possibly misspelled.
    package private(set) var unknownFields: [UnknownField] = []

    package init() {}

    package var refusals: [EnvironmentsError] { problems.compactMap(\.refusal) }

    /// - Throws: `EnvironmentsError` with `.file`: the first problem.
    package func requireNoProblem() throws(EnvironmentsError) {
        if let refusal = refusals.first { throw refusal }
    }

    package mutating func note(_ error: EnvironmentsError, _ kind: Problem.Kind = .wrongType) {
        note(error, kind, refusal: error)
    }

    package mutating func note(
        _ error: EnvironmentsError,
        _ kind: Problem.Kind = .wrongType,
        refusal: EnvironmentsError?
    ) {
        problems.append(Problem(kind: kind, error: error, refusal: refusal))
    }
}

/// An unknown field.
package struct UnknownField: Sendable, Equatable {
    /// The keys that lead to it: `environments.qa.configg`.
    package var trail: String
    package var line: Int
    /// The field that was probably meant.
    package var nearest: String?
    /// Its value is null, which means the same as absence.
    package var isNull = false
}

// Values. All are nil if the value is absent or null.
extension JSONReading {
    /// - Parameter read: Throws the error of the value.
    package mutating func value<T>(
        _ node: JSONNode?,
        _ read: (JSONNode) throws(EnvironmentsError) -> T
    ) -> T? {
        guard let node else { return nil }
        do {
            return try read(node)
        } catch {
            note(error)
            return nil
        }
    }

    package mutating func text(_ node: JSONNode?) -> String? {
        value(node) { node throws(EnvironmentsError) in try node.text() }
    }

    package mutating func flag(_ node: JSONNode?) -> Bool? {
        value(node) { node throws(EnvironmentsError) in try node.bool() }
    }

    /// A whole number that is not negative.
    package mutating func count(_ node: JSONNode?) -> Int? {
        value(node) { node throws(EnvironmentsError) in try node.count() }
    }

    package mutating func texts(_ node: JSONNode?) -> [String]? {
        list(node) { node throws(EnvironmentsError) in try node.text() }
    }

    /// The elements that are valid.
    package mutating func list<T>(
        _ node: JSONNode?,
        _ read: (JSONNode) throws(EnvironmentsError) -> T
    ) -> [T]? {
        let elements = value(node) { node throws(EnvironmentsError) in try node.elements() }
        guard let elements else { return nil }
        return elements.compactMap { value($0, read) }
    }

    /// Empty if the value is not an object.
    package mutating func members(_ node: JSONNode?) -> [JSONMember] {
        value(node) { node throws(EnvironmentsError) in try node.members() } ?? []
    }

    package mutating func noteUnknownFields(of node: JSONNode, known: [String]) {
        for member in members(node) where !known.contains(member.key) { noteUnknown(member, known: known) }
    }

    package mutating func noteUnknown(_ member: JSONMember, known: [String]) {
        let nearest = Spelling.nearest(to: member.key, among: known)
        var field = UnknownField(trail: member.value.trail, line: member.line, nearest: nearest)
        if case .null = member.value.value { field.isNull = true }
        unknownFields.append(field)
    }
}
