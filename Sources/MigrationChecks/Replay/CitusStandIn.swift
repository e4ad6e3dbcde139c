internal import Migrations
internal import PostgresClient
internal import SQLText

/// Lets migrations for Citus run on a server that has no Citus: its functions exist and do nothing, and statements that
/// create, change or drop the extension are left out.
struct CitusStandIn: Sendable {
    /// The first statement that names Citus.
    private let file: String
    private let line: Int
    /// Whether the role may create functions in `pg_catalog`, where those of Citus are.
    private let isPossible: Bool

    /// nil if no migration names Citus, or if the server has it.
    ///
    /// - Parameter since: The finding is not in a file up to this version, because those are not shown.
    /// - Throws: `PostgresError`.
    init?(for plan: PlanFromNothing, since: Int, _ session: borrowing Session) throws {
        let places = plan.steps.lazy.compactMap { step in
            step.up.script.statements.first(where: Self.namesCitus).map { (step.up, $0.line) }
        }
        let declared = plan.before.first { $0.what.extensions.contains(where: Self.extensions.contains) }
        guard declared != nil || places.first != nil else { return nil }
        let shown = plan.steps.first { $0.up.version > since }?.up.script.path
        let place =
            places.first { $0.0.version > since }.map { ($0.0.script.path, $0.1) } ?? shown.map { ($0, 1) }
            ?? ("\(plan.before.first?.folder ?? "migrations")/dependencies.json", 1)
        let server = try session.query(
            """
            -- A setting of the library, which must be loaded at the start of the server.
            SELECT EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'citus.shard_count') AS has_citus,
                pg_catalog.current_setting('is_superuser') = 'on' AS may
            """
        )[0]
        guard !server.bool("has_citus") else { return nil }
        (file, line) = place
        isPossible = server.bool("may")
    }

    private static let extensions: Set<String> = ["citus", "citus_columnar"]

    private static let names = [
        "citus", "create_distributed_", "create_reference_table", "undistribute_table", "alter_distributed_table",
        "pg_dist_partition",
    ]

    private static func namesCitus(_ statement: MigrationStatement) -> Bool {
        let text = statement.text.lowercased()
        return names.contains { text.contains($0) }
    }

    /// Whether a statement creates, changes or drops the extension.
    private static func isAboutExtension(_ statement: MigrationStatement) -> Bool {
        statement.tag.hasSuffix(" EXTENSION")
            && statement.effects.touches.contains { $0.kind == .extension && extensions.contains($0.name) }
    }

    /// Creates the functions.
    ///
    /// - Throws: `PostgresError`.
    func install(_ session: borrowing Session) throws {
        guard isPossible else { return }
        try session.execute("SET allow_system_table_mods = on")
        try session.execute(Self.definitions)
        try session.execute("RESET allow_system_table_mods")
    }

    func reduced(_ before: BeforeMigrations) -> BeforeMigrations {
        var before = before
        if isPossible { before.extensions.removeAll(where: Self.extensions.contains) }
        return before
    }

    func reduced(_ step: ReplayStep) -> ReplayStep {
        guard isPossible else { return step }
        var step = step
        step.up.script = step.up.script.omitting(Self.isAboutExtension)
        step.down = step.down.map { $0.omitting(Self.isAboutExtension) }
        return step
    }

    /// What the replay does not show.
    var finding: Finding {
        Finding(
            rule: ReplayRule.withoutCitus.rawValue,
            severity: .info,
            file: file,
            line: line,
            message: isPossible
                ? "the server of the replay has no Citus, so its functions did nothing and no table was distributed"
                : "the server of the replay has no Citus, and only a superuser could create functions in its place",
            hint: "--scratch-url of a server with Citus runs them"
        )
    }

    private static let table = "table_name pg_catalog.regclass"
    private static let shards =
        "colocate_with pg_catalog.text DEFAULT 'default', shard_count pg_catalog.int4 DEFAULT NULL"
    private static let results =
        "nodename pg_catalog.text, nodeport pg_catalog.int4, success pg_catalog.bool, result pg_catalog.text"

    private static let noResults = """
        SELECT NULL::pg_catalog.text, NULL::pg_catalog.int4, NULL::pg_catalog.bool, NULL::pg_catalog.text WHERE false
        """

    /// With the parameters of Citus 12 and 13. `distribution_type` has a type of Citus there.
    private static let definitions = """
        CREATE FUNCTION pg_catalog.create_distributed_table(\(table), distribution_column pg_catalog.text,
            distribution_type pg_catalog.text DEFAULT 'hash', \(shards)) RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.create_distributed_table_concurrently(\(table), distribution_column pg_catalog.text,
            distribution_type pg_catalog.text DEFAULT 'hash', \(shards)) RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.create_reference_table(\(table)) RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.citus_add_local_table_to_metadata(\(table),
            cascade_via_foreign_keys pg_catalog.bool DEFAULT false) RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.undistribute_table(\(table), cascade_via_foreign_keys pg_catalog.bool DEFAULT false)
            RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.alter_distributed_table(\(table), distribution_column pg_catalog.text DEFAULT NULL,
            shard_count pg_catalog.int4 DEFAULT NULL, colocate_with pg_catalog.text DEFAULT NULL,
            cascade_to_colocated pg_catalog.bool DEFAULT NULL) RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.alter_table_set_access_method(\(table), access_method pg_catalog.text)
            RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.update_distributed_table_colocation(\(table), colocate_with pg_catalog.text)
            RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.create_distributed_function(function_name pg_catalog.regprocedure,
            distribution_arg_name pg_catalog.text DEFAULT NULL, colocate_with pg_catalog.text DEFAULT 'default',
            force_delegation pg_catalog.bool DEFAULT NULL) RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.citus_schema_distribute(schemaname pg_catalog.regnamespace)
            RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.citus_schema_undistribute(schemaname pg_catalog.regnamespace)
            RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.truncate_local_data_after_distributing_table(function_name pg_catalog.regclass)
            RETURNS void LANGUAGE sql AS '';
        CREATE FUNCTION pg_catalog.run_command_on_workers(command pg_catalog.text, parallel pg_catalog.bool DEFAULT true)
            RETURNS TABLE (\(results)) LANGUAGE sql AS '\(noResults)';
        CREATE FUNCTION pg_catalog.run_command_on_all_nodes(command pg_catalog.text, parallel pg_catalog.bool DEFAULT true)
            RETURNS TABLE (\(results)) LANGUAGE sql AS '\(noResults)';
        CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid pg_catalog.regclass, partmethod pg_catalog."char",
            partkey pg_catalog.text, colocationid pg_catalog.int4, repmodel pg_catalog."char", autoconverted pg_catalog.bool);
        """
}
