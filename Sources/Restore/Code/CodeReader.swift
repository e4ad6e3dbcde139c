internal import Archive
internal import PostgresClient
internal import SQLText

/// Finds code in SQL from an untrusted source. It judges by the statements, never by the file's own description.
struct CodeReader {
    private(set) var inventory = CodeInventory()

    /// The part of an archive that a restore would create, with its dependents.
    init(_ manifest: Manifest, _ options: RestoreOptions) throws {
        let selection = try Selection(manifest, options)
        let isInPlace = options.restoresInPlace(manifest.scope)
        let makesCopies = options.tables.contains { $0.newName != nil }
        if makesCopies { for table in selection.tables { readColumns(of: table) } }
        if !options.dataOnly, options.rows == nil, !makesCopies {
            // Statements about the database itself are never sent, and subscriptions only on request: see
            // `RestorePlan`.
            for item in selection.items where !item.isAboutTheDatabase {
                guard options.withSubscriptions || !item.kind.hasPrefix("SUBSCRIPTION") else { continue }
                read(item, withDrop: isInPlace, withOwner: !options.noOwner)
            }
        }
        if options.createsRoles {
            let roles = manifest.roleDefinitions ?? []
            inventory.roles = Set(roles.compactMap { RoleProperties($0).powers })
            noteSettings(roles.flatMap(\.settings).map(\.name))
        }
        if !options.dataOnly { readLedger(manifest, selection, options) }
        if !isInPlace { noteSettings(manifest.database.settings.map(\.name)) }
    }

    init() {}

    private mutating func read(_ item: Manifest.SchemaItem, withDrop: Bool, withOwner: Bool) {
        read(item.sql)
        if let index = item.index { for sql in [index.create, index.attach] { read(sql) } }
        if withDrop, let drop = item.dropSQL { read(drop, isDrop: true) }
        if withOwner, let owner = item.owner, let ownable = item.ownable {
            // This text is inserted between two words.
            read("ALTER \(ownable) OWNER TO CURRENT_USER")
            inventory.owners.insert(owner)
        }
    }

    /// The types are inserted unquoted between the names.
    private mutating func readColumns(of table: Manifest.Table) {
        for column in table.columns { read("CREATE TABLE t (c \(column.type))") }
    }

    /// The ledger is restored by itself, or as the rows of its table.
    private mutating func readLedger(_ manifest: Manifest, _ selection: Selection, _ options: RestoreOptions) {
        let ledger = TableName(schema: options.stateSchema, name: "migrations")
        let rows = selection.tablesWithRows.filter { $0.tableName == ledger }.reduce(0) { $0 + $1.rows }
        let migrations = options.tables.isEmpty ? (manifest.ledger ?? []).flatMap(\.migrations) : []
        inventory.downScripts = max(rows, migrations.count { $0.downSQL?.allSatisfy(\.isWhitespace) == false })
    }

    /// Lists the settings among these that load code.
    mutating func noteSettings(_ names: [String]) { inventory.settings.formUnion(names.filter(Self.loadsCode)) }

    /// Libraries that a session loads, and code that procedural languages run when they start.
    private static func loadsCode(_ setting: String) -> Bool {
        let name = setting.lowercased()
        return name.contains("librar") || (name.hasPrefix("pl") && name.contains("."))
    }
}

// Statements.
extension CodeReader {
    /// Statements of a plain dump that are rows, settings, or what pg_dump writes between them.
    private static let usualInDumps: Set<String> = ["INSERT", "SET", "COMMIT", "BEGIN"]
    private static let usualCalls: Set<String> = [
        "setval", "lo_create", "lo_open", "lowrite", "lo_close", "lo_unlink",
    ]

    /// A statement of a plain dump.
    mutating func read(dumped statement: [UInt8]) {
        let words = StatementWords.first(8, of: statement)
        if words.first == "SET" { noteSettings([Self.setting(words)]) }
        guard let first = words.first, !Self.usualInDumps.contains(first), !Self.isUsualCall(words) else { return }
        read(String(decoding: statement, as: UTF8.self))
    }

    /// The name in `SET [SESSION|LOCAL] plperl.on_init = …`.
    private static func setting(_ words: [String]) -> String {
        words.dropFirst().drop { ["SESSION", "LOCAL"].contains($0) }.prefix { $0 != "=" && $0 != "TO" }.joined()
            .replacing("\"", with: "").lowercased()
    }

    private static func isUsualCall(_ words: [String]) -> Bool {
        let rest = words.dropFirst(words.dropFirst(2).first == "." ? 3 : 1)
        guard words.first == "SELECT", let call = rest.first?.lowercased() else { return false }
        // Other settings may load code.
        guard call != "set_config" else { return rest.dropFirst(2).first == "'search_path'" }
        return usualCalls.contains(call)
    }

    /// Stops before the end of the file.
    mutating func stop() { inventory.isPartial = true }

    /// - Parameter isDrop: The statement drops what will be restored; elsewhere such a statement is not part of a
    ///   backup.
    mutating func read(_ sql: String, isDrop: Bool = false) {
        guard !sql.isEmpty else { return }
        guard let script = try? SQLScript(splitting: sql), script.metaCommands.isEmpty else {
            inventory.unread += 1
            return
        }
        for statement in script.statements {
            guard let tree = statement.tree else {
                inventory.unread += 1
                continue
            }
            note(tree, statement.tag, isDrop: isDrop)
        }
    }

    private mutating func note(_ tree: ParseNode, _ tag: String, isDrop: Bool) {
        switch tree.kind {
        case "CreateFunctionStmt": noteFunction(tree)
        case "CreateTrigStmt": inventory.triggers += 1
        case "CreateEventTrigStmt": inventory.eventTriggers += 1
        case "RuleStmt": inventory.rules += 1
        case "CreateExtensionStmt": inventory.extensions.insert(tree["extname"].string ?? "")
        case "CreatePLangStmt": inventory.languages.insert(tree["plname"].string ?? "")
        case "DropStmt" where isDrop: break
        case _ where !Self.isHarmless(tree): inventory.others[tag, default: 0] += 1
        default:
            noteCalls(tree)
            noteRoles(tree)
        }
    }

    private mutating func noteFunction(_ tree: ParseNode) {
        var language = "sql"
        for option in tree["options"].items {
            switch option["defname"].string {
            case "language": language = option["arg"].string ?? language
            // The tree omits a false, and with it the argument's value.
            case "security" where option["arg"]["boolval"]["boolval"].isTrue || option["arg"]["boolval"].isTrue:
                inventory.securityDefiners += 1
            default: break
            }
        }
        inventory.functions[language, default: 0] += 1
    }

    private mutating func noteCalls(_ tree: ParseNode) {
        for call in tree.descendants(ofKind: "FuncCall") {
            let name = call["funcname"].names
            if !HarmlessFunctions.contains(name) { inventory.calls.insert(name.joined(separator: ".")) }
        }
    }

    private mutating func noteRoles(_ tree: ParseNode) {
        if tree.isKind("GrantStmt") || tree.isKind("AlterDefaultPrivilegesStmt") {
            let grant = tree.isKind("GrantStmt") ? tree : tree["action"]
            guard grant["is_grant"].isTrue else { return }
            for role in grant["grantees"].items { inventory.grantees.insert(role["rolename"].string ?? "PUBLIC") }
        } else if tree.isKind("AlterOwnerStmt"), let owner = tree["newowner"]["rolename"].string {
            inventory.owners.insert(owner)
        }
    }

    /// Statements that only describe. This lists what is known to be harmless, so that new kinds of statements lead to
    /// a question.
    private static func isHarmless(_ tree: ParseNode) -> Bool {
        switch tree.kind {
        case "CreateStmt", "IndexStmt", "CreateSeqStmt", "AlterSeqStmt", "ViewStmt", "RefreshMatViewStmt",
            "CommentStmt", "CreateEnumStmt", "AlterEnumStmt", "CreateDomainStmt",
            "AlterDomainStmt", "CompositeTypeStmt", "AlterOwnerStmt", "GrantStmt", "AlterDefaultPrivilegesStmt",
            "CreatePolicyStmt", "CreateStatsStmt", "AlterStatsStmt", "CreatePublicationStmt", "AlterPublicationStmt",
            "SecLabelStmt":
            true
        // In a statement about a table, the only action on triggers is to enable or disable them.
        case "AlterTableStmt": true
        // It may contain other statements.
        case "CreateSchemaStmt": tree["schemaElts"].items.isEmpty
        case "CreateTableAsStmt": tree["objtype"].string == "OBJECT_MATVIEW"
        case "DefineStmt":
            ["OBJECT_COLLATION", "OBJECT_TSCONFIGURATION", "OBJECT_TSDICTIONARY"].contains(tree["kind"].string ?? "")
        case "AlterTSConfigurationStmt": true
        case "VariableSetStmt": settings.contains(tree["name"].string ?? "")
        default: false
        }
    }

    /// Settings that dumps make for the following statements.
    private static let settings: Set<String> = [
        "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout",
        "client_encoding", "standard_conforming_strings", "check_function_bodies", "xmloption", "client_min_messages",
        "row_security", "default_tablespace", "default_table_access_method", "default_with_oids", "search_path",
        "array_nulls", "transform_null_equals",
    ]
}
