internal import Archive
internal import PostgresClient

// What acts on rows, or is computed from them.
extension RestoreWork {
    /// Sequences, owners of large objects, triggers, privileges, views.
    var derived: RestoreStep {
        RestoreStep(events: [.phase("adding triggers, privileges and views")], work: .once { try makeDerived(&$0) })
    }

    private func makeDerived(_ session: inout Session) throws {
        let found = record.now
        let fed = isInPlace ? selection.tables.map(\.tableName) : nil
        let sequences = try Sequences(selection.sequences, feeding: fed, own: found.own).follow(&session)
        try ownLargeObjects(&session)
        for item in plan.foreignRefreshes where found.ground.isOurs(item) {
            record.leftOut.add(item, because: ForeignRows.reason)
        }
        var statements = statements
        for item in plan.late + plan.privileges + plan.refreshes + plan.eventTriggers where found.ground.isOurs(item) {
            try statements.make(item, &session)
        }
        try restoreStatistics(&session)
        // An archive of a whole database contains the default privileges.
        if !selection.isWholeDatabase { try found.ground.defaults?.restore(session) }
        record.update { $0.sequences = sequences }
    }

    /// ANALYZE would gather better ones. A server before PostgreSQL 18 cannot take them.
    private func restoreStatistics(_ session: inout Session) throws {
        guard options.withoutAnalyze, session.serverVersion >= 180_000 else { return }
        for item in plan.statistics where record.now.ground.isOurs(item) {
            try record.leftOut.falling("statistics of \(item.schema ?? "").\(item.name)", &session) {
                try $0.execute(item.sql)
            }
        }
    }

    func ownLargeObjects(_ session: inout Session) throws {
        guard var objects = selection.largeObjects?.objects else { return }
        if options.noPrivileges { for place in objects.indices { objects[place].privileges = nil } }
        try LargeObjectLoad.own(objects, roles: roles, withOwners: !options.noOwner, record.leftOut, &session)
    }

    /// Compares rows and sequences with the manifest.
    var comparison: RestoreStep {
        RestoreStep(
            work: .once { session in
                try record.requireAll(of: selection.tablesWithRows, counted: !archive.tellsRows)
                try Sequences.compare(record.now.sequences, session)
            }
        )
    }
}
