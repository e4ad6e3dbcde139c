internal import Archive
internal import PostgresClient

/// The steps for an archive, in a new database or in the target itself:
///
///     making      [clearing] → schema → distribution → rows → indexes → constraints → checks → derived → comparison
///     refilling   survey → rules off, tables emptied → rows → rules on → statistics → comparison
///     adding      the rows whose key is missing
///     copying     tables under other names
struct RestoreWork: Sendable {
    let archive: RestoreArchive
    let options: RestoreOptions
    let selection: Selection
    /// Whether the restore is one transaction in the target, next to other objects; otherwise it fills a new database.
    let isInPlace: Bool
    let roles: RoleMap
    /// Tablespaces of the server.
    let tablespaces: Set<String>
    let progress: @Sendable (RestoreProgress) -> Void
    let plan: RestorePlan
    let order: IndexOrder
    private let absence: SchemaStatements.Absence
    let record = RestoreRecord()

    init(
        _ archive: RestoreArchive,
        _ options: RestoreOptions,
        _ selection: Selection,
        _ findings: Preflight.Findings,
        isInPlace: Bool,
        progress: @escaping @Sendable (RestoreProgress) -> Void
    ) {
        self.archive = archive
        self.options = options
        self.selection = selection
        self.isInPlace = isInPlace
        self.progress = progress
        roles = options.roles(findings)
        tablespaces = options.noTablespaces ? [] : findings.tablespaces
        plan = RestorePlan(
            selection.items,
            withSubscriptions: options.withSubscriptions,
            withoutForeignRows: options.withoutForeignRows
        )
        order = IndexOrder(plan, archive.manifest, workers: isInPlace ? 1 : options.jobs)
        absence = SchemaStatements.Absence(
            ofAll: options.keepGoing,
            ofViewRows: options.allowsInvalid,
            archived: Set(archive.manifest.schema.map(\.id)),
            isInPlace: isInPlace
        )
    }

    var manifest: Manifest { archive.manifest }

    /// Creates and fills everything that is selected.
    var making: [RestoreStep] { [schema] + filling }
    /// Everything after the schema.
    var filling: [RestoreStep] {
        [distribution, rows, indexes] + lastIndexes + [constraints, checks, derived, comparison]
    }
    /// Loads rows into existing tables.
    var refilling: [RestoreStep] { [survey, suspension, rows, waivedChecks, resumption, checks, comparison] }

    /// Sets the settings of a session for a step.
    func prepare(_ session: borrowing Session, _ step: RestoreStep) throws {
        let userCode = record.now.userCode
        try session.set(step.runsUserCode ? userCode.own : userCode.whileMaking)
    }

    var statements: SchemaStatements {
        SchemaStatements(
            roles: roles,
            withOwners: !options.noOwner,
            tablespaces: tablespaces,
            userCode: record.now.userCode,
            leftOut: record.leftOut,
            absence: absence
        )
    }

    func report(on database: String) -> RestoreReport {
        record.report(
            on: database,
            rows: archive.tellsRows ? selection.rows : record.loadedRows(of: selection.countedTables),
            tables: selection.countedTables.count
        )
    }
}
