/// The names of commands as the server reports them (`src/include/tcop/cmdtaglist.h`).
enum CommandTag {
    static func name(_ statement: ParseNode) -> String {
        let kind = statement.kind
        if let fixed = fixed[kind] { return fixed }
        switch kind {
        case "SelectStmt": return statement["intoClause"].exists ? "SELECT INTO" : "SELECT"
        case "CreateTableAsStmt":
            return object(statement["objtype"]) == "MATERIALIZED VIEW"
                ? "CREATE MATERIALIZED VIEW" : statement["is_select_into"].isTrue ? "SELECT INTO" : "CREATE TABLE AS"
        case "AlterTableStmt", "AlterTableMoveAllStmt": return "ALTER \(object(statement["objtype"]))"
        case "RenameStmt":
            let type = statement["renameType"].string ?? ""
            let isPart = type == "OBJECT_COLUMN" || type == "OBJECT_ATTRIBUTE"
            return "ALTER \(object(isPart ? statement["relationType"] : statement["renameType"]))"
        case "AlterObjectSchemaStmt", "AlterOwnerStmt", "AlterObjectDependsStmt":
            return "ALTER \(object(statement["objectType"]))"
        case "AlterFunctionStmt": return "ALTER \(object(statement["objtype"]))"
        case "DropStmt": return "DROP \(object(statement["removeType"]))"
        case "DefineStmt": return "CREATE \(object(statement["kind"]))"
        case "CreateFunctionStmt": return statement["is_procedure"].isTrue ? "CREATE PROCEDURE" : "CREATE FUNCTION"
        case "CreateRoleStmt": return "CREATE ROLE"
        case "GrantStmt", "GrantRoleStmt": return statement["is_grant"].isTrue ? "GRANT" : "REVOKE"
        case "VacuumStmt": return statement["is_vacuumcmd"].isTrue ? "VACUUM" : "ANALYZE"
        case "VariableSetStmt": return statement["kind"].string?.hasPrefix("VAR_RESET") == true ? "RESET" : "SET"
        case "DiscardStmt": return "DISCARD \(words(statement["target"], without: "DISCARD_"))"
        case "TransactionStmt": return transaction(statement)
        default: return words(kind)
        }
    }

    private static func object(_ type: ParseNode) -> String {
        switch type.string ?? "" {
        case "OBJECT_MATVIEW": "MATERIALIZED VIEW"
        case "OBJECT_FDW": "FOREIGN DATA WRAPPER"
        case "OBJECT_FOREIGN_SERVER": "SERVER"
        case "OBJECT_STATISTIC_EXT": "STATISTICS"
        case "OBJECT_OPCLASS": "OPERATOR CLASS"
        case "OBJECT_OPFAMILY": "OPERATOR FAMILY"
        case "OBJECT_TABCONSTRAINT": "TABLE"
        case "OBJECT_DOMCONSTRAINT": "DOMAIN"
        case "OBJECT_TSCONFIGURATION": "TEXT SEARCH CONFIGURATION"
        case "OBJECT_TSDICTIONARY": "TEXT SEARCH DICTIONARY"
        case "OBJECT_TSPARSER": "TEXT SEARCH PARSER"
        case "OBJECT_TSTEMPLATE": "TEXT SEARCH TEMPLATE"
        default: words(type, without: "OBJECT_")
        }
    }

    private static func words(_ type: ParseNode, without prefix: String) -> String {
        (type.string ?? "").replacing(prefix, with: "").replacing("_", with: " ")
    }

    /// Derives `CREATE AM` from `CreateAmStmt`, which is good enough for rare statements.
    private static func words(_ kind: String) -> String {
        var text = ""
        for character in kind.replacing("Stmt", with: "") {
            if character.isUppercase, !text.isEmpty { text.append(" ") }
            text.append(contentsOf: character.uppercased())
        }
        return text
    }

    private static func transaction(_ statement: ParseNode) -> String {
        switch statement["kind"].string ?? "" {
        case "TRANS_STMT_START": "START TRANSACTION"
        case "TRANS_STMT_PREPARE": "PREPARE TRANSACTION"
        case "TRANS_STMT_ROLLBACK_TO": "ROLLBACK"
        default: words(statement["kind"], without: "TRANS_STMT_")
        }
    }

    private static let fixed: [String: String] = [
        "InsertStmt": "INSERT", "UpdateStmt": "UPDATE", "DeleteStmt": "DELETE", "MergeStmt": "MERGE",
        "CopyStmt": "COPY",
        "TruncateStmt": "TRUNCATE TABLE", "CreateStmt": "CREATE TABLE",
        "CreateForeignTableStmt": "CREATE FOREIGN TABLE",
        "IndexStmt": "CREATE INDEX", "ViewStmt": "CREATE VIEW", "CreateSeqStmt": "CREATE SEQUENCE",
        "AlterSeqStmt": "ALTER SEQUENCE", "CreateEnumStmt": "CREATE TYPE", "CreateRangeStmt": "CREATE TYPE",
        "CompositeTypeStmt": "CREATE TYPE", "AlterEnumStmt": "ALTER TYPE", "AlterTypeStmt": "ALTER TYPE",
        "CreateDomainStmt": "CREATE DOMAIN", "AlterDomainStmt": "ALTER DOMAIN", "CreateTrigStmt": "CREATE TRIGGER",
        "CreateEventTrigStmt": "CREATE EVENT TRIGGER", "AlterEventTrigStmt": "ALTER EVENT TRIGGER",
        "CreatePolicyStmt": "CREATE POLICY", "AlterPolicyStmt": "ALTER POLICY", "RuleStmt": "CREATE RULE",
        "CreateSchemaStmt": "CREATE SCHEMA", "CreateExtensionStmt": "CREATE EXTENSION",
        "AlterExtensionStmt": "ALTER EXTENSION", "AlterExtensionContentsStmt": "ALTER EXTENSION",
        "CreateStatsStmt": "CREATE STATISTICS", "AlterStatsStmt": "ALTER STATISTICS", "CommentStmt": "COMMENT",
        "SecLabelStmt": "SECURITY LABEL", "AlterDefaultPrivilegesStmt": "ALTER DEFAULT PRIVILEGES",
        "AlterRoleStmt": "ALTER ROLE", "AlterRoleSetStmt": "ALTER ROLE", "DropRoleStmt": "DROP ROLE",
        "DropOwnedStmt": "DROP OWNED", "ReassignOwnedStmt": "REASSIGN OWNED", "CreatedbStmt": "CREATE DATABASE",
        "DropdbStmt": "DROP DATABASE", "AlterDatabaseStmt": "ALTER DATABASE", "AlterDatabaseSetStmt": "ALTER DATABASE",
        "AlterDatabaseRefreshCollStmt": "ALTER DATABASE", "CreateTableSpaceStmt": "CREATE TABLESPACE",
        "DropTableSpaceStmt": "DROP TABLESPACE", "AlterTableSpaceOptionsStmt": "ALTER TABLESPACE",
        "AlterSystemStmt": "ALTER SYSTEM", "RefreshMatViewStmt": "REFRESH MATERIALIZED VIEW", "ReindexStmt": "REINDEX",
        "ClusterStmt": "CLUSTER", "LockStmt": "LOCK TABLE", "CheckPointStmt": "CHECKPOINT", "DoStmt": "DO",
        "CallStmt": "CALL", "ExplainStmt": "EXPLAIN", "PrepareStmt": "PREPARE", "ExecuteStmt": "EXECUTE",
        "DeallocateStmt": "DEALLOCATE", "DeclareCursorStmt": "DECLARE CURSOR", "FetchStmt": "FETCH",
        "ClosePortalStmt": "CLOSE CURSOR", "ListenStmt": "LISTEN", "UnlistenStmt": "UNLISTEN", "NotifyStmt": "NOTIFY",
        "LoadStmt": "LOAD", "VariableShowStmt": "SHOW", "ConstraintsSetStmt": "SET CONSTRAINTS",
        "CreatePublicationStmt": "CREATE PUBLICATION", "AlterPublicationStmt": "ALTER PUBLICATION",
        "CreateSubscriptionStmt": "CREATE SUBSCRIPTION", "AlterSubscriptionStmt": "ALTER SUBSCRIPTION",
        "DropSubscriptionStmt": "DROP SUBSCRIPTION", "CreateCastStmt": "CREATE CAST",
        "CreateTransformStmt": "CREATE TRANSFORM", "CreateConversionStmt": "CREATE CONVERSION",
        "CreatePLangStmt": "CREATE LANGUAGE", "CreateOpClassStmt": "CREATE OPERATOR CLASS",
        "CreateOpFamilyStmt": "CREATE OPERATOR FAMILY", "AlterOpFamilyStmt": "ALTER OPERATOR FAMILY",
        "AlterOperatorStmt": "ALTER OPERATOR", "CreateAmStmt": "CREATE ACCESS METHOD",
        "CreateFdwStmt": "CREATE FOREIGN DATA WRAPPER", "AlterFdwStmt": "ALTER FOREIGN DATA WRAPPER",
        "CreateForeignServerStmt": "CREATE SERVER", "AlterForeignServerStmt": "ALTER SERVER",
        "CreateUserMappingStmt": "CREATE USER MAPPING", "AlterUserMappingStmt": "ALTER USER MAPPING",
        "DropUserMappingStmt": "DROP USER MAPPING", "ImportForeignSchemaStmt": "IMPORT FOREIGN SCHEMA",
        "AlterCollationStmt": "ALTER COLLATION", "AlterTSConfigurationStmt": "ALTER TEXT SEARCH CONFIGURATION",
        "AlterTSDictionaryStmt": "ALTER TEXT SEARCH DICTIONARY",
    ]
}
