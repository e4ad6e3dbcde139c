package import Project
internal import Storage

/// Converts the migrations of another tool into pairs of up and down files. The other tool's files are not changed.
///
///     let plan = try Import(from: "db/migrations", into: service, file)
///     plan.migrations        // each with its original and its new files
///     try plan.make()        // writes all files, or none
package struct Import: Sendable {
    package struct Imported: Sendable, Equatable {
        /// The path of the original.
        package var from: String
        /// Whether identical files exist already.
        package var isThere = false
        package var version: Int
        /// The name of the migration, with its number.
        package var name: String
        package var up: String
        /// nil if the original cannot be reverted.
        package var down: String?
    }

    package let tool: ImportedTool
    package private(set) var migrations: [Imported] = []
    /// Whether the migrations get numbers that differ from those of the original files.
    package let isRenumbered: Bool
    package private(set) var notes: [String] = []
    private var files: [(path: String, text: String)] = []

    /// Reads the other tool's files and plans the new ones. Writes nothing.
    ///
    /// - Throws: `MigrationError`: `.file` with the line if a file cannot be split, `.duplicate` if a number is already
    ///   used, `.usage` if the folder needs no import.
    package init(from folder: String, into service: Service, _ environments: EnvironmentsFile) throws(MigrationError) {
        try Self.requireOther(folder, service.folder)
        let foreign = try ForeignFolder(folder)
        tool = foreign.tool
        try Self.requireDistinct(foreign)
        let numbers = Self.numbers(foreign)
        isRenumbered = foreign.migrations.contains { !$0.isRepeatable } && numbers.isRenumbered
        for (migration, number) in zip(foreign.migrations, numbers.all) {
            add(migration, number, into: service.folder, isKept: !isRenumbered && !migration.isRepeatable)
        }
        try requireFree(in: service, environments)
        takeNotes(foreign)
    }

    /// Writes the new files.
    ///
    /// - Throws: `MigrationError`; in that case nothing was written.
    package func make() throws(MigrationError) {
        var changes = FileChanges()
        for file in files { changes.create(file.path, file.text) }
        try changes.make()
    }

    private mutating func add(_ migration: ForeignMigration, _ digits: String, into folder: String, isKept: Bool) {
        let name = "\(digits)_\(migration.title)"
        // If the number changes, a comment in the file records the name of the original.
        let origin = isKept ? nil : migration.origin
        let up = "\(folder)/\(name).up.sql"
        files.append((up, migration.up.fileText(origin: origin)))
        var imported = Imported(from: migration.path, version: Int(digits) ?? 0, name: name, up: up)
        if let script = migration.down {
            let down = "\(folder)/\(name).down.sql"
            files.append((down, script.fileText(origin: nil)))
            imported.down = down
        }
        migrations.append(imported)
    }

    private mutating func takeNotes(_ foreign: ForeignFolder) {
        let oneWay = migrations.filter { $0.down == nil }.count
        if oneWay > 0 {
            notes.append(
                "\(counted(oneWay, "migration")) cannot be reverted, because \(tool.rawValue) has no down migration for "
                    + (oneWay == 1 ? "it" : "them")
            )
        }
        for migration in foreign.migrations where migration.isRepeatable {
            notes.append(
                "\(migration.path) becomes a migration that runs once: write later changes as new migrations"
            )
        }
        if !foreign.leftOut.isEmpty {
            notes.append(
                "ignored, because \(tool.rawValue) does not run them as migrations: \(foreign.leftOut.joined(separator: ", "))"
            )
        }
    }
}

extension Import {
    /// Keeps the numbers of the files if all of them are numbers, all differ, and they increase in the order in which
    /// the tool runs the files. Otherwise numbers the files 1, 2, 3 in that order. Repeatable migrations have no number
    /// and come last.
    private static func numbers(_ foreign: ForeignFolder) -> (all: [String], isRenumbered: Bool) {
        let versioned = foreign.migrations.prefix { !$0.isRepeatable }
        let own = versioned.map { migration -> Int? in
            guard migration.digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(migration.digits) else {
                return nil
            }
            return number <= MigrationFileName.highestVersion ? number : nil
        }
        let isKept = !own.contains(nil) && zip(own, own.dropFirst()).allSatisfy { ($0 ?? 0) < ($1 ?? 0) }
        var digits = isKept ? versioned.map(\.digits) : versioned.indices.map { padded($0 + 1) }
        let last = digits.last
        while digits.count < foreign.migrations.count {
            let next = (digits.last.flatMap { Int($0) } ?? 0) + 1
            digits.append(padded(next, like: last))
        }
        return (digits, !isKept)
    }

    private static func padded(_ number: Int, like other: String? = nil) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, (other?.utf8.count ?? 6) - digits.utf8.count)) + digits
    }

    /// - Throws: `MigrationError` with `.duplicate` if two files have the same number, which the other tool refuses
    ///   too.
    private static func requireDistinct(_ foreign: ForeignFolder) throws(MigrationError) {
        // sql-migrate and Prisma identify a migration by its whole name.
        guard foreign.tool != .sqlMigrate, foreign.tool != .prisma else { return }
        var seen: [OriginalVersion: String] = [:]
        for migration in foreign.migrations {
            guard let version = migration.version else { continue }
            if let other = seen.updateValue(migration.path, forKey: version) {
                throw MigrationError(
                    .duplicate,
                    "\(other) and \(migration.path) have the same number",
                    hint: "give one of them another number, as \(foreign.tool.rawValue) asks too; nothing was written"
                )
            }
        }
    }

    /// Checks that the numbers are free. Files that an earlier import has written are skipped.
    private mutating func requireFree(in service: Service, _ environments: EnvironmentsFile) throws(MigrationError) {
        guard Files.isFolder(service.folder) else { return }
        let existing = try Migration.all(in: service.folder, environments)
        for (index, migration) in migrations.enumerated() {
            guard let other = existing.first(where: { $0.version == migration.version }) else { continue }
            let own = files.filter { $0.path == migration.up || $0.path == migration.down }
            if own.count == [other.up, other.down].compactMap(\.self).count,
                own.allSatisfy({ file in
                    [other.up, other.down].contains { $0?.path == file.path && $0?.text == file.text }
                })
            {
                migrations[index].isThere = true
                files.removeAll { $0.path == migration.up || $0.path == migration.down }
                continue
            }
            throw MigrationError(
                .duplicate,
                other.name == migration.name
                    ? "\(migration.from) would become \(migration.name), which exists with other content"
                    : "\(migration.from) would become \(migration.name), and \(other.name) has that number",
                hint: "import into an empty folder, named by --migrations; nothing was written"
            )
        }
    }

    private static func requireOther(_ folder: String, _ target: String) throws(MigrationError) {
        guard let one = Files.resolved(folder), one == Files.resolved(target) else { return }
        throw MigrationError(
            .usage,
            "\(folder) is the folder of migrations itself; the new files would be mixed with the original ones",
            hint: "move it first, such as with `git mv \(folder) \(folder)-before`, and import from there"
        )
    }
}
