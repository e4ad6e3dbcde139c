/// Reads values of a JSON document and notes everything that is not what it should be. So one reader serves the commands
/// that need the whole file and `validate`, which lists all faults at once.
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
        /// As it is listed with others.
        package var error: EnvironmentsError
        /// What a command says that needs the whole file; nil if it can do without the value.
        package var refusal: EnvironmentsError?
    }

    /// In the order in which they were found.
    package private(set) var problems: [Problem] = []
    /// Fields that no reader knows, perhaps misspelled.
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

/// A field that no reader knows.
package struct UnknownField: Sendable, Equatable {
    /// The keys that lead to it: `environments.qa.configg`.
    package var trail: String
    package var line: Int
    /// The field that is probably meant.
    package var nearest: String?
    /// It holds null, which is the same as not being there.
    package var isNull = false
}

// Values. All are nil where there is none, which null is too.
extension JSONReading {
    /// - Parameter read: Throws what is wrong with the value.
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

    /// The elements that are what they should be.
    package mutating func list<T>(
        _ node: JSONNode?,
        _ read: (JSONNode) throws(EnvironmentsError) -> T
    ) -> [T]? {
        let elements = value(node) { node throws(EnvironmentsError) in try node.elements() }
        guard let elements else { return nil }
        return elements.compactMap { value($0, read) }
    }

    /// None for what is no object.
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
