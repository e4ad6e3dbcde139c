/// Objects without rows, and those of the whole server.
extension EffectsReader {
    mutating func readOthers(_ statement: ParseNode) {
        if readTypes(statement) || readServerObjects(statement) || readReplication(statement) { return }
        switch statement.kind {
        case "GrantStmt": readGrant(statement)
        case "AlterDefaultPrivilegesStmt":
            for schema in statement.option("schemas")["arg"].names { touch(.schema, nil, schema, .grant) }
        case "CreateExtensionStmt":
            name(.extension, statement["extname"], .create)
            name(.schema, statement.option("schema")["arg"], .reference)
        case "AlterExtensionStmt", "AlterExtensionContentsStmt": name(.extension, statement["extname"], .alter)
        case "CreateEventTrigStmt": name(.eventTrigger, statement["trigname"], .create)
        case "AlterEventTrigStmt": name(.eventTrigger, statement["trigname"], .alter)
        case "CreateForeignServerStmt": name(.server, statement["servername"], .create)
        case "AlterForeignServerStmt": name(.server, statement["servername"], .alter)
        case "ImportForeignSchemaStmt": name(.schema, statement["local_schema"], .alter)
        default: break
        }
    }

    private mutating func name(_ kind: ObjectKind, _ name: ParseNode, _ action: Touch.Action) {
        if let name = name.string { touch(kind, nil, name, action) }
    }

    private mutating func readTypes(_ statement: ParseNode) -> Bool {
        switch statement.kind {
        case "CreateEnumStmt", "CreateRangeStmt": touch(.type, statement["typeName"].names, .create)
        case "CompositeTypeStmt": touch(.type, statement["typevar"], .create)
        case "CreateDomainStmt": touch(.type, statement["domainname"].names, .create)
        case "DefineStmt":
            touch(ObjectKind(objectType: statement["kind"].string ?? ""), statement["defnames"].names, .create)
        case "AlterEnumStmt", "AlterDomainStmt", "AlterTypeStmt": touch(.type, statement["typeName"].names, .alter)
        case "AlterStatsStmt": touch(.statistics, statement["defnames"].names, .alter)
        default: return false
        }
        return true
    }

    private mutating func readServerObjects(_ statement: ParseNode) -> Bool {
        switch statement.kind {
        case "CreatedbStmt": name(.database, statement["dbname"], .create)
        case "AlterDatabaseStmt", "AlterDatabaseSetStmt", "AlterDatabaseRefreshCollStmt":
            name(.database, statement["dbname"], .alter)
        case "DropdbStmt":
            name(.database, statement["dbname"], .drop)
            destroy(.dropping, .database, statement["dbname"].string.map { RelationName(schema: nil, name: $0) })
        case "CreateTableSpaceStmt": name(.tablespace, statement["tablespacename"], .create)
        case "DropTableSpaceStmt": name(.tablespace, statement["tablespacename"], .drop)
        case "AlterTableSpaceOptionsStmt": name(.tablespace, statement["tablespacename"], .alter)
        case "CreateRoleStmt": name(.role, statement["role"], .create)
        case "AlterRoleStmt", "AlterRoleSetStmt": name(.role, statement["role"]["rolename"], .alter)
        case "DropRoleStmt": for role in statement["roles"].items { name(.role, role["rolename"], .drop) }
        case "GrantRoleStmt":
            for role in statement["granted_roles"].items { name(.role, role["priv_name"], .grant) }
        case "DropOwnedStmt":
            for role in statement["roles"].items {
                name(.role, role["rolename"], .alter)
                let relation = role["rolename"].string.map { RelationName(schema: nil, name: $0) }
                destroy(.dropping, .role, relation, cascades: statement.cascades)
            }
        case "ReassignOwnedStmt": for role in statement["roles"].items { name(.role, role["rolename"], .alter) }
        default: return false
        }
        return true
    }

    private mutating func readReplication(_ statement: ParseNode) -> Bool {
        switch statement.kind {
        case "CreatePublicationStmt", "AlterPublicationStmt":
            let isNew = statement.isKind("CreatePublicationStmt")
            name(.publication, statement["pubname"], isNew ? .create : .alter)
            for object in statement["pubobjects"].items {
                touch(.table, object["pubtable"]["relation"], .reference, .shareUpdateExclusive)
                if object["pubobjtype"].string == "PUBLICATIONOBJ_TABLES_IN_SCHEMA" {
                    name(.schema, object["name"], .reference)
                }
            }
        case "CreateSubscriptionStmt": name(.subscription, statement["subname"], .create)
        case "AlterSubscriptionStmt": name(.subscription, statement["subname"], .alter)
        case "DropSubscriptionStmt": name(.subscription, statement["subname"], .drop)
        default: return false
        }
        return true
    }

    private mutating func readGrant(_ statement: ParseNode) {
        let type = statement["objtype"].string ?? ""
        let isWholeSchema = statement["targtype"].string == "ACL_TARGET_ALL_IN_SCHEMA"
        let kind = isWholeSchema ? .schema : ObjectKind(objectType: type)
        for object in statement["objects"].items {
            if object.isKind("RangeVar") {
                touch(kind, object, .grant)
            } else if object.isKind("ObjectWithArgs") {
                touch(kind, object["objname"].names, .grant)
            } else if let name = object.string {
                touch(kind, nil, name, .grant)
            } else {
                touch(kind, object["names"].exists ? object["names"].names : object.names, .grant)
            }
        }
    }
}

/// Settings of the session.
extension EffectsReader {
    mutating func readSettings(_ statement: ParseNode) {
        guard statement.isKind("VariableSetStmt") else {
            if statement["target"].string == "DISCARD_ALL" { set("all", nil, isLocal: false) }
            return
        }
        let isLocal = statement["is_local"].isTrue
        switch statement["kind"].string ?? "" {
        case "VAR_RESET_ALL": set("all", nil, isLocal: false)
        // SET TRANSACTION applies to the transaction in any form.
        case "VAR_SET_MULTI" where statement["name"].string == "TRANSACTION": break
        case "VAR_SET_MULTI":
            for option in statement["args"].items {
                let name = (option["defname"].string ?? "").replacing("transaction_", with: "default_transaction_")
                set(name, option["arg"].string, isLocal: false)
            }
        default:
            let name = statement["name"].string ?? ""
            // These two apply to the transaction even without LOCAL.
            guard !name.hasPrefix("transaction_") else { return }
            let values = statement["args"].items.map(Self.value)
            let value = values.isEmpty || values.contains(nil) ? nil : values.compactMap(\.self).joined(separator: ", ")
            set(name, value, isLocal: isLocal)
        }
    }

    /// A call of `set_config('name', 'value', is_local)`.
    mutating func noteSetting(of call: ParseNode) {
        let arguments = call["args"].items
        guard call["funcname"].names.last == "set_config", arguments.count == 3,
            let name = arguments[0].string
        else { return }
        set(name, arguments[1].string, isLocal: arguments[2]["boolval"]["boolval"].isTrue)
    }

    private mutating func set(_ name: String, _ value: String?, isLocal: Bool) {
        guard !isInBody else { return }
        effects.settings.append(SessionSetting(name: name.lowercased(), value: value, isLocal: isLocal))
    }

    private static func value(_ constant: ParseNode) -> String? {
        if let text = constant.string { return text }
        if constant["fval"].exists { return constant["fval"]["fval"].string }
        if constant["boolval"].exists { return constant["boolval"]["boolval"].isTrue ? "true" : "false" }
        // The tree omits a 0.
        return constant["ival"].exists ? "\(constant["ival"]["ival"].int ?? 0)" : nil
    }
}
