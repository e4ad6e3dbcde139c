package import SQLText

/// The tables that migrations make, with their columns, as far as the files tell: what seeds can be held against without
/// a database.
package struct SchemaSketch: Sendable {
    /// nil for columns that are not written down, such as those of a view.
    package private(set) var tables: [RelationName: Set<String>?] = [:]
    /// Something was done that the text does not tell, so that there may be more than this.
    package private(set) var isOpaque = false

    /// The table of a name, which the sketch may know without its schema.
    package func table(_ name: RelationName) -> RelationName? {
        tables[name] != nil ? name : tables.keys.first { $0.canBe(name) }
    }

    /// The columns of a table that `table(_:)` has found.
    package func columns(of table: RelationName) -> Set<String>? { tables[table] ?? nil }

    mutating func learn(from script: SQLScript) {
        for statement in script.statements {
            guard let tree = statement.tree else {
                // One that is wrong makes nothing; one that is too new may make anything.
                if statement.newerSyntax != nil || statement.syntaxError == nil { isOpaque = true }
                continue
            }
            learn(tree)
        }
    }

    private mutating func learn(_ tree: ParseNode) {
        switch tree.kind {
        case "CreateStmt": create(tree)
        case "CreateForeignTableStmt": create(tree["base"])
        case "CreateTableAsStmt": tables[Self.name(tree["into"]["rel"])] = .some(nil)
        case "ViewStmt": tables[Self.name(tree["view"])] = .some(nil)
        case "SelectStmt" where tree["intoClause"]["rel"].exists:
            tables[Self.name(tree["intoClause"]["rel"])] = .some(nil)
        case "AlterTableStmt": alter(tree)
        case "RenameStmt": rename(tree)
        case "AlterObjectSchemaStmt":
            guard let schema = tree["newschema"].string, let old = table(Self.name(tree["relation"])) else { return }
            tables[RelationName(schema: schema, name: old.name)] = tables.removeValue(forKey: old)
        case "DropStmt": drop(tree)
        case "CreateSchemaStmt": for element in tree["schemaElts"].items { learn(element) }
        case "DoStmt", "CallStmt", "ImportForeignSchemaStmt", "ExecuteStmt": isOpaque = true
        default: break
        }
    }

    private static func name(_ node: ParseNode) -> RelationName {
        RelationName(schema: node["schemaname"].string, name: node["relname"].string ?? "")
    }

    private mutating func create(_ tree: ParseNode) {
        let name = Self.name(tree["relation"])
        if tree["if_not_exists"].isTrue, tables[name] != nil { return }
        let elements = tree["tableElts"].items
        let isWhole =
            !tree["inhRelations"].exists && !tree["ofTypename"].exists
            && !elements.contains { $0.isKind("TableLikeClause") }
        tables[name] = .some(isWhole ? Set(elements.compactMap { $0["colname"].string }) : nil)
    }

    private mutating func alter(_ tree: ParseNode) {
        guard let name = table(Self.name(tree["relation"])), var columns = columns(of: name) else { return }
        for command in tree["cmds"].items {
            switch command["subtype"].string ?? "" {
            case "AT_AddColumn": if let column = command["def"]["colname"].string { columns.insert(column) }
            case "AT_DropColumn": if let column = command["name"].string { columns.remove(column) }
            case "AT_AddInherit", "AT_AddOf":
                tables[name] = .some(nil)
                return
            default: break
            }
        }
        tables[name] = columns
    }

    private mutating func rename(_ tree: ParseNode) {
        guard let newName = tree["newname"].string else { return }
        if tree["renameType"].string == "OBJECT_SCHEMA" {
            for (name, columns) in tables where name.schema == tree["subname"].string {
                tables[name] = nil
                tables[RelationName(schema: newName, name: name.name)] = columns
            }
        }
        guard let name = table(Self.name(tree["relation"])) else { return }
        switch tree["renameType"].string ?? "" {
        case "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE":
            tables[RelationName(schema: name.schema, name: newName)] = tables.removeValue(forKey: name)
        case "OBJECT_COLUMN":
            guard var columns = columns(of: name), let old = tree["subname"].string else { return }
            columns.remove(old)
            columns.insert(newName)
            tables[name] = columns
        default: break
        }
    }

    private mutating func drop(_ tree: ParseNode) {
        switch tree["removeType"].string ?? "" {
        case "OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE":
            for object in tree["objects"].items {
                let names = object.names
                guard let last = names.last,
                    let name = table(RelationName(schema: names.dropLast().last, name: last))
                else { continue }
                tables[name] = nil
            }
        case "OBJECT_SCHEMA":
            let schemas = Set(tree["objects"].items.compactMap(\.string))
            for name in tables.keys where schemas.contains(name.schema ?? "") { tables[name] = nil }
        default: break
        }
    }
}
