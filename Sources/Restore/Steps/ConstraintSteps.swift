internal import Archive
internal import PostgresClient
internal import SQLText

// Indexes are built in parallel, constraints are added by one session, and checked in parallel again.
//
// Adding constraints in parallel would deadlock: a foreign key locks both tables, and two keys may lock the same tables
// in opposite order. So they are added NOT VALID, which is quick, and validated afterwards.
extension RestoreWork {
    /// Builds the indexes, those of the largest tables first.
    var indexes: RestoreStep {
        RestoreStep(
            events: [.phase(isInPlace ? "building indexes, adding constraints" : "building indexes")],
            work: .each { order.together.map(job) }
        )
    }

    /// Builds the indexes for which the server's own processes replace the other workers.
    var lastIndexes: [RestoreStep] {
        order.alone.map { build in
            RestoreStep(events: [.phase("building the last index of \(build.table)")], work: .each { [job(build)] })
        }
    }

    private func job(_ build: IndexOrder.Build) -> RestoreStep.Job {
        RestoreStep.Job(title: build.index.item.title) { session in
            var (statements, item) = (statements, build.index.item)
            item.sql = build.index.sqlWithoutTablespace
            item.ownable = nil
            try statements.make(item, &session)
        }
    }

    /// Adds the constraints in the order of pg_dump, and everything else that triggers need.
    var constraints: RestoreStep {
        RestoreStep(events: isInPlace ? [] : [.phase("adding constraints")], work: .once { try addConstraints(&$0) })
    }

    private func addConstraints(_ session: inout Session) throws {
        try restoreWaivedChecks(&session)
        var statements = statements
        var validations: [Validation] = []
        for (index, item) in plan.constraints.enumerated() {
            progress(.made(object: item.title, number: index + 1, of: plan.constraints.count))
            var item = item
            let validation = Validation(item, manifest, serverVersion: session.serverVersion)
            if let sql = item.index?.attach ?? validation?.addition { item.sql = sql }
            if try statements.make(item, &session), let validation { validations.append(validation) }
        }
        record.update { $0.validations = validations }
    }

    /// Adds the checks again that rows violate.
    func restoreWaivedChecks(_ session: inout Session) throws {
        let names = try InvalidChecks.restore(record.waived, &session)
        record.update { $0.invalid += names }
    }

    /// Gathers statistics and then validates constraints, which takes up to a fifth less time with statistics.
    var checks: RestoreStep {
        RestoreStep(
            events: isInPlace ? [] : [.phase("gathering statistics, checking constraints")],
            runsUserCode: true,
            work: .chains { checkChains }
        )
    }

    private var checkChains: [[RestoreStep.Job]] {
        var chains = TableChains<RestoreStep.Job>()
        for (table, job) in analyses {
            chains.add(job, table: "\(table.schema).\(table.name)", cost: Double(table.rawBytes) / 10)
        }
        for build in order.besideChecks { chains.add(job(build), table: build.table, cost: build.cost) }
        for validation in record.now.validations {
            let check = order.checks[validation.id]
            chains.add(job(validation), table: check?.table ?? validation.title, cost: check?.cost ?? 0)
        }
        return chains.longestFirst
    }

    /// Gathers statistics of each table. If rows were loaded unfrozen, also creates the visibility map, which the first
    /// scan would do otherwise.
    private var analyses: [(table: Manifest.Table, job: RestoreStep.Job)] {
        guard !options.withoutAnalyze else { return [] }
        let tables = selection.tables.filter { !plan.foreignParents.contains($0.tableName) }
        return tables.map { table in
            let vacuums = isShared(table)
            let job = RestoreStep.Job(title: "statistics of \(table.tableName)") { session in
                let command = vacuums ? "VACUUM (ANALYZE)" : "ANALYZE"
                try record.leftOut.falling("statistics of \(table.tableName)", &session) {
                    try $0.execute("\(command) \($0.quoted(table.tableName))")
                }
            }
            return (table, job)
        }
    }

    private func job(_ validation: Validation) -> RestoreStep.Job {
        RestoreStep.Job(title: validation.title) { session in
            do {
                try session.attempt { try $0.execute(validation.validation) }
            } catch let error as PostgresError
                where error.sqlState?.hasPrefix("23") == true || options.keepGoing && error.isOfStatement
            {
                guard options.allowsInvalid else {
                    throw RestoreError(
                        .statement,
                        "\(validation.title) does not hold: \(error)",
                        hint: "--allow-invalid leaves such constraints NOT VALID and lists them"
                    )
                }
                record.update { $0.invalid.append(validation.title) }
            }
        }
    }
}

/// A constraint that is added NOT VALID and validated later.
struct Validation: Sendable {
    var title: String
    /// The number of the item.
    var id: Int
    var addition: String
    var validation: String

    /// nil for items that are added unchanged: other kinds, constraints that were NOT VALID in the backup, and before
    /// PostgreSQL 18 those of partitioned tables.
    init?(_ item: Manifest.SchemaItem, _ manifest: Manifest, serverVersion: Int) {
        guard item.kind == "FK CONSTRAINT", let schema = item.schema else { return nil }
        var statement = item.sql[...]
        while let last = statement.last, last.isWhitespace || last == ";" { statement.removeLast() }
        guard !statement.hasSuffix(" NOT VALID"), !statement.hasSuffix(" NOT ENFORCED") else { return nil }
        let parent = manifest.tables.first { table in
            table.schema == schema && table.kind == .partitioned && item.name.hasPrefix(table.name + " ")
        }
        guard parent == nil || serverVersion >= 180_000 else { return nil }
        guard let (table, name) = Validation.names(in: String(statement)) else { return nil }
        title = item.title
        id = item.id
        addition = statement + " NOT VALID"
        validation = "\(table)VALIDATE CONSTRAINT \(name)"
    }

    /// pg_dump writes `ALTER TABLE [ONLY] name ADD CONSTRAINT name …`. Returns the text before ADD, and the second
    /// name.
    private static func names(in statement: String) -> (table: String, constraint: String)? {
        var table = ""
        var isPastAdd = false
        for lexeme in Lexeme.all(of: statement) {
            switch (lexeme.kind, lexeme.text) {
            case (.word, "ADD") where !isPastAdd: isPastAdd = true
            case (.word, "CONSTRAINT") where isPastAdd: continue
            case (.word, let text) where isPastAdd, (.quotedName, let text) where isPastAdd: return (table, text)
            case (_, let text): if !isPastAdd { table += text }
            }
        }
        return nil
    }
}

extension RestorePlan.IndexBuild {
    /// The statement for a constraint's index names its tablespace, which the server may lack. It is removed, so that
    /// the session's default applies, as for other items.
    fileprivate var sqlWithoutTablespace: String {
        guard let tablespace = item.tablespace else { return sql }
        let clause = " TABLESPACE \(QuotedText.name(tablespace))"
        return sql.hasSuffix(clause) ? String(sql.dropLast(clause.count)) : sql
    }
}
