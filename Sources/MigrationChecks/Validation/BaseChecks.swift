internal import Migrations
internal import Project

/// Compares the migrations with the branch that they will be merged into.
struct BaseChecks {
    let tree: ServiceTree
    let base: GitTree

    func findings() -> [Finding] { newFiles() + mergedFiles() }

    private func path(_ name: String, in layer: String) -> String {
        let folder = tree.environments.folders[layer] ?? ""
        return layer.isEmpty || folder.isEmpty ? name : "\(folder)/\(name)"
    }

    /// The paths of the files, relative to the folder of migrations, as in git.
    private func paths(of migration: CheckedMigration) -> [String] {
        [migration.migration.up, migration.migration.down].compactMap { file in
            file.map { path(String($0.path.split(separator: "/").last ?? ""), in: migration.layer) }
        }
    }

    private func newFiles() -> [Finding] {
        var findings: [Finding] = []
        for migration in tree.migrations {
            let paths = paths(of: migration)
            // A file that completes a merged migration is not a new migration.
            guard !paths.isEmpty, !paths.contains(where: base.files.contains) else { continue }
            let taken = base.versions(in: sharing(migration.layer))
            if let other = taken[migration.version] {
                findings.append(
                    Finding(
                        .numberTaken,
                        file: migration.path,
                        "its number is used in \(base.reference) by \(other)",
                        hint: "give it the next free number, with `granary migrate renumber`"
                    )
                )
            } else if let highest = taken.keys.max(), migration.version < highest {
                findings.append(
                    Finding(
                        .numberBehind,
                        file: migration.path,
                        "its number is lower than \(highest) in \(base.reference), so it is out of order in databases where that one is applied",
                        hint: "give it the next free number, with `granary migrate renumber`"
                    )
                )
            }
        }
        return findings
    }

    /// The folders that share a layer's numbers.
    private func sharing(_ layer: String) -> Set<String> {
        let folders = tree.environments.folders
        guard tree.layout == .overlay else { return [folders[layer] ?? layer] }
        return layer.isEmpty ? Set(folders.values).union([""]) : ["", folders[layer] ?? layer]
    }

    private func mergedFiles() -> [Finding] {
        let known = Set(tree.folders.keys.map { path("", in: $0) })
        func isMigration(_ path: String) -> Bool {
            let parts = path.split(separator: "/").map(String.init)
            let folder = parts.dropLast().map { "\($0)/" }.joined()
            return MigrationFileName(parts.last ?? "") != nil && (folder.isEmpty || known.contains(folder))
        }
        let hint = "restore the version of \(base.reference), and write a new migration"
        let edited = base.edited.filter { isMigration($0) && base.files.contains($0) }.map { path in
            Finding(
                .mergedFileEdited,
                path.hasSuffix(".down.sql") ? .warning : nil,
                file: "\(tree.service.folder)/\(path)",
                "it is merged into \(base.reference), but its content differs here",
                hint: hint
            )
        }
        let removed = base.removed.filter { isMigration($0) && base.files.contains($0) }.map { path in
            Finding(
                .mergedFileEdited,
                file: "\(tree.service.folder)/\(path)",
                "it is merged into \(base.reference), but missing here",
                hint: "restore it; databases where it is applied need it"
            )
        }
        return edited + removed
    }
}
