internal import Migrations
internal import SQLText

/// Checks the numbers of files, up files without down files, and files with the same content.
struct LayoutChecks {
    let tree: ServiceTree

    func findings() -> [Finding] { pairs() + collisions() + sameContent() }

    private func pairs() -> [Finding] {
        tree.layers.flatMap { layer in
            let byVersion = Dictionary(grouping: tree.migrations(in: layer), by: \.version)
            return byVersion.values.flatMap { same in
                same.count == 1
                    ? missing(same[0])
                    : same.dropFirst().map { duplicate($0, same[0]) }
            }
        }
    }

    private func duplicate(_ migration: CheckedMigration, _ first: CheckedMigration) -> Finding {
        let halves = [first.migration, migration.migration].map { ($0.up != nil, $0.down != nil) }
        // One up file and one down file would be a pair if their titles were equal.
        if halves[0] == (true, false) && halves[1] == (false, true)
            || halves[0] == (false, true) && halves[1] == (true, false)
        {
            let direction = halves[1].0 ? "up" : "down"
            return Finding(
                .duplicateNumber,
                file: migration.path,
                "it has the number of \(first.path), but another title",
                hint:
                    "rename it to \(first.migration.name).\(direction).sql if it belongs to that migration; otherwise give it the next "
                    + "free number, with `granary migrate renumber \(migration.migration.name)`"
            )
        }
        return Finding(
            .duplicateNumber,
            file: migration.path,
            "it has the same number as \(first.path), \(migration.version)",
            hint: "`granary migrate renumber \(migration.migration.name)` gives it the next free number"
        )
    }

    /// golang-migrate treats a missing file as an empty step, without a message.
    private func missing(_ migration: CheckedMigration) -> [Finding] {
        // An unreadable file exists and has already been reported.
        guard !migration.findings.contains(where: { $0.rule == ValidationRule.unreadableFile.rawValue }) else {
            return []
        }
        var findings: [Finding] = []
        let name = migration.migration.name
        if migration.migration.up == nil, migration.migration.down != nil {
            findings.append(
                Finding(
                    .missingUp,
                    file: migration.path,
                    "\(name) has no up file",
                    hint: "write \(name).up.sql beside it"
                )
            )
        } else if let up = migration.up, up.script.statements.isEmpty, up.script.metaCommands.isEmpty {
            findings.append(
                Finding(.missingUp, .warning, file: up.path, "\(name) does nothing: it has no statements")
            )
        }
        if migration.migration.down == nil, migration.migration.up != nil {
            findings.append(
                Finding(
                    .missingDown,
                    file: migration.path,
                    "\(name) has no down file, so it cannot be reverted",
                    hint:
                        "write \(name).down.sql beside it; if there is nothing to undo, write `-- nothing to undo` into it"
                )
            )
        } else if let down = migration.down, down.script.statements.isEmpty, down.script.metaCommands.isEmpty,
            down.markers.nothingToUndoLine == nil
        {
            findings.append(
                Finding(
                    .missingDown,
                    file: down.path,
                    "it is empty, so \(name) cannot be reverted",
                    hint: "add the statements that undo it, or the comment `-- nothing to undo`"
                )
            )
        }
        return findings
    }

    /// The layers of an overlay share one number space. Copies have separate ones.
    private func collisions() -> [Finding] {
        guard tree.layout == .overlay else { return [] }
        var findings: [Finding] = []
        for same in Dictionary(grouping: tree.migrations, by: \.version).values {
            let first = same.sorted { $0.layer < $1.layer }[0]
            var told: Set<String> = [first.layer]
            for other in same where told.insert(other.layer).inserted {
                let isShared = first.layer.isEmpty
                guard isShared || other.migration.up?.sha256 != first.migration.up?.sha256 else { continue }
                findings.append(
                    Finding(
                        .collidingNumber,
                        isShared ? .error : .warning,
                        file: other.path,
                        "it has the same number as \(first.path), \(other.version)"
                            + (isShared ? ", which also runs in \(other.layer)" : ", but other content"),
                        hint: "give one of them the next free number over all folders"
                    )
                )
            }
        }
        return findings
    }

    private func sameContent() -> [Finding] {
        let written = tree.migrations.filter { $0.up?.script.statements.isEmpty == false }
        // Checksums are expensive, so compares fast hashes first.
        let alike = Dictionary(grouping: written) { $0.migration.up!.text.bytesHash }.values.filter { $0.count > 1 }
        let groups = alike.flatMap { Dictionary(grouping: $0) { $0.migration.up!.sha256 }.values }.filter {
            $0.count > 1
        }
        return groups.flatMap { group -> [Finding] in
            let first = group.min { ($0.version, $0.layer) < ($1.version, $1.layer) }!
            return group.filter { $0.version != first.version }.map { other in
                Finding(
                    .duplicateContent,
                    file: other.path,
                    "it has the same content as \(first.path), but another number",
                    hint: "move it to the base folder, with one number, if several environments need it"
                )
            }
        }
    }
}

extension String {
    /// A hash of the bytes, which is valid only within this process.
    fileprivate var bytesHash: Int {
        var text = self
        var hasher = Hasher()
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        return hasher.finalize()
    }
}
