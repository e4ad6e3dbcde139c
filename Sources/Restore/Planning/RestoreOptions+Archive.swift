internal import Archive
internal import Databases

// What the options mean for an archive.
extension RestoreOptions {
    /// A part of an archive is restored inside an existing database, whose other objects stay.
    func settled(for target: TargetDatabase, _ scope: Manifest.Scope) -> RestoreOptions {
        var options = self
        let isPart = !schemas.isEmpty || !tables.isEmpty || !scope.isWholeDatabase
        if isPart, target.exists { options.inPlace = true }
        return options
    }

    /// Whether the restore runs inside the database itself, in one transaction: on request, or because only a part is
    /// restored.
    func restoresInPlace(_ scope: Manifest.Scope) -> Bool {
        inPlace || dataOnly || (into == nil && (!schemas.isEmpty || !tables.isEmpty || !scope.isWholeDatabase))
    }

    /// - Throws: `RestoreError.usage` for options that contradict each other, or the archive.
    func requireSense(_ scope: Manifest.Scope) throws {
        if allowIncomplete {
            throw RestoreError(
                .usage,
                "--allow-incomplete goes with a plain dump",
                hint: "leave it out: an archive is whole, or cannot be read"
            )
        }
        for (option, isGiven) in [("--database", database != nil), ("--encoding", encoding != nil)] where isGiven {
            throw RestoreError(
                .usage,
                "\(option) goes with a plain dump",
                hint: "leave it out: an archive is of one database, and says its encoding"
            )
        }
        if rows != nil, tables.isEmpty {
            throw RestoreError(.usage, "--rows goes with --table", hint: "name the tables with --table")
        }
        if ifEmpty, !dataOnly {
            throw RestoreError(.usage, "--if-empty requires --data-only", hint: "add --data-only")
        }
        if dropOld, restoresInPlace(scope) {
            throw RestoreError(
                .usage,
                "--drop-old goes with a restore that swaps databases",
                hint: "leave --drop-old out"
            )
        }
        if tables.contains(where: { $0.newName != nil }), dataOnly || rows != nil {
            throw RestoreError(
                .usage,
                "--table T=U makes a new table, so --rows and --data-only do not go with it",
                hint: "leave them out"
            )
        }
        if Set(tables.map { $0.newName == nil }).count > 1 {
            throw RestoreError(
                .usage,
                "--table T=U and --table T do not go together",
                hint: "restore the copies first, then the others"
            )
        }
    }

    /// - Throws: `RestoreError.selection` if a schema would be dropped together with an excluded object, which would
    ///   not be restored.
    func requireNothingDropped(_ scope: Manifest.Scope, in target: TargetDatabase) throws {
        let excludes = !excludedSchemas.isEmpty || !excludedTables.isEmpty
        guard excludes, target.exists, restoresInPlace(scope), !dataOnly, rows == nil, tables.isEmpty else { return }
        throw RestoreError(
            .selection,
            "a restore in place replaces whole schemas, so that what is excluded would be lost",
            hint: "choose what is to come back with --table, or restore into a new database with --into"
        )
    }
}
