internal import Archive
internal import PostgresClient

// What a drill does not run, so that nobody takes its report for more than it is.
extension DrillBench {
    /// Extensions with workers or jobs of their own, which run on a server that loads their library.
    private static let withJobs: Set<String> = [
        "pg_cron", "timescaledb", "pg_partman", "pgagent", "pg_background", "citus",
    ]

    func listWhatIsNotDrilled() {
        guard let manifest else {
            return journal.omit("subscriptions and background jobs", because: "a drill runs none")
        }
        for item in manifest.schema where item.kind == "SUBSCRIPTION" {
            journal.omit("the subscription \(item.name)", because: "a drill connects to no publisher")
        }
        for item in manifest.schema where item.kind == "FOREIGN TABLE" {
            let name = [item.schema, item.name].compactMap(\.self).joined(separator: ".")
            journal.omit("rows of the foreign table \(name)", because: "they are on another server")
        }
        for name in manifest.extensions.map(\.name) where Self.withJobs.contains(name) {
            journal.omit("background jobs of \(name)", because: "a drill runs none")
        }
        if !manifest.scope.isWholeDatabase || manifest.scope.excluded != nil {
            journal.omit("the rest of the database", because: "the backup holds \(manifest.scopeText)")
        }
        let leftOut = manifest.tables.filter { table in
            table.dataLeftOut && table.kind == .ordinary
                && !(table.name == "environment" && manifest.stateSchemas.contains(ExactText(table.schema)))
        }
        for table in leftOut { journal.omit("rows of \(table.tableName)", because: "the backup does not have them") }
        if let dependents = manifest.scope.excluded?.dependents, !dependents.isEmpty {
            journal.omit(dependents.listed(), because: "the backup does not have them")
        }
        for secret in manifest.redacted {
            journal.omit("the secrets of \(secret)", because: "the backup does not have them")
        }
    }
}

extension Manifest.Table {
    var tableName: TableName { TableName(schema: schema, name: name) }
}
