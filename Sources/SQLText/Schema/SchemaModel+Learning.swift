package import SQLText

// From statements.
extension SchemaFacts {
    package mutating func learn(from script: SQLScript) {
        for statement in script.statements { if let tree = statement.tree { learn(tree) } }
    }

    mutating func learn(_ tree: ParseNode) {
        switch tree.kind {
        case "CreateStmt": learnTable(tree)
        case "CreateSchemaStmt": for element in tree["schemaElts"].items { learn(element) }
        case "IndexStmt": learnIndex(tree)
        case "AlterTableStmt":
            guard let table = name(tree["relation"]) else { return }
            for command in tree["cmds"].items { learnAlteration(command, of: table) }
        case "RenameStmt": learnRename(tree)
        case "DropStmt": learnDrop(tree)
        case "AlterObjectSchemaStmt":
            guard let old = name(tree["relation"]), let facts = self[old] else { return }
            self[old] = nil
            self[RelationName(schema: tree["newschema"].string, name: old.name)] = facts
        default: break
        }
    }

    private func name(_ rangeVar: ParseNode) -> RelationName? {
        RelationName(rangeVar: rangeVar)
    }

    private mutating func learnTable(_ tree: ParseNode) {
        guard let name = name(tree["relation"]), self[name]?.isComplete != true || !tree["if_not_exists"].isTrue else {
            return
        }
        var table = Table()
        table.isComplete = true
        table.isPartitioned = tree["partspec"].exists
        for element in tree["tableElts"].items {
            switch element.kind {
            case "ColumnDef": table.addColumn(element)
            case "Constraint": table.addConstraint(element)
            default: break
            }
        }
        self[name] = table
    }

    private mutating func learnIndex(_ tree: ParseNode) {
        guard let table = name(tree["relation"]) else { return }
        if let index = tree["idxname"].string {
            note(index: RelationName(schema: table.schema, name: index), on: table)
        }
        // One with a WHERE does not hold all rows.
        guard !tree["whereClause"].exists else { return }
        change(table) { facts in
            facts.addIndex(tree["idxname"].string, tree["indexParams"].items.map { $0["name"].string })
        }
    }

    private mutating func learnAlteration(_ command: ParseNode, of table: RelationName) {
        let name = command["name"].string ?? ""
        let definition = command["def"]
        change(table) { facts in
            switch command["subtype"].string ?? "" {
            case "AT_AddColumn": facts.addColumn(definition)
            case "AT_DropColumn":
                facts.columns[name] = nil
                facts.indexes = facts.indexes.filter { !$0.value.contains(name) }
            case "AT_AlterColumnType": facts.columns[name]?.typeName = definition["typeName"]
            case "AT_SetNotNull": facts.columns[name]?.isNotNull = true
            case "AT_DropNotNull": facts.columns[name]?.isNotNull = false
            case "AT_AddConstraint": facts.addConstraint(definition)
            case "AT_ValidateConstraint":
                facts.notNullChecks[name] = facts.unvalidatedNotNullChecks.removeValue(forKey: name)
            case "AT_DropConstraint":
                facts.notNullChecks[name] = nil
                facts.unvalidatedNotNullChecks[name] = nil
                facts.indexes[name] = nil
            default: break
            }
        }
    }

    private mutating func learnRename(_ tree: ParseNode) {
        guard let table = name(tree["relation"]), let new = tree["newname"].string else { return }
        switch tree["renameType"].string ?? "" {
        case "OBJECT_TABLE":
            guard let facts = self[table] else { return }
            self[table] = nil
            self[RelationName(schema: table.schema, name: new)] = facts
        case "OBJECT_COLUMN":
            guard let old = tree["subname"].string else { return }
            change(table) { $0.renameColumn(old, new) }
        default: break
        }
    }

    private mutating func learnDrop(_ tree: ParseNode) {
        for object in tree["objects"].items {
            let names = object.names
            guard let last = names.last else { continue }
            let relation = RelationName(schema: names.dropLast().last, name: last)
            switch tree["removeType"].string ?? "" {
            case "OBJECT_TABLE": self[relation] = nil
            case "OBJECT_INDEX":
                guard let table = table(ofIndex: relation) else { continue }
                change(table) { $0.indexes[last] = nil }
            default: break
            }
        }
    }
}

extension SchemaFacts.Table {
    fileprivate mutating func addColumn(_ definition: ParseNode) {
        guard let name = definition["colname"].string else { return }
        var column = SchemaFacts.Column(typeName: definition["typeName"])
        if ColumnType.isSerial(column.typeName) { column.isNotNull = true }
        for constraint in definition["constraints"].items {
            switch constraint["contype"].string ?? "" {
            case "CONSTR_NOTNULL", "CONSTR_IDENTITY": column.isNotNull = true
            case "CONSTR_PRIMARY":
                column.isNotNull = true
                addIndex(constraint["conname"].string, [name])
            case "CONSTR_UNIQUE": addIndex(constraint["conname"].string, [name])
            case "CONSTR_CHECK": addCheck(constraint)
            default: break
            }
        }
        columns[name] = column
    }

    fileprivate mutating func addConstraint(_ constraint: ParseNode) {
        let keys = constraint["keys"].names
        switch constraint["contype"].string ?? "" {
        case "CONSTR_PRIMARY":
            let index = constraint["indexname"].string.flatMap { indexes[$0] } ?? []
            for key in keys + index.compactMap(\.self) { columns[key]?.isNotNull = true }
            if !keys.isEmpty { addIndex(constraint["conname"].string, keys) }
        case "CONSTR_UNIQUE": if !keys.isEmpty { addIndex(constraint["conname"].string, keys) }
        case "CONSTR_CHECK": addCheck(constraint)
        default: break
        }
    }

    private mutating func addCheck(_ constraint: ParseNode) {
        let columns = Self.columnsNotNull(in: constraint["raw_expr"])
        guard !columns.isEmpty else { return }
        // A name that the server chooses cannot be meant by a VALIDATE that is read here.
        let name = constraint["conname"].string ?? " \(columns.sorted().joined(separator: " "))"
        if constraint["skip_validation"].isTrue {
            unvalidatedNotNullChecks[name] = columns
        } else {
            notNullChecks[name] = columns
        }
    }

    /// `a IS NOT NULL`, and several of them with AND.
    private static func columnsNotNull(in expression: ParseNode) -> Set<String> {
        if expression.isKind("BoolExpr"), expression["boolop"].string == "AND_EXPR" {
            return expression["args"].items.reduce(into: []) { $0.formUnion(columnsNotNull(in: $1)) }
        }
        guard expression.isKind("NullTest"), expression["nulltesttype"].string == "IS_NOT_NULL",
            let column = expression["arg"]["fields"].names.last
        else { return [] }
        return [column]
    }

    fileprivate mutating func renameColumn(_ old: String, _ new: String) {
        columns[new] = columns.removeValue(forKey: old)
        indexes = indexes.mapValues { $0.map { $0 == old ? new : $0 } }
        let renamed = { (columns: Set<String>) in Set(columns.map { $0 == old ? new : $0 }) }
        notNullChecks = notNullChecks.mapValues(renamed)
        unvalidatedNotNullChecks = unvalidatedNotNullChecks.mapValues(renamed)
    }
}
