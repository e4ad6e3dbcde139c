internal import Bookkeeping
internal import Migrations
internal import Project
internal import SQLText

/// Checks the schemas of names: none, another service's, or the one that holds the ledger.
struct SchemaChecks {
    let file: ParsedFile
    /// The up file of the same migration, if `file` is a down file.
    let up: ParsedFile?
    let entry: DependenciesFile.Entry?
    let context: CheckContext

    func findings() -> [Finding] { namesWithoutSchema() + foreignSchemas() + ledgers() }

    private func namesWithoutSchema() -> [Finding] {
        // A file that sets the search path states where its names belong.
        guard !file.effects.statements.contains(where: { $0.settings.contains { $0.name == "search_path" } }) else {
            return []
        }
        lazy var told = file.temporaryNames
        var findings: [Finding] = []
        for (statement, effects) in file.statements {
            for touch in effects.touches where touch.schema == nil && !touch.isInBody && Self.livesInSchema(touch.kind)
            {
                // A new index is always in the schema of its table, and its name must not include the schema.
                guard touch.kind != .index || touch.action != .create else { continue }
                guard !touch.name.hasPrefix("pg_"), told.insert(touch.name).inserted else { continue }
                findings.append(
                    file.finding(
                        .noSchema,
                        at: statement,
                        offset: touch.offset,
                        "\(touch.name) has no schema, so its schema depends on the search path of the role that migrates",
                        hint:
                            "write the schema before each name, as in \(context.ownSchemas.sorted().first ?? context.service.name).\(touch.name), "
                            + "or begin the file with SET search_path"
                    )
                )
            }
        }
        return findings
    }

    private static func livesInSchema(_ kind: ObjectKind) -> Bool {
        kind.isRelation || kind == .type || kind == .function || kind == .statistics
    }

    /// Changing another service's objects or referring to them creates a dependency, which must be declared.
    private func foreignSchemas() -> [Finding] {
        var told: Set<String> = []
        var findings: [Finding] = []
        for (statement, effects) in file.statements {
            for touch in effects.touches where Self.binds(touch) {
                guard let schema = touch.kind == .schema ? touch.name : touch.schema, isForeign(schema),
                    !isDeclared(schema), told.insert(schema).inserted
                else { continue }
                let owner = context.servicesBySchema[schema]
                let what = touch.action == .reference ? "points at \(touch.relation)" : "changes \(touch.relation)"
                let service = owner ?? schema.replacing("_", with: "-")
                findings.append(
                    file.finding(
                        .foreignSchema,
                        at: statement,
                        offset: touch.offset,
                        "it \(what), in "
                            + (owner.map { "the schema of \($0)" } ?? "a schema that is not this service's")
                            + ", without a declared cross-service dependency",
                        hint:
                            "move it to a migration of \(service), or declare \"cross_service_depends_on\": {\"\(service)\": […]}; if the schema belongs to "
                            + "this service, add it to \"schemas\" in environments.json"
                    )
                )
            }
        }
        return findings
    }

    private static func binds(_ touch: Touch) -> Bool {
        guard !touch.isInBody, touch.kind == .schema || livesInSchema(touch.kind) || touch.kind == .trigger else {
            return false
        }
        switch touch.action {
        case .create, .alter, .rename, .drop, .insert, .update, .delete, .truncate, .reference, .grant: return true
        case .comment, .read, .lock, .maintain: return false
        }
    }

    private func isForeign(_ schema: String) -> Bool {
        guard !context.ownSchemas.contains(schema), schema != context.stateSchema, !schema.hasPrefix("pg_") else {
            return false
        }
        return !["public", "information_schema"].contains(schema)
    }

    private func isDeclared(_ schema: String) -> Bool {
        entry?.crossService.keys.contains { service in
            context.servicesBySchema[schema].map { $0 == service } ?? (Service.usualSchema(of: service) == schema)
        } ?? false
    }

    /// Whether golang-migrate's table may be in a schema. It is in the service's own schema and exists before the first
    /// migration runs, so a schema that the up file creates cannot contain it.
    private func mayHoldLedger(_ schema: String) -> Bool {
        guard context.ownSchemas.contains(schema) else { return false }
        let creation = up?.statements.first { _, effects in
            effects.touches.contains { $0.kind == .schema && $0.action == .create && $0.name == schema }
        }
        guard let creation else { return true }
        return creation.statement.tree?["if_not_exists"].isTrue == true && context.service.schemas.contains(schema)
    }

    private func ledgers() -> [Finding] {
        file.statements.flatMap { statement, effects -> [Finding] in
            effects.touches.filter { $0.action == .drop && !$0.isInBody }.compactMap { touch -> Finding? in
                let cascades = statement.tree?["behavior"].string == "DROP_CASCADE"
                let what: String
                if touch.kind == .schema, touch.name == context.stateSchema {
                    what = "the schema \(touch.name), which holds the ledger"
                } else if touch.kind == .schema, cascades, mayHoldLedger(touch.name) {
                    what = "the schema \(touch.name) with everything in it, including golang-migrate's ledger"
                } else if touch.kind == .table, let tool = KnownLedgers.tool(of: touch.name) {
                    what = "\(touch.relation), which is the ledger of \(tool)"
                } else {
                    return nil
                }
                return file.finding(
                    .dropsLedger,
                    at: statement,
                    "it drops \(what)",
                    hint: touch.kind == .schema && touch.name != context.stateSchema
                        ? "drop the objects that the up file created, and the schema without CASCADE"
                        : "remove the statement"
                )
            }
        }
    }
}
