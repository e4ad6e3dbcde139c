/// The part of Citus's catalogs and functions that granary uses, without Citus and with a single node.
package enum CitusCatalog {
    /// Run it as a superuser. According to the catalog, `tables` are distributed by hash.
    package static func sql(distributing tables: [String] = []) -> String {
        catalogs + tables.map { "INSERT INTO pg_catalog.pg_dist_partition VALUES ('\($0)', 'h');\n" }.joined()
    }

    /// The functions write into the catalogs what Citus's do; no row moves.
    private static let catalogs = """
        SET allow_system_table_mods = on;
        CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass NOT NULL, partmethod "char" NOT NULL, partkey text,
            colocationid integer NOT NULL DEFAULT 0, repmodel "char" NOT NULL DEFAULT 's', autoconverted boolean NOT NULL DEFAULT false);
        CREATE TABLE pg_catalog.pg_dist_colocation (colocationid int, shardcount int, replicationfactor int);
        CREATE TABLE pg_catalog.pg_dist_schema (schemaid oid, colocationid int);
        CREATE TABLE pg_catalog.pg_dist_object (classid oid, objid oid, objsubid int, distribution_argument_index int,
            colocationid int, force_delegation boolean);
        CREATE TABLE pg_catalog.pg_dist_node (nodeid int, groupid int, nodename text, nodeport int, noderole text, isactive boolean);
        CREATE TABLE pg_catalog.pg_dist_local_group (groupid int);
        CREATE TABLE pg_catalog.pg_dist_transaction (groupid int, gid text);
        CREATE TABLE pg_catalog.pg_dist_shard (logicalrelid regclass, shardid bigint);
        CREATE TABLE pg_catalog.pg_dist_placement (shardid bigint, shardstate int, groupid int);
        CREATE FUNCTION pg_catalog.column_to_column_name(regclass, text) RETURNS text LANGUAGE sql AS 'SELECT $2';
        CREATE FUNCTION pg_catalog.shard_name(regclass, bigint) RETURNS text LANGUAGE sql AS $f$
            SELECT pg_catalog.format('%I.%I', n.nspname, c.relname || '_' || $2)
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1 $f$;
        CREATE SEQUENCE pg_catalog.pg_dist_colocationid_seq;
        CREATE FUNCTION pg_catalog.create_reference_table(regclass) RETURNS void LANGUAGE sql AS $f$
            INSERT INTO pg_catalog.pg_dist_partition VALUES ($1, 'n', NULL, 9999, 't') $f$;
        CREATE FUNCTION pg_catalog.citus_add_local_table_to_metadata(regclass) RETURNS void LANGUAGE sql AS $f$
            INSERT INTO pg_catalog.pg_dist_partition VALUES ($1, 'n', NULL, 0, 's') $f$;
        CREATE FUNCTION pg_catalog.create_distributed_table(t regclass, k text, colocate_with text DEFAULT 'default',
            shard_count int DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $f$
            DECLARE g int;
            BEGIN
                IF colocate_with = 'none' THEN
                    g := pg_catalog.nextval('pg_catalog.pg_dist_colocationid_seq');
                    INSERT INTO pg_catalog.pg_dist_colocation VALUES (g, coalesce(shard_count, 1), 1);
                ELSE
                    SELECT colocationid INTO STRICT g FROM pg_catalog.pg_dist_partition
                    WHERE logicalrelid = colocate_with::pg_catalog.regclass;
                END IF;
                INSERT INTO pg_catalog.pg_dist_partition VALUES (t, CASE WHEN k IS NULL THEN 'n' ELSE 'h' END::"char", k, g, 's');
            END $f$;
        CREATE FUNCTION pg_catalog.citus_schema_distribute(regnamespace) RETURNS void LANGUAGE sql AS $f$
            INSERT INTO pg_catalog.pg_dist_schema VALUES ($1, pg_catalog.nextval('pg_catalog.pg_dist_colocationid_seq'));
            INSERT INTO pg_catalog.pg_dist_partition SELECT c.oid, 'n', NULL, s.colocationid, 's'
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_dist_schema s ON s.schemaid = c.relnamespace
            WHERE c.relnamespace = $1 AND c.relkind = 'r' $f$;
        CREATE FUNCTION pg_catalog.create_distributed_function(f regprocedure, a text DEFAULT NULL,
            colocate_with text DEFAULT 'default', force_delegation boolean DEFAULT NULL) RETURNS void LANGUAGE sql AS $f$
            INSERT INTO pg_catalog.pg_dist_object VALUES ('pg_catalog.pg_proc'::pg_catalog.regclass, f, 0,
                pg_catalog.ltrim(a, '$')::int - 1,
                (SELECT colocationid FROM pg_catalog.pg_dist_partition WHERE logicalrelid = pg_catalog.to_regclass(colocate_with)),
                force_delegation) $f$;
        INSERT INTO pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
            VALUES (4000000001, 'citus', 10, 11, false, '12.1-1');
        RESET allow_system_table_mods;

        """
}
