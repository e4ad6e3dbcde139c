/// Routines and the statements in their bodies.
extension EffectsReader {
    mutating func readRoutines(_ statement: ParseNode) {
        switch statement.kind {
        case "CreateFunctionStmt":
            touch(.function, statement["funcname"].names, .create)
            readBody { reader in reader.readRoutineBody(statement) }
        case "AlterFunctionStmt": touch(.function, statement["func"]["objname"].names, .alter)
        default: readBlock(statement)
        }
    }

    private mutating func readRoutineBody(_ statement: ParseNode) {
        // BEGIN ATOMIC: a list that holds the list of statements; RETURN: a single expression.
        for part in statement["sql_body"].items.flatMap({ $0.isKind("List") ? $0.items : [$0] }) { read(part) }
        if statement["sql_body"].isKind("ReturnStmt") { readQuery(statement["sql_body"]["returnval"]) }
        guard let body = Self.body(of: statement) else { return }
        switch statement.option("language")["arg"].string?.lowercased() {
        case "sql": readText(body, keepsLocks: true)
        case "plpgsql": for query in PlpgsqlText(body).statements { readText(query, keepsLocks: false) }
        default: break
        }
    }

    private static func body(of statement: ParseNode) -> String? {
        let body = statement.option("as", in: statement.isKind("DoStmt") ? "args" : "options")["arg"]
        return body.string ?? body.names.first
    }

    /// An anonymous block runs at once. The text does not show which of its statements run.
    private mutating func readBlock(_ statement: ParseNode) {
        guard let body = Self.body(of: statement) else { return }
        let text = PlpgsqlText(body)
        for query in text.statements { readText(query, keepsLocks: true) }
        for index in effects.destruction.indices { effects.destruction[index].isConditional = true }
        effects.risk = max(.medium, effects.risk)
        if text.isDynamic || text.dropsOrTruncates { effects.risk = .high }
        guard text.endsTransaction else { return }
        effects.transaction = .refusesTransaction(reason: "a block that commits cannot run inside a transaction block")
    }

    /// Reads the statements in a string. Skips text that does not parse: it may need a newer server, or contain a
    /// variable where no expression is allowed.
    private mutating func readText(_ text: String, keepsLocks: Bool) {
        let bytes = Array(text.utf8)
        guard !bytes.contains(0), let tree = try? PgQuery.parse(bytes[...], base: 0) else { return }
        var reader = EffectsReader()
        reader.isInBody = isInBody
        reader.intoIsVariable = true
        for statement in tree["stmts"].items.map({ $0["stmt"] }) {
            reader.read(statement)
            if !isInBody { effects.risk = max(effects.risk, RiskRule.risk(of: statement)) }
        }
        // CREATE FUNCTION only analyses the queries of the body, so only they take a lock at that time.
        let isChecked = keepsLocks || !isInBody
        for touch in reader.effects.touches {
            let isQuery = touch.action.writes || touch.action == .read
            let lock = isChecked && (isQuery || !isInBody) ? touch.lock : nil
            self.touch(touch.kind, touch.schema, touch.name, touch.action, lock)
        }
        effects.destruction += reader.effects.destruction
        effects.settings += reader.effects.settings
    }
}
