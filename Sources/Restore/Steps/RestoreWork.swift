internal import Archive
internal import PostgresClient

/// The steps of one restore of an archive, in a new database or in the target itself:
///
///     making      [clearing] → schema → rows → indexes → constraints → checks → derived things → comparison
///     refilling   what is there → rules off, tables emptied → rows → rules on → statistics → comparison
///     adding      the rows whose key is missing
///     copying     tables under other names
struct RestoreWork: Sendable {
    let archive: RestoreArchive
    let options: RestoreOptions
    let selection: Selection
    /// One transaction in the target, where other things are, instead of a new database.
    let isInPlace: Bool
    let roles: RoleMap
    /// Tablespaces that the server has.
    let tablespaces: Set<String>
    let progress: @Sendable (RestoreProgress) -> Void
    let plan: RestorePlan
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
        plan = RestorePlan(selection.items, withSubscriptions: options.withSubscriptions)
        absence = SchemaStatements.Absence(
            ofAll: options.keepGoing,
            ofViewRows: options.allowsInvalid,
            archived: Set(archive.manifest.schema.map(\.id)),
            isInPlace: isInPlace
        )
    }

    var manifest: Manifest { archive.manifest }

    /// Makes everything that is selected, and fills it.
    var making: [RestoreStep] { [schema] + filling }
    /// What follows when the schema is there.
    var filling: [RestoreStep] { [rows, indexes, constraints, checks, derived, comparison] }
    /// Rows into tables that are there.
    var refilling: [RestoreStep] { [survey, suspension, rows, waivedChecks, resumption, checks, comparison] }

    /// The settings of a session that runs steps.
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
            rows: archive.tellsRows ? selection.rows : record.loadedRows,
            tables: selection.countedTables.count
        )
    }
}
