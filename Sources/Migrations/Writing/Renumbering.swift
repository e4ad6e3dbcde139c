package import Project
internal import Storage

/// Gives migrations other numbers: renames their files, and edits both JSON files and their pages in `docs`.
///
///     let renumbering = try Renumbering(folder, file, moves: [.init(from: migration, to: 12)])
///     renumbering.moved          // the files to rename; `edited` has the files to edit
///     try renumbering.make()     // makes all changes, or none
package struct Renumbering {
    package struct Move: Sendable, Equatable {
        package var from: Migration
        package var to: Int

        package init(from: Migration, to: Int) {
            self.from = from
            self.to = to
        }

        /// As many digits as before, or more if necessary.
        var digits: String {
            let digits = String(to)
            return String(repeating: "0", count: max(0, from.digits.utf8.count - digits.utf8.count)) + digits
        }
        package var name: String { "\(digits)_\(from.title)" }
    }

    package let moves: [Move]
    /// The old and the new path.
    package private(set) var moved: [(from: String, to: String)] = []
    package private(set) var edited: [String] = []
    /// References that were ambiguous and therefore not changed.
    package private(set) var notes: [String] = []
    private var changes = FileChanges()
    private let all: [Migration]

    /// - Parameters:
    ///   - all: The migrations of every layer of the service.
    ///   - others: Folders of other services, whose `dependencies.json` may refer to these migrations.
    /// - Throws: `MigrationError`, `EnvironmentsError` for an invalid JSON file.
    package init(
        _ moves: [Move],
        of service: Service,
        all: [Migration],
        others: [String] = []
    ) throws {
        self.moves = moves
        self.all = all
        try requireFreeNumbers()
        for move in moves {
            for file in [move.from.up, move.from.down].compactMap(\.self) { moveFile(file, move) }
            movePage(move, service.folder)
        }
        try edit("\(service.folder)/dependencies.json") { try $0.editDependencies($1, &$2) }
        let candidates = ["\(service.folder)/environments.json", "environments.json"]
        let environments = candidates.first(where: Files.exists)
        if let environments { try edit(environments) { try $0.editEnvironments($1, &$2) } }
        for folder in others where folder != service.folder {
            try edit("\(folder)/dependencies.json") { try $0.editForeign($1, &$2, service.name) }
        }
    }

    /// - Throws: `MigrationError`; in that case nothing has changed.
    package func make() throws(MigrationError) { try changes.make() }

    private func requireFreeNumbers() throws(MigrationError) {
        for (index, move) in moves.enumerated() {
            let taken =
                all.first { other in
                    other.version == move.to && !moves.contains { $0.from.isSame(as: other) }
                        && (other.layer == move.from.layer || other.layer.isEmpty || move.from.layer.isEmpty)
                }
                ?? moves[..<index].first { $0.to == move.to }?.from
            guard let taken else { continue }
            throw MigrationError(
                .duplicate,
                "\(move.from.name) cannot become \(move.to), which is the number of \(taken.name)",
                hint: "choose a free number, or omit the number"
            )
        }
    }

    private mutating func moveFile(_ file: MigrationFile, _ move: Move) {
        let folder = file.path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let name = "\(move.name).\(file.name.direction.rawValue).sql"
        let target = (folder + [Substring(name)]).joined(separator: "/")
        changes.move(file.path, to: target)
        moved.append((file.path, target))
    }

    private mutating func movePage(_ move: Move, _ folder: String) {
        let pages = MigrationPage.folder(migrations: folder)
        let (page, target) = ("\(pages)/\(move.from.name).md", "\(pages)/\(move.name).md")
        guard let text = try? Files.text(of: page) else { return }
        changes.move(page, to: target)
        moved.append((page, target))
        let renamed = text.replacing(move.from.name, with: move.name)
        if renamed != text { changes.replace(target, Array(renamed.utf8)) }
    }
}

extension Renumbering {
    private mutating func edit(
        _ path: String,
        _ body: (inout Renumbering, JSONText, inout JSONEdits) throws -> Void
    ) throws {
        guard let bytes = try? Files.bytes(of: path) else { return }
        let text = try JSONText(bytes, path: path)
        var edits = JSONEdits(text)
        try body(&self, text, &edits)
        guard !edits.isEmpty else { return }
        changes.replace(path, edits.bytes)
        edited.append(path)
    }

    private mutating func editDependencies(_ text: JSONText, _ edits: inout JSONEdits) throws {
        let members = try text.root["migrations"]?.members() ?? []
        for member in members {
            if let key = renamed(member.key, FilePlace(text.path, line: member.line)) {
                // The entry of a migration whose files are gone would get a second one of the same number.
                let taken = members.first { other in
                    other.key == key && !moves.contains { $0.from.version == Migration.version(spelled: key) }
                }
                if let taken {
                    throw MigrationError(
                        .duplicate,
                        at: FilePlace(text.path, line: taken.line),
                        "\(member.key) cannot become \(key), which has an entry here",
                        hint: "delete that entry, or choose another number"
                    )
                }
                edits.rename(member, to: key)
            }
            try editReferences(member.value["depends_on"], &edits)
        }
    }

    private mutating func editForeign(_ text: JSONText, _ edits: inout JSONEdits, _ service: String) throws {
        for member in try text.root["migrations"]?.members() ?? [] {
            try editReferences(member.value["cross_service_depends_on"]?[service], &edits)
        }
    }

    private mutating func editReferences(_ list: JSONNode?, _ edits: inout JSONEdits) throws {
        for element in try list?.elements() ?? [] {
            if let name = renamed(try element.text(), element.place) {
                edits.replace(element, with: JSONEdits.quoted(name))
            }
        }
    }

    /// Edits the lists of files, which may be written with or without their folder.
    private mutating func editEnvironments(_ text: JSONText, _ edits: inout JSONEdits) throws {
        for member in try text.root["environments"]?.members() ?? [] {
            guard let list = member.value["migrations"], case .array(let elements) = list.value else { continue }
            for element in elements {
                let path = try element.text()
                let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
                guard let name = MigrationFileName(String(path.split(separator: "/").last ?? "")),
                    let move = moves.first(where: { move in
                        move.from.version == name.version && move.from.title == name.title
                            && (folder.isEmpty || folder.last == "migrations"
                                || String(folder.last!) == move.from.layer)
                    })
                else { continue }
                let file = "\(move.name).\(name.direction.rawValue).sql"
                edits.replace(
                    element,
                    with: JSONEdits.quoted((folder + [Substring(file)]).joined(separator: "/"))
                )
            }
        }
    }

    /// The new spelling of a reference by number, or by number and title; nil if the migration keeps its number.
    private mutating func renamed(_ spelled: String, _ place: FilePlace) -> String? {
        guard let version = Migration.version(spelled: spelled) else { return nil }
        let digits = spelled.prefix { $0.isASCII && $0.isNumber }
        let title = spelled.dropFirst(digits.count + 1)
        let candidates = moves.filter { $0.from.version == version && (title.isEmpty || $0.from.title == title) }
        guard let move = candidates.first else { return nil }
        let isAmbiguous = title.isEmpty && all.contains { $0.version == version && !$0.isSame(as: move.from) }
        guard !isAmbiguous else {
            notes.append(
                "\(place): \(spelled) is ambiguous between \(move.from.name) and another migration, and was not changed"
            )
            return nil
        }
        let padding = String(repeating: "0", count: max(0, digits.utf8.count - String(move.to).utf8.count))
        return padding + String(move.to) + (title.isEmpty ? "" : "_\(title)")
    }
}

extension Migration {
    func isSame(as other: Migration) -> Bool {
        version == other.version && title == other.title && layer == other.layer
    }
}

extension Renumbering {
    /// Moves for the migrations that are missing on a branch and whose number is not above the highest number there.
    /// They get the next free numbers.
    package static func moves(of all: [Migration], against base: GitTree, layers: [String: String]) -> [Move] {
        let taken = base.versions(in: Set(layers.values))
        let highest = taken.keys.max() ?? 0
        let new = all.filter { migration in
            let folder = layers[migration.layer] ?? migration.layer
            return ![migration.up, migration.down].compactMap(\.self).contains { file in
                let name = file.path.split(separator: "/").last.map(String.init) ?? ""
                return base.files.contains(folder.isEmpty ? name : "\(folder)/\(name)")
            }
        }
        let late = new.filter { $0.version <= highest }.sorted { ($0.version, $0.title) < ($1.version, $1.title) }
        guard !late.isEmpty else { return [] }
        // New migrations that come later are moved too, so that the order is kept.
        let first = late[0].version
        let moving = new.filter { $0.version >= first }.sorted { ($0.version, $0.title) < ($1.version, $1.title) }
        let fixed = all.filter { migration in !moving.contains { $0.isSame(as: migration) } }.map(\.version).max() ?? 0
        let start = max(highest, fixed) + 1
        return moving.enumerated().map { Move(from: $0.element, to: start + $0.offset) }
            .filter { $0.from.version != $0.to }
    }
}
