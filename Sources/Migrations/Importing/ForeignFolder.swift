internal import SQLText
internal import Storage

/// The migrations of another tool in a folder, in the order in which the tool runs them.
struct ForeignFolder {
    private let path: String
    let tool: ImportedTool
    private(set) var migrations: [ForeignMigration] = []
    /// Files that the tool does not run as migrations.
    private(set) var leftOut: [String] = []

    /// - Throws: `MigrationError` with `.file` if there is no folder, if it has no files of a known tool, or files of
    ///   several tools, or if a file cannot be split; then with its line.
    init(_ path: String) throws(MigrationError) {
        self.path = path
        let listing = try Listing(path)
        tool = try listing.tool()
        try requireNoPrograms(tool == .flyway ? listing.all : listing.names)
        switch tool {
        case .goose, .dbmate, .sqlMigrate: try readMarked(listing)
        case .flyway: try readFlyway(listing)
        case .prisma: try readPrisma(listing)
        case .sqlx: try readPlain(listing)
        }
        guard !migrations.isEmpty else { throw Self.nothing(path) }
        sort()
    }

    private static func nothing(_ path: String) -> MigrationError {
        MigrationError(
            .file,
            "there are no migrations of a known tool in \(path)",
            hint: "the known tools are goose, dbmate, sql-migrate, Flyway, sqlx and Prisma"
        )
    }

    /// Go, Java and Kotlin migrations cannot be imported, because granary runs SQL only.
    ///
    /// - Parameter paths: Relative to the folder.
    private func requireNoPrograms(_ paths: [String]) throws(MigrationError) {
        let program = paths.first { path in
            let name = path.split(separator: "/").last ?? ""
            return name.wholeMatch(of: #/(?:[0-9]+_|V[0-9].*__|R__).*\.(?:go|java|kt)/#) != nil
                && !name.hasSuffix("_test.go")
        }
        guard let program else { return }
        throw MigrationError(
            .file,
            "\(path)/\(program) is a program, but granary runs SQL only",
            hint: "replace it by a SQL file with the same number"
        )
    }
}

extension ForeignFolder {
    /// The names in a folder, sorted by the tool that they belong to.
    private struct Listing {
        let path: String
        let names: [String]
        /// Paths below the folder, at any depth.
        let all: [String]
        /// Paths with names in Flyway's format.
        let flyway: [String]
        /// Folders with a `migration.sql`.
        let prisma: [String]

        init(_ path: String) throws(MigrationError) {
            self.path = path
            guard let names = try? Files.names(in: path) else {
                throw MigrationError(
                    .file,
                    "there is no folder \(path)",
                    hint: "name the folder of the other tool's files"
                )
            }
            self.names = names.filter { !$0.hasPrefix(".") }
            all = Self.below(path, "")
            flyway = all.filter { FlywayName($0) != nil }
            prisma = self.names.filter { Files.isRegular("\(path)/\($0)/migration.sql") }
        }

        private static func below(_ folder: String, _ prefix: String) -> [String] {
            Files.visibleNames(in: folder).flatMap { name -> [String] in
                let path = "\(folder)/\(name)"
                guard !name.hasSuffix(".sql"), Files.isFolder(path), !Files.isLink(path) else { return [prefix + name] }
                return below(path, "\(prefix)\(name)/")
            }
        }

        var sqlFiles: [String] { Self.sqlFiles(names) }

        static func sqlFiles(_ names: [String]) -> [String] { names.filter { $0.lowercased().hasSuffix(".sql") } }

        func tool() throws(MigrationError) -> ImportedTool {
            if let own = names.first(where: { MigrationFileName($0) != nil }) {
                throw MigrationError(
                    .usage,
                    "\(path)/\(own) already has the name of a granary migration",
                    hint: "nothing has to be imported: `--migrations \(path)` uses the folder as it is"
                )
            }
            var found: Set<ImportedTool> = []
            if !flyway.isEmpty { found.insert(.flyway) }
            if !prisma.isEmpty { found.insert(.prisma) }
            for name in sqlFiles where FlywayName(name) == nil {
                if let tool = MarkedFile.tool(of: try MigrationFile.text(at: "\(path)/\(name)")) { found.insert(tool) }
            }
            if found.isEmpty, sqlFiles.contains(where: { NumberedName($0) != nil }) { return .sqlx }
            guard let tool = found.first, found.count == 1 else {
                guard !found.isEmpty else { throw ForeignFolder.nothing(path) }
                throw MigrationError(
                    .file,
                    "\(path) has files of \(found.map(\.rawValue).sorted().joined(separator: " and of "))",
                    hint: "put the files of each tool into a separate folder"
                )
            }
            return tool
        }
    }
}

extension ForeignFolder {
    private mutating func readMarked(_ listing: Listing) throws(MigrationError) {
        for name in listing.sqlFiles {
            let file = "\(path)/\(name)"
            let text = try MigrationFile.text(at: file)
            let numbered = NumberedName(name)
            // Only sql-migrate runs files without a number.
            guard numbered != nil || tool == .sqlMigrate && MarkedFile.tool(of: text) != nil else {
                leftOut.append(file)
                continue
            }
            let parts = try MarkedFile(text, path: file, tool)
            migrations.append(
                ForeignMigration(
                    path: file,
                    origin: name,
                    digits: numbered?.digits ?? "",
                    title: numbered?.title ?? NumberedName.title(name.dropLast(4)),
                    up: parts.up,
                    down: parts.down
                )
            )
        }
    }

    /// sqlx has one file for each direction.
    private mutating func readPlain(_ listing: Listing) throws(MigrationError) {
        for name in listing.sqlFiles {
            let file = "\(path)/\(name)"
            guard let numbered = NumberedName(name) else {
                leftOut.append(file)
                continue
            }
            migrations.append(
                ForeignMigration(
                    path: file,
                    origin: name,
                    digits: numbered.digits,
                    title: numbered.title,
                    up: try whole(file)
                )
            )
        }
    }

    private mutating func readPrisma(_ listing: Listing) throws(MigrationError) {
        leftOut += listing.sqlFiles.map { "\(path)/\($0)" }
        for name in listing.prisma {
            let numbered = NumberedName(name + ".sql")
            let file = "\(path)/\(name)/migration.sql"
            migrations.append(
                ForeignMigration(
                    path: file,
                    origin: name,
                    digits: numbered?.digits ?? "",
                    title: numbered?.title ?? NumberedName.title(name[...]),
                    up: try whole(file)
                )
            )
        }
    }

    private mutating func readFlyway(_ listing: Listing) throws(MigrationError) {
        leftOut += Listing.sqlFiles(listing.all).filter { FlywayName($0) == nil }.map { "\(path)/\($0)" }
        try requireNoBaseline(listing)
        var undos: [OriginalVersion: ForeignMigration.Script] = [:]
        for name in listing.flyway {
            guard let parts = FlywayName(name) else { continue }
            let file = "\(path)/\(name)"
            let script = try flywayScript(file)
            if parts.kind == .undo, let version = OriginalVersion(parts.version) {
                undos[version] = script
                continue
            }
            migrations.append(
                ForeignMigration(
                    path: file,
                    origin: name.split(separator: "/").last.map(String.init) ?? name,
                    digits: parts.version,
                    title: parts.title,
                    up: script,
                    isRepeatable: parts.kind == .repeatable
                )
            )
        }
        for index in migrations.indices where !migrations[index].isRepeatable {
            migrations[index].down = migrations[index].version.flatMap { undos[$0] }
        }
    }

    /// On a new database Flyway runs the baseline instead of the older files. Granary would run both.
    private func requireNoBaseline(_ listing: Listing) throws(MigrationError) {
        let names = listing.flyway.compactMap { name in FlywayName(name).map { (name, $0) } }
        for (name, baseline) in names where baseline.kind == .baseline {
            guard let version = OriginalVersion(baseline.version),
                let older = names.first(where: { other in
                    other.1.kind == .versioned && OriginalVersion(other.1.version).map { $0 <= version } == true
                })
            else { continue }
            throw MigrationError(
                .file,
                "\(path)/\(name) replaces \(older.0) and the files after it up to \(baseline.version), so both would run",
                hint: "take the baseline out of the folder, or the files that it replaces"
            )
        }
    }

    /// - Throws: `MigrationError` with the line of the first placeholder: its value is not in the file.
    private func flywayScript(_ file: String) throws(MigrationError) -> ForeignMigration.Script {
        let settings = (try? Files.text(of: "\(file).conf")) ?? ""
        let isWithoutTransaction =
            settings.firstMatch(of: #/(?m)^\s*executeInTransaction\s*=\s*false\s*$/#) != nil
        let script = try whole(file, isWithoutTransaction: isWithoutTransaction)
        for (index, line) in script.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard let placeholder = line.firstMatch(of: #/\$\{[^}\s]*\}/#) else { continue }
            throw MigrationError(
                .file,
                at: FilePlace(file, line: index + 1),
                "\(placeholder.0) is a placeholder of Flyway, which granary does not replace",
                hint: "write the value out"
            )
        }
        return script
    }

    /// - Parameter isWithoutTransaction: Whether a setting outside the file turns off the transaction. A comment in the
    ///   file has the same effect.
    private func whole(
        _ file: String,
        isWithoutTransaction: Bool = false
    ) throws(MigrationError) -> ForeignMigration.Script {
        let text = CanonicalText(try MigrationFile.text(at: file)).text
        let script = try MigrationScript(text, path: file, isWithoutTransaction: isWithoutTransaction)
        return ForeignMigration.Script(
            text: text,
            isWithoutTransaction: isWithoutTransaction || script.markers.noTransaction != nil
        )
    }
}

extension ForeignFolder {
    /// Sorts the migrations into the order in which the tool runs them.
    private mutating func sort() {
        migrations.sort { one, other in
            if one.isRepeatable != other.isRepeatable { return other.isRepeatable }
            switch tool {
            case .goose, .sqlx, .flyway, .sqlMigrate:
                // Files without a number come last, by name.
                switch (one.version, other.version) {
                case (let a?, let b?) where a != b: return a < b
                case (.some, nil): return true
                case (nil, .some): return false
                default: return one.origin < other.origin
                }
            case .dbmate, .prisma: return one.origin < other.origin
            }
        }
    }
}
