internal import PostgresClient

/// Every object of a database and what it is made of, without its rows: what a down must bring back.
///
/// Neither oids nor the order of columns are part of it: a column that comes back comes last.
struct CatalogShape: Sendable, Equatable {
    /// An object, as people name it.
    struct Object: Hashable, Comparable, CustomStringConvertible {
        /// `table`, `column`, `index`.
        var kind: String
        var name: String

        static func < (a: Object, b: Object) -> Bool { (a.kind, a.name) < (b.kind, b.name) }
        var description: String { "\(kind) \(name)" }
    }

    struct Facts: Hashable {
        /// The table, type or schema that it is a part of, and goes with.
        var parent: String
        var definition: String
        /// The part of the definition that the server may spell in several ways; nil if there is none.
        var expression: String?

        /// For people, a fact a line.
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

// What is different.
extension CatalogShape {
    struct Difference: Sendable, Equatable {
        var left: [String] = []
        var missing: [String] = []
        var changed: [String] = []

        var isEmpty: Bool { left.isEmpty && missing.isEmpty && changed.isEmpty }

        /// A clause for each way to differ, of at most so many objects.
        var clauses: [String] {
            [("leaves behind", left), ("does not bring back", missing), ("brings back otherwise", changed)]
                .filter { !$0.1.isEmpty }
                .map { verb, names in
                    let more = names.count > 4 ? " and \(names.count - 4) more" : ""
                    return "\(verb) \(names.prefix(4).joined(separator: ", "))\(more)"
                }
        }
    }

    /// How the database is now, compared with how it was, by the texts alone.
    func difference(from before: CatalogShape) -> Difference { difference(from: before) { _, _, _ in false } }

    /// How the database is now, compared with how it was.
    ///
    /// - Parameter isSame: Whether two spellings of an object's expression mean the same, the older one first.
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

    /// Without the parts of what is named itself.
    private static func roots(_ objects: [Object: Facts]) -> [String] {
        let names = Set(objects.keys.map(\.description))
        return objects.filter { !names.contains($0.value.parent) }.keys.sorted().map(\.description)
    }

    /// What of a definition changed, where it is short enough to be read in a sentence.
    private static func change(_ object: Object, _ old: Facts, _ new: Facts) -> String {
        let (old, new) = (old.lines, new.lines)
        let gone = old.filter { !new.contains($0) }.joined(separator: ", ")
        let come = new.filter { !old.contains($0) }.joined(separator: ", ")
        guard gone.count + come.count <= 120 else { return object.description }
        return "\(object) (\(gone.isEmpty ? "nothing" : gone) became \(come.isEmpty ? "nothing" : come))"
    }
}
