/// A place in the parse tree of a statement, or none. A missing field is an empty node, so that
/// `node["relation"]["relname"].string` needs no optional chaining.
///
/// The names are those of PostgreSQL's own structures (`src/include/nodes/parsenodes.h`), as libpg_query writes them. A
/// field that is false, 0 or empty is omitted. A node in a list, or in a field for any kind of node, is wrapped in its
/// `kind`; a node in a field for a single kind is not. Subscripts look through the wrapping.
package struct ParseNode: Sendable {
    private let tape: JSONTape?
    private let index: Int

    init(_ tape: JSONTape, _ index: Int) {
        self.tape = tape
        self.index = index
    }

    private init() {
        tape = nil
        index = 0
    }

    package static let none = ParseNode()

    package var exists: Bool { tape != nil }

    /// Its kind, such as `SelectStmt`; empty for a node in a field for a single kind, and for a missing one.
    package var kind: String {
        guard let tape, isWrapped else { return "" }
        return tape.text(index + 1)
    }

    package func isKind(_ kind: StaticString) -> Bool {
        guard let tape, isWrapped else { return false }
        return tape.isKey(index + 1, kind)
    }

    /// `{"SelectStmt": {…}}`: kinds begin with a capital letter, fields do not.
    private var isWrapped: Bool { tape?.entries[index].isWrapping ?? false }

    /// The node itself, or the content of the wrapping.
    package var content: ParseNode {
        guard let tape, isWrapped else { return self }
        return ParseNode(tape, index + 2)
    }

    /// The field of this name.
    package subscript(field: StaticString) -> ParseNode {
        guard let tape else { return .none }
        let object = isWrapped ? index + 2 : index
        guard tape.entries[object].kind == .object else { return .none }
        let end = Int(tape.entries[object].next)
        var key = object + 1
        while key < end {
            if tape.isKey(key, field) { return ParseNode(tape, key + 1) }
            key = Int(tape.entries[key + 1].next)
        }
        return .none
    }

    /// The elements of a list, either bare or a `List`.
    package var items: [ParseNode] {
        guard let tape else { return [] }
        if tape.entries[index].kind == .object { return isKind("List") ? self["items"].items : [] }
        guard tape.entries[index].kind == .array else { return [] }
        var items: [ParseNode] = []
        items.reserveCapacity(tape.count(index))
        tape.forEachElement(index) { items.append(ParseNode(tape, $0)) }
        return items
    }

    /// The text of a field, a `String` or a constant.
    package var string: String? {
        guard let tape else { return nil }
        switch tape.entries[index].kind {
        case .string: return tape.text(index)
        case .object:
            let value = self["sval"]
            return value.exists ? value.string : nil
        default: return nil
        }
    }

    /// The whole number in a field, an `Integer` or a constant. nil for a 0 that was omitted.
    package var int: Int? {
        guard let tape else { return nil }
        switch tape.entries[index].kind {
        case .number: return tape.number(index)
        case .object:
            let value = self["ival"]
            return value.exists ? value.int : nil
        default: return nil
        }
    }

    package var isTrue: Bool {
        guard let tape else { return false }
        return tape.entries[index].kind == .true
    }

    /// The texts of a list of names.
    package var names: [String] {
        guard let tape, tape.entries[index].kind == .array else { return items.compactMap(\.string) }
        var names: [String] = []
        names.reserveCapacity(tape.count(index))
        tape.forEachElement(index) { if let name = ParseNode(tape, $0).string { names.append(name) } }
        return names
    }

    /// Its beginning in the script, in bytes; nil for nodes without a `location`.
    package var offset: Int? {
        guard let tape, tape.entries[index].kind == .object else { return nil }
        let location = self["location"].int ?? 0
        return location < 0 ? nil : tape.base + location
    }
}

// The tree as a whole.
extension ParseNode {
    /// Its range among all nodes, which includes the ranges of all nodes below it.
    var range: Range<Int> {
        guard let tape else { return 0..<0 }
        return index..<Int(tape.entries[index].next)
    }

    /// Calls `body` for every field and every wrapping below it, in the order of the tree. If `body` returns false, the
    /// content of that field is skipped.
    func forEachField(_ body: (_ field: FieldName, _ value: ParseNode) -> Bool) {
        guard let tape else { return }
        let end = range.upperBound
        var position = index
        while position < end {
            guard tape.entries[position].kind == .key else {
                position += 1
                continue
            }
            let descends = body(FieldName(tape: tape, index: position), ParseNode(tape, position + 1))
            position = descends ? position + 1 : Int(tape.entries[position + 1].next)
        }
    }

    /// All nodes of a kind in it, itself included.
    package func descendants(ofKind kind: StaticString) -> [ParseNode] {
        guard let tape else { return [] }
        var found: [ParseNode] = []
        // Only wrapped nodes are preceded by the name of their kind.
        for position in range where tape.entries[position].isWrapping && tape.isKey(position + 1, kind) {
            found.append(ParseNode(tape, position + 2))
        }
        return found
    }

    /// The name of a field, compared without creating a string.
    struct FieldName {
        let tape: JSONTape
        let index: Int

        func `is`(_ name: StaticString) -> Bool { tape.isKey(index, name) }

        /// The first byte and the length distinguish most names quickly.
        var first: UInt8 { tape.bytes[Int(tape.entries[index].start)] }
    }
}
