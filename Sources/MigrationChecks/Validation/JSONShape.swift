internal import Migrations
internal import Project

/// The form that a JSON file should have, with which all that has another one is found at once.
///
/// The readers of these files stay as strict as they are: what does not fit is left out of the document, and the rest is
/// given to them.
indirect enum JSONShape: Sendable {
    case text
    case flag
    case count
    case texts
    case window
    /// A folder, or a list of files.
    case folderOrFiles
    /// Fields that are not named here may hold anything; the readers say which nobody knows.
    case object([String: JSONShape])
    /// Any keys, of which `problem` says what is wrong with one.
    case mapping(JSONShape, problem: @Sendable (String) -> String?)
    case anything

    static let environments = JSONShape.object([
        "environments": .mapping(
            .object([
                "description": .text, "migrations": .folderOrFiles, "seed_files": .texts,
                "config": .object([
                    "production": .flag, "allow_destructive_operations": .flag, "skip_validation": .flag,
                    "auto_rollback_on_failure": .flag,
                    "require_approval": .flag, "maintenance_window_required": .flag, "maintenance_window": .window,
                    "backup_required": .flag, "lint": .object(["enable": .texts, "disable": .texts]),
                ]),
                "extends": .anything, "name": .anything,
            ])
        ) { name in
            name.isEmpty || name == "." || name == ".." || name.utf8.count > 63
                || name.unicodeScalars.contains { $0 == "/" || $0.value < 0x20 }
                ? "this cannot be the name of an environment, because it cannot be that of a folder" : nil
        },
        "current_environment": .text, "service": .text, "schemas": .texts, "beside": .texts,
        "migration_locking": .object([
            "enabled": .flag, "timeout_seconds": .count, "max_concurrent_migrations": .count,
        ]),
    ])

    /// The names of fields at a place, for guesses at what was meant.
    func fields(at trail: [Substring]) -> [String] {
        switch self {
        case .object(let fields):
            guard let first = trail.first else { return fields.keys.sorted() }
            return fields[String(first)]?.fields(at: Array(trail.dropFirst())) ?? []
        case .mapping(let shape, _): return trail.isEmpty ? [] : shape.fields(at: Array(trail.dropFirst()))
        default: return []
        }
    }
}

/// Holds a document against its shape.
struct JSONCheck {
    private(set) var findings: [Finding] = []

    /// What is left of a value; nil where nothing of it is what it should be.
    mutating func fitting(_ node: JSONNode, _ shape: JSONShape) -> JSONNode? {
        // null is the same as not being there.
        if case .null = node.value { return nil }
        switch shape {
        case .text: return keep(node, { try node.text() })
        case .flag: return keep(node, { try node.bool() })
        case .count: return keep(node, { try node.count() })
        case .texts: return list(node) { _ = try $0.text() }
        case .window: return window(node)
        case .folderOrFiles:
            if case .string = node.value { return node }
            return fitting(node, .texts)
        case .object(let fields): return object(node) { fields[$0] ?? .anything }
        case .mapping(let shape, let problem): return object(node, problem) { _ in shape }
        case .anything: return node
        }
    }

    private mutating func keep<T>(_ node: JSONNode, _ read: () throws -> T) -> JSONNode? {
        do {
            _ = try read()
            return node
        } catch {
            return refuse(node, error)
        }
    }

    private mutating func list(
        _ node: JSONNode,
        _ read: (JSONNode) throws -> Void
    ) -> JSONNode? {
        guard case .array(let elements) = node.value else { return refuse(node, node.mismatch("a list")) }
        var kept: [JSONNode] = []
        for element in elements {
            do {
                try read(element)
                kept.append(element)
            } catch {
                _ = refuse(element, error)
            }
        }
        var node = node
        node.value = .array(kept)
        return node
    }

    private mutating func object(
        _ node: JSONNode,
        _ problem: (String) -> String? = { _ in nil },
        _ shape: (String) -> JSONShape
    ) -> JSONNode? {
        guard case .object(let members) = node.value else { return refuse(node, node.mismatch("an object")) }
        var kept: [JSONMember] = []
        for member in members {
            if let problem = problem(member.key) {
                findings.append(Finding(.wrongType, file: node.path, line: member.line, problem))
            } else if let value = fitting(member.value, shape(member.key)) {
                var member = member
                member.value = value
                kept.append(member)
            }
        }
        var node = node
        node.value = .object(kept)
        return node
    }

    private mutating func window(_ node: JSONNode) -> JSONNode? {
        keep(node) {
            do {
                _ = try MaintenanceWindow(node.text())
            } catch let error as EnvironmentsError where error.place == nil {
                throw EnvironmentsError(.file, at: node.place, "\(node.trail): \(error.message)", hint: error.hint)
            }
        }
    }

    private mutating func refuse(_ node: JSONNode, _ error: any Error) -> JSONNode? {
        guard let error = error as? EnvironmentsError else { return nil }
        // The place is the finding's own.
        let message = error.place == node.place ? error.message : "\(error)"
        findings.append(Finding(.wrongType, file: node.path, line: node.line, message, hint: error.hint))
        return nil
    }
}
