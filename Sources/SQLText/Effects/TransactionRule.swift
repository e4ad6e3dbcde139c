/// Which statements the server refuses inside a transaction block (`PreventInTransactionBlock` in its source).
enum TransactionRule {
    static func use(of statement: ParseNode) -> TransactionUse {
        if statement.isKind("TransactionStmt") { return control(statement) }
        return refusal(statement).map { .refusesTransaction(reason: "\($0) cannot run inside a transaction block") }
            ?? .fits
    }

    /// The command that refuses a transaction, by the name that the server uses in its error.
    private static func refusal(_ statement: ParseNode) -> String? {
        switch statement.kind {
        case "IndexStmt": return statement["concurrent"].isTrue ? "CREATE INDEX CONCURRENTLY" : nil
        case "DropStmt": return statement["concurrent"].isTrue ? "DROP INDEX CONCURRENTLY" : nil
        case "ReindexStmt": return reindex(statement)
        case "VacuumStmt": return statement["is_vacuumcmd"].isTrue ? "VACUUM" : nil
        case "ClusterStmt": return statement["relation"].exists ? nil : "CLUSTER of all tables"
        case "AlterTableStmt":
            let detaches = statement["cmds"].items.contains { $0["def"]["concurrent"].isTrue }
            return detaches ? "ALTER TABLE … DETACH PARTITION CONCURRENTLY" : nil
        case "CreatedbStmt": return "CREATE DATABASE"
        case "DropdbStmt": return "DROP DATABASE"
        case "AlterDatabaseStmt":
            return statement.option("tablespace").exists ? "ALTER DATABASE SET TABLESPACE" : nil
        case "CreateTableSpaceStmt": return "CREATE TABLESPACE"
        case "DropTableSpaceStmt": return "DROP TABLESPACE"
        case "AlterSystemStmt": return "ALTER SYSTEM"
        case "DiscardStmt": return statement["target"].string == "DISCARD_ALL" ? "DISCARD ALL" : nil
        default: return subscription(statement)
        }
    }

    private static func reindex(_ statement: ParseNode) -> String? {
        switch statement["kind"].string ?? "" {
        case "REINDEX_OBJECT_SCHEMA": "REINDEX SCHEMA"
        case "REINDEX_OBJECT_SYSTEM": "REINDEX SYSTEM"
        case "REINDEX_OBJECT_DATABASE": "REINDEX DATABASE"
        default: statement.isOn("concurrently", in: "params") ? "REINDEX CONCURRENTLY" : nil
        }
    }

    /// Only actions that create or remove a slot on the other server, or query its tables.
    private static func subscription(_ statement: ParseNode) -> String? {
        switch statement.kind {
        case "CreateSubscriptionStmt":
            let hasNoSlot =
                isOff(statement.option("create_slot")) || isOff(statement.option("connect"))
            return hasNoSlot ? nil : "CREATE SUBSCRIPTION with a slot"
        case "DropSubscriptionStmt": return "DROP SUBSCRIPTION with a slot"
        case "AlterSubscriptionStmt":
            switch statement["kind"].string ?? "" {
            case "ALTER_SUBSCRIPTION_REFRESH": return "ALTER SUBSCRIPTION … REFRESH"
            case "ALTER_SUBSCRIPTION_SET_PUBLICATION", "ALTER_SUBSCRIPTION_ADD_PUBLICATION",
                "ALTER_SUBSCRIPTION_DROP_PUBLICATION":
                return isOff(statement.option("refresh")) ? nil : "ALTER SUBSCRIPTION with refresh"
            default: return nil
            }
        default: return nil
        }
    }

    private static func isOff(_ option: ParseNode) -> Bool {
        guard let value = option["arg"].string?.lowercased() else {
            return option["arg"].exists && option["arg"].int == nil
        }
        return ["false", "off", "no", "0"].contains(value)
    }

    private static func control(_ statement: ParseNode) -> TransactionUse {
        switch statement["kind"].string ?? "" {
        case "TRANS_STMT_BEGIN", "TRANS_STMT_START": .controls(.begin)
        case "TRANS_STMT_COMMIT": .controls(.commit)
        case "TRANS_STMT_ROLLBACK": .controls(.rollback)
        case "TRANS_STMT_PREPARE": .controls(.prepareTransaction)
        case "TRANS_STMT_SAVEPOINT": .controls(.savepoint)
        case "TRANS_STMT_RELEASE": .controls(.releaseSavepoint)
        case "TRANS_STMT_ROLLBACK_TO": .controls(.rollbackToSavepoint)
        case "TRANS_STMT_COMMIT_PREPARED":
            .refusesTransaction(reason: "COMMIT PREPARED cannot run inside a transaction block")
        default: .refusesTransaction(reason: "ROLLBACK PREPARED cannot run inside a transaction block")
        }
    }
}
