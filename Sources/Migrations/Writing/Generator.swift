internal import Glibc
package import Project
internal import SQLText
internal import Storage

/// Generates a migration: the next free number, both files from templates, an entry in `dependencies.json`, its name in
/// the lists of `environments.json`, and a page in `docs`. Writes all of them, or none.
package struct Generator: Sendable {
    let service: Service
    let environments: EnvironmentsFile
    /// The name without its number.
    let name: String
    let kind: MigrationKind
    /// The environment whose folder gets the files; empty for the base.
    let layer: String
    let schema: String
    /// For example `2026-02-09T09:00:00Z`.
    let now: String

    package init(
        service: Service,
        environments: EnvironmentsFile,
        name: String,
        kind: MigrationKind,
        layer: String = "",
        schema: String? = nil,
        now: String
    ) {
        self.service = service
        self.environments = environments
        self.name = name
        self.kind = kind
        self.layer = layer
        self.schema = schema ?? service.schemas.first ?? Service.usualSchema(of: service.name)
        self.now = now
    }

    /// The files that were written.
    package struct Outcome: Sendable, Equatable {
        package var version: Int
        /// The name of the migration, with its number.
        package var name: String
        package var made: [String] = []
        package var edited: [String] = []
        /// Whether the files contain placeholders.
        package var hasPlaceholders = false
    }

    /// - Throws: `MigrationError` with `.usage` for an invalid name, or `.file`; `EnvironmentsError`. In that case
    ///   nothing was written.
    package func run() throws -> Outcome {
        try requireName()
        // If two processes run at once, the second one sees the files of the first.
        return try FolderLock.holding([service.folder, environments.folder].compactMap(\.self)) {
            let tree = try TreeFacts(service.folder, environments, layer: layer)
            let place = try place(tree)
            let number = tree.nextNumber
            let title = "\(number.digits)_\(name)"
            let reading = NameReading(name, kind, tables: tree.tables(in: schema))
            let context = context(number.digits, reading, isNewSchema: tree.isNew(schema: schema))
            var outcome = Outcome(version: number.version, name: title)
            var changes = FileChanges()
            var up = ""
            let texts = try pair(context, reversed: reading.removes)
            for (direction, text) in [(Direction.up, texts.up), (.down, texts.down)] {
                if direction == .up { up = text }
                let path = "\(place)/\(title).\(direction.rawValue).sql"
                changes.create(path, text)
                outcome.made.append(path)
                outcome.hasPlaceholders = outcome.hasPlaceholders || text.contains(NameReading.placeholder)
            }
            let facts = EntryFacts(up, column: "\(schema).\(reading.object).\(reading.column)", tree)
            outcome.edited = try edit(&changes, title, number.digits, facts)
            let page = "\(MigrationPage.folder(migrations: service.folder))/\(title).md"
            changes.create(page, MigrationPage.text(title, purpose: purpose, kind: kind, facts: facts, place: place))
            outcome.made.append(page)
            try changes.make()
            return outcome
        }
    }

    /// `add_user_preferences`: "Add user preferences".
    var purpose: String { Self.sentence(name) }

    private static func sentence(_ name: String) -> String {
        let words = name.split(separator: "_").joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }
}

extension Generator {
    private func requireName() throws(MigrationError) {
        let first = name.utf8.first.map { (97...122).contains($0) } ?? false
        guard first, name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }) else {
            throw MigrationError(
                .usage,
                "\"\(Self.shown(name))\" cannot be the name of a migration",
                hint: "use lower-case letters, digits and _, starting with a letter, such as add_user_preferences"
            )
        }
        guard !schema.isEmpty, schema.utf8.count <= 63, !schema.unicodeScalars.contains(where: { $0.value < 32 }) else {
            throw MigrationError(
                .usage,
                "\"\(Self.shown(schema))\" cannot be the name of a schema",
                hint: "correct --schema"
            )
        }
        guard name.utf8.count <= 100 else {
            throw MigrationError(
                .usage,
                "the name of the migration is longer than 100 characters",
                hint: "choose a shorter one"
            )
        }
    }

    private static func shown(_ text: String) -> String {
        let plain = text.unicodeScalars.filter { $0.properties.generalCategory != .control }
        return String(String.UnicodeScalarView(plain.prefix(60)))
    }

    private func place(_ tree: TreeFacts) throws(MigrationError) -> String {
        guard !layer.isEmpty else {
            guard !tree.hasCopies else {
                throw MigrationError(
                    .usage,
                    "each environment has separate migrations in \(service.folder), so the environment is needed",
                    hint: "--env names it: \(environments.names.joined(separator: ", "))"
                )
            }
            return service.folder
        }
        return "\(service.folder)/\(environments.folders[layer] ?? layer)"
    }
}

extension Generator {
    private func context(
        _ digits: String,
        _ reading: NameReading,
        isNewSchema: Bool
    ) -> [String: MustacheTemplate.Value] {
        let parts = [reading.object] + reading.columns
        let columns = reading.columns.map(Identifier.written)
        let takesSeveral = kind == .index || reading.isUnique
        func identifier(_ name: String) -> MustacheTemplate.Value { .text(Identifier.written(name)) }
        func derived(_ suffix: String, _ parts: [String]) -> String {
            // NAMEDATALEN is 64 including the final zero; the server would truncate the suffix.
            String(parts.joined(separator: "_").prefix(62 - suffix.count)) + "_" + suffix
        }
        return [
            "number": .text(digits), "name": .text(name), "purpose": .text(purpose), "service": .text(service.name),
            "environment": .text(layer), "date": .text(now),
            "schema": identifier(schema), "new_schema": .flag(isNewSchema),
            "subject": .text(Self.sentence(reading.object)), "object": identifier(reading.object),
            "table": identifier(reading.object),
            "column": .text(takesSeveral ? columns.joined(separator: ", ") : columns[0]),
            "columns": .list(columns), "unique": .flag(reading.isUnique),
            "reference": identifier(reading.reference),
            "index": identifier(derived("idx", parts)),
            "constraint": identifier(derived(reading.isUnique ? "key" : "check", parts)),
            "foreign_key": identifier(derived("fkey", parts)),
        ]
    }

    /// The texts of both files. For a migration that removes something, the statements of the two templates are
    /// exchanged, but the comment with the purpose stays in the up file.
    private func pair(
        _ context: [String: MustacheTemplate.Value],
        reversed: Bool
    ) throws(MigrationError) -> (up: String, down: String) {
        let (up, down) = (try render(.up, context), try render(.down, context))
        guard reversed else { return (up, down) }
        let line = "-- \(purpose).\n"
        let mark = "-- no-transaction\n"
        let begin = down.hasPrefix(mark) ? mark : ""
        return (begin + line + down.dropFirst(begin.count), up.replacing(line, with: ""))
    }

    /// Renders the user's template, or else the built-in one.
    private func render(
        _ direction: Direction,
        _ context: [String: MustacheTemplate.Value]
    ) throws(MigrationError) -> String {
        let path = "\(service.folder)/templates/\(kind.rawValue).\(direction.rawValue).sql.mustache"
        let text = (try? Files.text(of: path)) ?? MigrationTemplates.text(kind, direction)
        do {
            return try MustacheTemplate(text).render(context)
        } catch {
            throw MigrationError(
                .file,
                at: FilePlace(path, line: error.line),
                "this is not a Mustache template: \(error.message)",
                hint: "correct it, or remove it to use the built-in template"
            )
        }
    }
}

extension Generator {
    private func edit(
        _ changes: inout FileChanges,
        _ title: String,
        _ digits: String,
        _ facts: EntryFacts
    ) throws -> [String] {
        var edited: [String] = []
        func edit(_ path: String, _ body: (JSONText, inout JSONEdits) throws -> Void) throws {
            guard let bytes = try? Files.bytes(of: path) else { return }
            let text = try JSONText(bytes, path: path)
            var edits = JSONEdits(text)
            try body(text, &edits)
            guard !edits.isEmpty else { return }
            changes.replace(path, edits.bytes)
            edited.append(path)
        }
        try edit("\(service.folder)/dependencies.json") { text, edits in
            let entry = entry(facts, spelled: Self.spelling(text))
            let first = "{\n  \"\(digits)\": \(entry.replacing("\n", with: "\n  "))\n}"
            if let migrations = text.root["migrations"] {
                let isTitled = (try migrations.members()).contains { $0.key.contains("_") }
                edits.append(isTitled ? title : digits, entry, to: migrations)
            } else if let none = try text.root.members().first(where: { $0.key == "migrations" }) {
                // null means the same as a missing member.
                edits.replace(none.value, withObject: first)
            } else {
                edits.append("migrations", first, to: text.root)
            }
        }
        if let path = environments.path {
            try edit(path) { text, edits in try list(title, in: text, &edits) }
        }
        return edited
    }

    /// Whether the other entries refer to migrations by number and title, rather than by number alone.
    private static func spelling(_ text: JSONText) -> Bool {
        let entries = (try? text.root["migrations"]?.members()) ?? []
        return entries.contains { entry in
            ((try? entry.value["depends_on"]?.texts()) ?? []).contains { $0.contains("_") }
        }
    }

    private func entry(_ facts: EntryFacts, spelled withTitles: Bool) -> String {
        let needs = facts.needs.map { JSONEdits.quoted(withTitles ? $0.name : $0.digits) }.joined(separator: ", ")
        let tables = facts.tables.map(JSONEdits.quoted).joined(separator: ", ")
        var fields = [
            "\"description\": \(JSONEdits.quoted(purpose))", "\"depends_on\": [\(needs)]",
            "\"affects_tables\": [\(tables)]",
            "\"estimated_duration\": \"1s\"", "\"risk_level\": \"\(facts.risk.rawValue)\"",
            "\"rollback_safe\": \(kind.isRollbackSafe)", "\"migration_type\": \"\(kind.migrationType)\"",
            "\"created_at\": \"\(now)\"",
        ]
        if !layer.isEmpty { fields.insert("\"environment\": \(JSONEdits.quoted(layer))", at: 2) }
        return "{\n  \(fields.joined(separator: ",\n  "))\n}"
    }

    /// Adds the file to the lists of the environments that have one: all environments for a base file, otherwise its
    /// own.
    private func list(_ title: String, in text: JSONText, _ edits: inout JSONEdits) throws {
        for member in try text.root["environments"]?.members() ?? [] {
            guard layer.isEmpty || member.key == layer, let list = member.value["migrations"],
                case .array(let elements) = list.value
            else { continue }
            let spelled = elements.compactMap { try? $0.text() }
            let folder = environments.folders[layer] ?? layer
            var name = layer.isEmpty ? "\(title).up.sql" : "\(folder)/\(title).up.sql"
            if spelled.contains(where: { $0.hasPrefix("migrations/") }) { name = "migrations/\(name)" }
            edits.append(JSONEdits.quoted(name), toList: list)
        }
    }
}
