/// The risk of a statement, by its kind.
///
/// The scale that `dependencies.json` uses. Low: new tables, indexes, constraints, comments. Medium: columns, data, and
/// everything without a rule. High: drops and changes of type.
enum RiskRule {
    static func risk(of statement: ParseNode) -> Risk {
        switch statement.kind {
        case "AlterTableStmt": statement["cmds"].items.map(AlterTableRule.risk).max() ?? .medium
        case "DropStmt", "TruncateStmt", "DropOwnedStmt", "DropdbStmt", "DropRoleStmt", "DropTableSpaceStmt",
            "DropSubscriptionStmt", "DropUserMappingStmt":
            .high
        case "SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "CreateTableAsStmt", "ViewStmt",
            "DeclareCursorStmt":
            query(statement)
        case "CopyStmt": statement["is_from"].isTrue ? .medium : query(statement["query"])
        case "ExplainStmt": statement.isOn("analyze") ? risk(of: statement["query"]) : .low
        case "CreateSchemaStmt": statement["schemaElts"].items.map(risk).max() ?? .low
        case "GrantStmt", "GrantRoleStmt": statement["is_grant"].isTrue ? .low : .medium
        case "AlterDomainStmt":
            statement["subtype"].string == "X" ? .high : statement["subtype"].string == "V" ? .low : .medium
        case "VacuumStmt": statement.isOn("full") ? .medium : .low
        default: low.contains(statement.kind) ? .low : .medium
        }
    }

    private static func query(_ statement: ParseNode) -> Risk {
        var risk = Risk.low
        if statement.isKind("SelectStmt"), !statement["fromClause"].exists, callsSomething(statement) { risk = .medium }
        for write in QueryParts(statement).writes {
            risk = max(risk, write.isUnbounded ? .high : .medium)
        }
        return risk
    }

    /// A SELECT without FROM calls functions for their effects. For these few the effects are known.
    private static func callsSomething(_ statement: ParseNode) -> Bool {
        QueryParts(statement).calls.contains { call in
            !harmless.contains(call["funcname"].names.last ?? "")
        }
    }

    private static let harmless: Set<String> = [
        "set_config", "current_setting", "now", "version", "count", "pg_sleep", "to_regclass", "pg_advisory_lock",
        "pg_try_advisory_lock", "pg_advisory_xact_lock", "pg_advisory_unlock", "pg_backend_pid", "format", "length",
    ]

    private static let low: Set<String> = [
        "CreateStmt", "CreateForeignTableStmt", "IndexStmt", "CommentStmt", "SecLabelStmt", "CreateFunctionStmt",
        "CreateExtensionStmt", "CreateSeqStmt", "CreateEnumStmt", "CreateRangeStmt", "CompositeTypeStmt",
        "CreateDomainStmt", "DefineStmt", "CreateTrigStmt", "CreateEventTrigStmt", "CreatePolicyStmt",
        "CreateStatsStmt",
        "AlterStatsStmt", "VariableSetStmt", "VariableShowStmt", "TransactionStmt", "ReindexStmt", "RefreshMatViewStmt",
        "LockStmt", "CheckPointStmt", "ListenStmt", "UnlistenStmt", "NotifyStmt", "LoadStmt", "DiscardStmt",
        "PrepareStmt",
        "DeallocateStmt", "ClosePortalStmt", "FetchStmt", "ConstraintsSetStmt", "CreateRoleStmt",
        "AlterDefaultPrivilegesStmt", "CreatePublicationStmt", "CreateSubscriptionStmt", "CreatedbStmt",
        "CreateTableSpaceStmt", "CreateCastStmt", "CreateTransformStmt", "CreateConversionStmt", "CreatePLangStmt",
        "CreateOpClassStmt", "CreateOpFamilyStmt", "CreateAmStmt", "CreateFdwStmt", "CreateForeignServerStmt",
        "CreateUserMappingStmt", "ImportForeignSchemaStmt",
    ]
}
