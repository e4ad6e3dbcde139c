// From statements.
extension SchemaModel {
    package mutating func learn(from script: SQLScript) {
        for statement in script.statements {
            if let tree = statement.tree {
                learn(tree)
            } else if statement.newerSyntax != nil || statement.syntaxError == nil {
                // An invalid statement creates nothing. One that is newer than the parser may create anything.
                noteOpaque()
            }
        }
    }

    package mutating func learn(_ tree: ParseNode) {
        switch tree.kind {
        case "CreateStmt": learnTable(tree)
        case "CreateForeignTableStmt": learnTable(tree["base"])
        case "CreateTableAsStmt": learnQuery(tree["into"]["rel"])
        case "ViewStmt": learnQuery(tree["view"])
        case "SelectStmt":
            learnQuery(tree["intoClause"]["rel"])
            for call in CitusCall.all(in: tree) { learn(call) }
        case "CreateSchemaStmt": for element in tree["schemaElts"].items { learn(element) }
        case "IndexStmt": learnIndex(tree)
        case "CreateFunctionStmt": learnFunction(tree)
        case "AlterTableStmt":
            guard let table = RelationName(rangeVar: tree["relation"]) else { return }
            for command in tree["cmds"].items { learnAlteration(command, of: table) }
        case "RenameStmt": learnRename(tree)
        case "DropStmt": learnDrop(tree)
        case "AlterObjectSchemaStmt":
            guard let table = RelationName(rangeVar: tree["relation"]), let schema = tree["newschema"].string else {
                return
            }
            move(table) { RelationName(schema: schema, name: $0.name) }
        case "DoStmt", "CallStmt", "ImportForeignSchemaStmt", "ExecuteStmt": noteOpaque()
        default: break
        }
    }

    private mutating func learnTable(_ tree: ParseNode) {
        guard let name = RelationName(rangeVar: tree["relation"]), !hasMade(name) || !tree["if_not_exists"].isTrue
        else {
            return
        }
        var table = Table()
        table.origin = .definition
        if tree["partspec"].exists {
            table.partitionKey = tree["partspec"]["partParams"].items.map { $0["name"].string }
        }
        table.columnsAreWritten = !tree["inhRelations"].exists && !tree["ofTypename"].exists
        for element in tree["tableElts"].items {
            switch element.kind {
            case "ColumnDef": table.addColumn(element, of: name)
            case "Constraint": table.addConstraint(element, of: name)
            case "TableLikeClause": table.columnsAreWritten = false
            default: break
            }
        }
        if tree["partbound"].exists {
            table.partitionOf = RelationName(rangeVar: tree["inhRelations"].items.first ?? .none)
        }
        make(name, table)
        guard tree["partbound"]["is_default"].isTrue else { return }
        for parent in tree["inhRelations"].items.compactMap({ RelationName(rangeVar: $0) }) {
            setDefaultPartition(name, of: parent)
        }
    }

    private mutating func learnFunction(_ tree: ParseNode) {
        guard let name = RelationName(names: tree["funcname"].names) else { return }
        let option = tree["options"].items.first { $0["defname"].string == "volatility" }
        let isSteady = ["immutable", "stable"].contains(option?["arg"].string ?? "")
        note(function: name, isSteady: isSteady, replaces: tree["replace"].isTrue)
    }

    private mutating func learnQuery(_ rangeVar: ParseNode) {
        guard let name = RelationName(rangeVar: rangeVar) else { return }
        var table = Table()
        table.origin = .query
        make(name, table)
    }

    private mutating func learnIndex(_ tree: ParseNode) {
        guard let table = RelationName(rangeVar: tree["relation"]) else { return }
        if let index = tree["idxname"].string {
            note(index: RelationName(schema: table.schema, name: index), on: table)
        }
        // A partial index does not contain all rows.
        guard !tree["whereClause"].exists else { return }
        change(table) { table in
            table.addIndex(
                tree["idxname"].string,
                tree["indexParams"].items.map { $0["name"].string },
                isUnique: tree["unique"].isTrue
            )
        }
    }

    private mutating func learnAlteration(_ command: ParseNode, of altered: RelationName) {
        let name = command["name"].string ?? ""
        let definition = command["def"]
        learnPartition(command, of: altered)
        change(altered) { table in
            switch command["subtype"].string ?? "" {
            case "AT_AddColumn": table.addColumn(definition, of: altered)
            case "AT_DropColumn":
                table.columns[name] = nil
                table.foreignKeys = table.foreignKeys.filter { !$0.value.columns.contains(name) }
                table.indexes = table.indexes.filter { !$0.value.contains(name) }
            case "AT_AlterColumnType": table.columns[name]?.typeName = definition["typeName"]
            case "AT_SetNotNull": table.columns[name]?.isNotNull = true
            case "AT_DropNotNull": table.columns[name]?.isNotNull = false
            case "AT_AddConstraint": table.addConstraint(definition, of: altered)
            case "AT_ValidateConstraint":
                table.notNullChecks[name] = table.unvalidatedNotNullChecks.removeValue(forKey: name)
            case "AT_AddInherit", "AT_AddOf": table.columnsAreWritten = false
            case "AT_DropConstraint":
                table.notNullChecks[name] = nil
                table.unvalidatedNotNullChecks[name] = nil
                table.indexes[name] = nil
                table.foreignKeys[name] = nil
            default: break
            }
        }
    }

    private mutating func learnPartition(_ command: ParseNode, of table: RelationName) {
        guard let partition = RelationName(rangeVar: command["def"]["name"]) else { return }
        switch command["subtype"].string ?? "" {
        case "AT_AttachPartition":
            change(partition) { $0.partitionOf = table }
            if command["def"]["bound"]["is_default"].isTrue { setDefaultPartition(partition, of: table) }
        case "AT_DetachPartition":
            let (distribution, colocation) = (distribution(of: partition), colocation(of: partition))
            change(partition) {
                $0.distribution = distribution
                $0.colocation = colocation
                $0.partitionOf = nil
            }
            detach(partition)
        default: break
        }
    }

    private mutating func learnRename(_ tree: ParseNode) {
        guard let new = tree["newname"].string else { return }
        switch tree["renameType"].string ?? "" {
        case "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE":
            guard let table = RelationName(rangeVar: tree["relation"]) else { return }
            move(table) { RelationName(schema: $0.schema, name: new) }
        case "OBJECT_COLUMN":
            guard let table = RelationName(rangeVar: tree["relation"]), let old = tree["subname"].string else { return }
            change(table) { $0.renameColumn(old, new) }
            changeForeignKeys(to: table) { foreignKey in
                foreignKey.targetColumns = foreignKey.targetColumns.map { $0 == old ? new : $0 }
                return foreignKey
            }
        case "OBJECT_TABCONSTRAINT":
            guard let table = RelationName(rangeVar: tree["relation"]), let old = tree["subname"].string else { return }
            change(table) { table in
                if let foreignKey = table.foreignKeys.removeValue(forKey: old) { table.foreignKeys[new] = foreignKey }
            }
        case "OBJECT_INDEX":
            guard let old = RelationName(rangeVar: tree["relation"]), let table = table(ofIndex: old) else { return }
            note(index: RelationName(schema: old.schema, name: new), on: table)
            change(table) { $0.renameIndex(old.name, new) }
        case "OBJECT_SCHEMA":
            for table in made where table.schema == tree["subname"].string {
                move(table) { RelationName(schema: new, name: $0.name) }
            }
        default: break
        }
    }

    private mutating func learnDrop(_ tree: ParseNode) {
        switch tree["removeType"].string ?? "" {
        case "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE":
            for object in tree["objects"].items { if let name = RelationName(names: object.names) { drop(name) } }
        case "OBJECT_INDEX":
            for object in tree["objects"].items {
                guard let index = RelationName(names: object.names), let table = table(ofIndex: index) else { continue }
                change(table) { $0.indexes[index.name] = nil }
            }
        case "OBJECT_SCHEMA":
            let schemas = Set(tree["objects"].items.compactMap(\.string))
            for table in made where schemas.contains(table.schema ?? "") { drop(table) }
        default: break
        }
    }
}

extension SchemaModel.Table {
    fileprivate mutating func addColumn(_ definition: ParseNode, of table: RelationName) {
        guard let name = definition["colname"].string else { return }
        var column = SchemaModel.Column(typeName: definition["typeName"])
        if ColumnType.isSerial(column.typeName) { column.isNotNull = true }
        for constraint in definition["constraints"].items {
            switch constraint["contype"].string ?? "" {
            case "CONSTR_NOTNULL", "CONSTR_IDENTITY": column.isNotNull = true
            case "CONSTR_PRIMARY":
                column.isNotNull = true
                primaryKey = [name]
                addIndex(constraint["conname"].string, [name], isUnique: true)
            case "CONSTR_UNIQUE": addIndex(constraint["conname"].string, [name], isUnique: true)
            case "CONSTR_CHECK": addCheck(constraint)
            case "CONSTR_FOREIGN": addForeignKey(ForeignKey(constraint, of: name), of: table)
            default: break
            }
        }
        columns[name] = column
    }

    fileprivate mutating func addConstraint(_ constraint: ParseNode, of table: RelationName) {
        let keys = constraint["keys"].names
        switch constraint["contype"].string ?? "" {
        case "CONSTR_PRIMARY":
            let index = constraint["indexname"].string.flatMap { indexes[$0] } ?? []
            primaryKey = keys + index.compactMap(\.self)
            for key in primaryKey { columns[key]?.isNotNull = true }
            if !keys.isEmpty { addIndex(constraint["conname"].string, keys, isUnique: true) }
        case "CONSTR_UNIQUE": if !keys.isEmpty { addIndex(constraint["conname"].string, keys, isUnique: true) }
        case "CONSTR_CHECK": addCheck(constraint)
        case "CONSTR_FOREIGN": addForeignKey(ForeignKey(constraint, of: nil), of: table)
        default: break
        }
    }

    private mutating func addForeignKey(_ foreignKey: ForeignKey?, of table: RelationName) {
        guard let foreignKey else { return }
        let name = foreignKey.name(in: table)
        var number = 0
        while foreignKeys[number == 0 ? name : "\(name)\(number)"] != nil { number += 1 }
        foreignKeys[number == 0 ? name : "\(name)\(number)"] = foreignKey
    }

    private mutating func addCheck(_ constraint: ParseNode) {
        let columns = Self.columnsNotNull(in: constraint["raw_expr"])
        guard !columns.isEmpty else { return }
        // A constraint without a name in these files cannot be validated in them.
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
        primaryKey = primaryKey.map { $0 == old ? new : $0 }
        partitionKey = partitionKey?.map { $0 == old ? new : $0 }
        indexes = indexes.mapValues { $0.map { $0 == old ? new : $0 } }
        let renamed = { (columns: Set<String>) in Set(columns.map { $0 == old ? new : $0 }) }
        notNullChecks = notNullChecks.mapValues(renamed)
        unvalidatedNotNullChecks = unvalidatedNotNullChecks.mapValues(renamed)
        foreignKeys = foreignKeys.mapValues { foreignKey in
            var foreignKey = foreignKey
            foreignKey.columns = foreignKey.columns.map { $0 == old ? new : $0 }
            return foreignKey
        }
        if distribution == .hash(column: old) { distribution = .hash(column: new) }
    }
}
