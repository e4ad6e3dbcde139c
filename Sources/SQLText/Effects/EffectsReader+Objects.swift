/// Objects of every kind, by their names.
extension EffectsReader {
    /// The meaning of a name in DROP, ALTER … RENAME and COMMENT: the object, and the table that it belongs to.
    private struct Named {
        var kind: ObjectKind
        var names: [String]
        var table: [String]?
    }

    mutating func readNamedObjects(_ statement: ParseNode) {
        switch statement.kind {
        case "DropStmt": drop(statement)
        case "RenameStmt": rename(statement)
        case "AlterObjectSchemaStmt", "AlterOwnerStmt":
            let type = statement["objectType"].string ?? ""
            if statement["relation"].exists {
                touch(ObjectKind(objectType: type), statement["relation"], .alter, .accessExclusive)
            } else {
                touch(Self.named(statement["object"], type), .alter)
            }
        default: comment(statement)
        }
    }

    private mutating func touch(_ named: Named, _ action: Touch.Action, _ lock: LockMode? = nil) {
        touch(named.kind, named.names, action, lock)
    }

    private static func named(_ object: ParseNode, _ type: String) -> Named {
        let kind = ObjectKind(objectType: type)
        var names = object.names
        if object.isKind("ObjectWithArgs") { names = object["objname"].names }
        if object.isKind("TypeName") { names = object["names"].names }
        if object.isKind("String"), let name = object.string { names = [name] }
        switch type {
        case "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY", "OBJECT_TABCONSTRAINT":
            let table = Array(names.dropLast())
            return Named(kind: kind, names: Array(table.dropLast()) + names.suffix(1), table: table)
        case "OBJECT_COLUMN": return Named(kind: .table, names: Array(names.dropLast()))
        case "OBJECT_DOMCONSTRAINT": return Named(kind: .type, names: object.items.first?["names"].names ?? [])
        // The object has no name.
        case "OBJECT_CAST", "OBJECT_TRANSFORM": return Named(kind: kind, names: [])
        default: return Named(kind: kind, names: names)
        }
    }

    private mutating func drop(_ statement: ParseNode) {
        let type = statement["removeType"].string ?? ""
        let isConcurrent = statement["concurrent"].isTrue
        for object in statement["objects"].items {
            let named = Self.named(object, type)
            if let table = named.table { touch(.table, table, .alter, .accessExclusive) }
            let lock: LockMode = isConcurrent ? .shareUpdateExclusive : .accessExclusive
            touch(named, .drop, named.kind.isRelation ? lock : nil)
            noteDestruction(of: named, type, cascades: statement.cascades)
            guard isConcurrent, let index = RelationName(names: named.names) else { continue }
            effects.concurrentIndexWork = ConcurrentIndexWork(
                action: .drop,
                index: index,
                isConditional: statement["missing_ok"].isTrue
            )
        }
    }

    private mutating func noteDestruction(of named: Named, _ type: String, cascades: Bool) {
        let holds =
            switch type {
            case "OBJECT_TABLE", "OBJECT_SEQUENCE": true
            // Without CASCADE the server refuses if the object contains others or is used by others.
            case "OBJECT_SCHEMA", "OBJECT_TYPE", "OBJECT_DOMAIN", "OBJECT_EXTENSION": cascades
            default: false
            }
        if holds { destroy(.dropping, named.kind, RelationName(names: named.names), cascades: cascades) }
    }

    private mutating func rename(_ statement: ParseNode) {
        let type = statement["renameType"].string ?? ""
        switch type {
        case "OBJECT_COLUMN", "OBJECT_TABCONSTRAINT", "OBJECT_ATTRIBUTE":
            let relationType = statement["relationType"].string ?? "OBJECT_TABLE"
            let kind = type == "OBJECT_TABCONSTRAINT" ? .table : ObjectKind(objectType: relationType)
            touch(kind, statement["relation"], .alter, .accessExclusive)
        case "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_POLICY":
            touch(.table, statement["relation"], .alter, .accessExclusive)
            guard let table = relation(statement["relation"]), let name = statement["subname"].string else { return }
            touch(ObjectKind(objectType: type), table.schema, name, .rename)
        default:
            let kind = ObjectKind(objectType: type)
            if statement["relation"].exists {
                touch(kind, statement["relation"], .rename, kind == .index ? .shareUpdateExclusive : .accessExclusive)
            } else if statement["object"].exists {
                touch(Self.named(statement["object"], type), .rename)
            } else if let name = statement["subname"].string {
                touch(kind, nil, name, .rename)
            }
        }
    }

    /// COMMENT and SECURITY LABEL.
    private mutating func comment(_ statement: ParseNode) {
        let type = statement["objtype"].string ?? ""
        let named = Self.named(statement["object"], type)
        if let table = named.table { touch(.table, table, .comment, .accessShare) }
        touch(named, .comment, named.kind.isRelation ? .shareUpdateExclusive : nil)
    }
}

/// VACUUM, CLUSTER, REINDEX, REFRESH.
extension EffectsReader {
    mutating func readMaintenance(_ statement: ParseNode) {
        switch statement.kind {
        case "VacuumStmt":
            let lock: LockMode = statement.isOn("full") ? .accessExclusive : .shareUpdateExclusive
            for table in statement["rels"].items { touch(.table, table["relation"], .maintain, lock) }
        case "ClusterStmt": touch(.table, statement["relation"], .maintain, .accessExclusive)
        case "RefreshMatViewStmt":
            let lock: LockMode = statement["concurrent"].isTrue ? .exclusive : .accessExclusive
            touch(.materializedView, statement["relation"], .maintain, lock)
        default: reindex(statement)
        }
    }

    private mutating func reindex(_ statement: ParseNode) {
        let isConcurrent = statement.isOn("concurrently", in: "params")
        let isIndex = statement["kind"].string == "REINDEX_OBJECT_INDEX"
        let relation = relation(statement["relation"])
        if isIndex {
            touch(.index, statement["relation"], .maintain, isConcurrent ? .shareUpdateExclusive : .accessExclusive)
        } else if relation != nil {
            touch(.table, statement["relation"], .maintain, isConcurrent ? .shareUpdateExclusive : .share)
        } else if statement["kind"].string == "REINDEX_OBJECT_SCHEMA", let name = statement["name"].string {
            touch(.schema, nil, name, .maintain)
        }
        guard isConcurrent else { return }
        effects.concurrentIndexWork = ConcurrentIndexWork(
            action: .reindex,
            index: isIndex ? relation : nil,
            table: isIndex ? nil : relation
        )
    }
}
