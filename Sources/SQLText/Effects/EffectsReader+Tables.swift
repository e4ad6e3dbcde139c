/// Tables and objects that belong to them.
extension EffectsReader {
    mutating func readTables(_ statement: ParseNode) {
        switch statement.kind {
        case "CreateStmt": createTable(statement, .table)
        case "CreateForeignTableStmt": createTable(statement["base"], .foreignTable)
        case "AlterTableStmt": alterTable(statement)
        case "IndexStmt": createIndex(statement)
        case "CreateTrigStmt":
            touch(.table, statement["relation"], .alter, .shareRowExclusive)
            touchPart(.trigger, statement["trigname"], of: statement["relation"], .create)
            touch(.table, statement["constrrel"], .reference, .accessShare)
        case "CreatePolicyStmt", "AlterPolicyStmt":
            touch(.table, statement["table"], .alter, .accessExclusive)
            let isNew = statement.isKind("CreatePolicyStmt")
            touchPart(.policy, statement["policy_name"], of: statement["table"], isNew ? .create : .alter)
        case "RuleStmt":
            touch(.table, statement["relation"], .alter, .accessExclusive)
            touchPart(.rule, statement["rulename"], of: statement["relation"], .create)
            readBody { reader in for action in statement["actions"].items { reader.read(action) } }
        case "CreateStatsStmt":
            touch(.statistics, statement["defnames"].names, .create)
            for table in statement["relations"].items { touch(.table, table, .alter, .shareUpdateExclusive) }
        default: readSequence(statement)
        }
    }

    private mutating func touchPart(_ kind: ObjectKind, _ name: ParseNode, of table: ParseNode, _ action: Touch.Action)
    {
        guard let name = name.string else { return }
        touch(kind, relation(table)?.schema, name, action)
    }

    /// Reads statements that will run later.
    mutating func readBody(_ body: (inout EffectsReader) -> Void) {
        let wasInBody = isInBody
        isInBody = true
        body(&self)
        isInBody = wasInBody
    }

    private mutating func createTable(_ statement: ParseNode, _ kind: ObjectKind) {
        touch(kind, statement["relation"], .create)
        // Adding a partition blocks reads of the parent. A table that only inherits blocks nothing.
        let parentLock: LockMode = statement["partbound"].exists ? .accessExclusive : .shareUpdateExclusive
        for parent in statement["inhRelations"].items { touch(.table, parent, .reference, parentLock) }
        for like in statement.descendants(ofKind: "TableLikeClause") {
            touch(.table, like["relation"], .read, .accessShare)
        }
        readForeignKeys(statement, of: statement["relation"])
    }

    /// A foreign key creates triggers on the table that it refers to.
    private mutating func readForeignKeys(_ statement: ParseNode, of table: ParseNode) {
        for constraint in statement.descendants(ofKind: "Constraint") {
            let referenced = constraint["pktable"]
            guard referenced.exists, relation(referenced) != relation(table) else { continue }
            touch(.table, referenced, .reference, .shareRowExclusive)
        }
    }

    private mutating func createIndex(_ statement: ParseNode) {
        let isConcurrent = statement["concurrent"].isTrue
        let table = relation(statement["relation"])
        touch(.table, statement["relation"], .alter, isConcurrent ? .shareUpdateExclusive : .share)
        // An index is in the schema of its table.
        let index = statement["idxname"].string.map { RelationName(schema: table?.schema, name: $0) }
        if let index { touch(.index, index.schema, index.name, .create) }
        guard isConcurrent else { return }
        effects.concurrentIndexWork = ConcurrentIndexWork(
            action: .create,
            index: index,
            table: table,
            isConditional: statement["if_not_exists"].isTrue
        )
    }

    private mutating func alterTable(_ statement: ParseNode) {
        let kind = ObjectKind(objectType: statement["objtype"].string ?? "")
        let commands = statement["cmds"].items
        let lock = commands.map(AlterTableRule.lock).max() ?? .accessExclusive
        touch(kind, statement["relation"], .alter, lock)
        for command in commands {
            readForeignKeys(command, of: statement["relation"])
            readOtherTables(of: command, kind)
            noteDestruction(of: command, relation(statement["relation"]), kind)
        }
    }

    private mutating func readOtherTables(of command: ParseNode, _ kind: ObjectKind) {
        let partition = command["def"]["name"]
        switch command["subtype"].string ?? "" {
        case "AT_AttachPartition": touch(kind, partition, .alter, .accessExclusive)
        case "AT_DetachPartition":
            touch(
                kind,
                partition,
                .alter,
                command["def"]["concurrent"].isTrue ? .shareUpdateExclusive : .accessExclusive
            )
        case "AT_DetachPartitionFinalize": touch(kind, partition, .alter, .accessExclusive)
        case "AT_AddInherit": touch(.table, command["def"], .reference, .shareUpdateExclusive)
        case "AT_DropInherit": touch(.table, command["def"], .reference, .accessShare)
        default: break
        }
    }

    private mutating func noteDestruction(of command: ParseNode, _ table: RelationName?, _ kind: ObjectKind) {
        let column = command["name"].string
        switch command["subtype"].string ?? "" {
        case "AT_DropColumn": destroy(.dropping, kind, table, column: column, cascades: command.cascades)
        case "AT_AlterColumnType": destroy(.rewriting, kind, table, column: column)
        default: break
        }
    }

    private mutating func readSequence(_ statement: ParseNode) {
        let isNew = statement.isKind("CreateSeqStmt")
        touch(.sequence, statement["sequence"], isNew ? .create : .alter, isNew ? nil : .shareRowExclusive)
        let owner = statement.option("owned_by")["arg"].names
        // OWNED BY NONE consists of one part.
        if owner.count > 1 { touch(.table, Array(owner.dropLast()), .reference, .accessShare) }
        if statement.option("restart").exists, !isNew {
            destroy(.rewriting, .sequence, relation(statement["sequence"]))
        }
    }
}
