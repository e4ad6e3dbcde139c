/// The cost of each subcommand of ALTER TABLE: the lock, according to `AlterTableGetLockLevel` in `tablecmds.c`
/// (version 15), and the risk.
enum AlterTableRule {
    static func lock(_ command: ParseNode) -> LockMode {
        switch command["subtype"].string ?? "" {
        case "AT_SetStatistics", "AT_ClusterOn", "AT_DropCluster", "AT_SetOptions", "AT_ResetOptions",
            "AT_ValidateConstraint", "AT_AttachPartition", "AT_DetachPartitionFinalize":
            .shareUpdateExclusive
        case "AT_DetachPartition": command["def"]["concurrent"].isTrue ? .shareUpdateExclusive : .accessExclusive
        case "AT_EnableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig", "AT_EnableTrigAll", "AT_EnableTrigUser",
            "AT_DisableTrig", "AT_DisableTrigAll", "AT_DisableTrigUser":
            .shareRowExclusive
        case "AT_AddConstraint":
            command["def"]["contype"].string == "CONSTR_FOREIGN" ? .shareRowExclusive : .accessExclusive
        case "AT_SetRelOptions", "AT_ResetRelOptions":
            command["def"].items.allSatisfy { isLightOption($0["defname"].string ?? "") }
                ? .shareUpdateExclusive : .accessExclusive
        default: .accessExclusive
        }
    }

    /// Storage parameters that do not affect a running query (`reloptions.c`).
    private static func isLightOption(_ name: String) -> Bool {
        light.contains(name) || name.hasPrefix("autovacuum_") || name == "log_autovacuum_min_duration"
    }

    private static let light: Set<String> = [
        "fillfactor", "parallel_workers", "toast_tuple_target", "vacuum_index_cleanup", "vacuum_truncate",
        "deduplicate_items", "n_distinct", "n_distinct_inherited",
    ]

    static func risk(_ command: ParseNode) -> Risk {
        switch command["subtype"].string ?? "" {
        case "AT_DropColumn", "AT_AlterColumnType", "AT_DropConstraint", "AT_DropOf": .high
        case "AT_AddConstraint", "AT_ValidateConstraint", "AT_AttachPartition", "AT_SetStatistics", "AT_SetOptions",
            "AT_ResetOptions", "AT_SetRelOptions", "AT_ResetRelOptions", "AT_ClusterOn", "AT_DropCluster",
            "AT_AddIndex", "AT_AddIndexConstraint":
            .low
        default: .medium
        }
    }
}
