/// The part of Citus's catalogs that shows which tables are distributed, without Citus.
package enum CitusCatalog {
    /// Run it as a superuser. According to the catalog, `tables` are distributed by hash.
    package static func sql(distributing tables: [String]) -> String {
        """
        SET allow_system_table_mods = on;
        CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass NOT NULL, partmethod "char" NOT NULL, partkey text,
            colocationid integer NOT NULL DEFAULT 0, repmodel "char" NOT NULL DEFAULT 's', autoconverted boolean NOT NULL DEFAULT false);
        INSERT INTO pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
            VALUES (4000000001, 'citus', 10, 11, false, '12.1-1');
        RESET allow_system_table_mods;
        """ + tables.map { "INSERT INTO pg_catalog.pg_dist_partition VALUES ('\($0)', 'h');\n" }.joined()
    }
}
