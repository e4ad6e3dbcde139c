internal import PostgresClient

/// Every object of a database with its definition, without rows: the state that a down file must restore.
///
/// OIDs and the order of columns are left out, because a column that is added again comes last.
struct CatalogShape: Sendable, Equatable {
    /// An object, named for people.
    struct Object: Hashable, Comparable, CustomStringConvertible {
        /// `table`, `column`, `index`.
        var kind: String
        var name: String

        static func < (a: Object, b: Object) -> Bool { (a.kind, a.name) < (b.kind, b.name) }
        var description: String { "\(kind) \(name)" }
    }

    struct Facts: Hashable {
        /// The table, type or schema that contains the object and is dropped with it.
        var parent: String
        var definition: String
        /// The part of the definition that the server may print in several ways; nil if there is none.
        var expression: String?

        /// The facts for people, one per line.
        var lines: [Substring] {
            definition.split(separator: "\n") + (expression?.split(separator: "\n") ?? [])
        }
    }

    private var objects: [Object: Facts] = [:]

    /// - Throws: `PostgresError`.
    static func read(_ session: borrowing Session) throws -> CatalogShape {
        var shape = CatalogShape()
        for row in try session.query(CatalogQuery.text) {
            shape.objects[Object(kind: row.text("kind"), name: row.text("name"))] = Facts(
                parent: row.text("parent"),
                definition: row.text("definition"),
                expression: row["expression"]
            )
        }
        return shape
    }
}

extension CatalogShape {
    struct Difference: Sendable, Equatable {
        var left: [String] = []
        var missing: [String] = []
        var changed: [String] = []

        var isEmpty: Bool { left.isEmpty && missing.isEmpty && changed.isEmpty }

        /// A clause for each kind of difference, with at most four objects.
        ///
        /// - Parameter verbs: The verbs for the objects that only the new shape has, for those that only the old one has, and
        ///   for those that both have.
        func clauses(_ verbs: (left: String, missing: String, changed: String)) -> String {
            [(verbs.left, left), (verbs.missing, missing), (verbs.changed, changed)]
                .filter { !$0.1.isEmpty }
                .map { verb, names in
                    let more = names.count > 4 ? " and \(names.count - 4) more" : ""
                    return "\(verb) \(names.prefix(4).joined(separator: ", "))\(more)"
                }
                .joined(separator: ", and ")
        }
    }

    /// The changes since an earlier shape, comparing texts only.
    func difference(from before: CatalogShape) -> Difference { difference(from: before) { _, _, _ in false } }

    /// The changes since an earlier shape.
    ///
    /// - Parameter isSame: Whether the old and the new definition of an object, which differ in their expressions, mean
    ///   the same.
    func difference(
        from before: CatalogShape,
        isSame: (_ object: Object, _ old: Facts, _ new: Facts) throws -> Bool
    ) rethrows -> Difference {
        var difference = Difference()
        difference.left = Self.roots(objects.filter { before.objects[$0.key] == nil })
        difference.missing = Self.roots(before.objects.filter { objects[$0.key] == nil })
        for (object, facts) in objects {
            guard let old = before.objects[object], old != facts else { continue }
            if old.definition == facts.definition, old.parent == facts.parent, try isSame(object, old, facts) {
                continue
            }
            difference.changed.append(Self.change(object, old, facts))
        }
        difference.changed.sort()
        return difference
    }

    /// Omits objects whose parent is in the list.
    private static func roots(_ objects: [Object: Facts]) -> [String] {
        let names = Set(objects.keys.map(\.description))
        return objects.filter { !names.contains($0.value.parent) }.keys.sorted().map(\.description)
    }

    /// The changed lines of a definition, if they are short enough for a message.
    private static func change(_ object: Object, _ old: Facts, _ new: Facts) -> String {
        let (old, new) = (old.lines, new.lines)
        let gone = old.filter { !new.contains($0) }.joined(separator: ", ")
        let come = new.filter { !old.contains($0) }.joined(separator: ", ")
        guard gone.count + come.count <= 120 else { return object.description }
        return "\(object) (\(gone.isEmpty ? "nothing" : gone) became \(come.isEmpty ? "nothing" : come))"
    }
}
