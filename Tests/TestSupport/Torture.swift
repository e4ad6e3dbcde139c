/// A database with every feature that a backup must preserve: types and values at their limits, partitions,
/// inheritance, all kinds of keys, code, privileges, large objects, and names that break careless quoting.
package enum Torture {
    /// Roles and a tablespace that the schema uses. They belong to the server, so they are created once.
    package static let server = #"""
        CREATE ROLE "Tört ""role"" %\ 😀" LOGIN;
        CREATE ROLE torture_owner LOGIN;
        CREATE ROLE torture_reader LOGIN NOINHERIT;
        CREATE ROLE torture_group;
        GRANT torture_group TO torture_reader, "Tört ""role"" %\ 😀";
        GRANT torture_reader TO torture_owner WITH ADMIN OPTION;
        SET allow_in_place_tablespaces = on;
        CREATE TABLESPACE torture_space LOCATION '';
        """#

    /// The content of the database, for psql.
    package static let schema = [
        tortureTypes, tortureTables, tortureCode, tortureNames, tortureRights,
    ].joined(separator: "\n")

    /// Settings of the database itself; `%I` is its quoted name.
    private static let database = #"""
        COMMENT ON DATABASE %I IS 'a "database" with ''quotes'' \ and 😀';
        ALTER DATABASE %I SET search_path TO code, "a.b", "Mixed Case %s ""q"" 'a' \ ;--", public;
        ALTER DATABASE %I SET "granary.custom" TO 'it''s \ "custom"';
        ALTER DATABASE %I SET work_mem TO '7MB';
        ALTER DATABASE %I SET DateStyle TO 'SQL, DMY';
        ALTER DATABASE %I SET IntervalStyle TO 'iso_8601';
        ALTER DATABASE %I SET bytea_output TO 'escape';
        ALTER DATABASE %I SET extra_float_digits TO -5;
        ALTER DATABASE %I SET TimeZone TO 'Asia/Kathmandu';
        ALTER DATABASE %I SET standard_conforming_strings TO off;
        ALTER ROLE torture_reader IN DATABASE %I SET search_path TO '';
        ALTER ROLE "Tört ""role"" %\ 😀" IN DATABASE %I SET statement_timeout TO '3s';
        ALTER DATABASE %I CONNECTION LIMIT 77;
        REVOKE ALL ON DATABASE %I FROM PUBLIC;
        GRANT CONNECT, TEMPORARY ON DATABASE %I TO torture_owner WITH GRANT OPTION;
        GRANT CONNECT ON DATABASE %I TO "Tört ""role"" %\ 😀";
        """#

    private static let sharedRoles = Task { try await makeRoles(try await ThrowawayServer.shared()) }

    /// The shared server, with the roles.
    package static func sharedServer() async throws -> ThrowawayServer {
        try await sharedRoles.value
        return try await ThrowawayServer.shared()
    }

    package static func makeRoles(_ server: ThrowawayServer) async throws {
        try await psql(server.url(database: "postgres"), self.server)
    }

    /// Fills the database at `url`.
    ///
    /// - Parameter extensions: Those that the server for the restore lacks. Those that this server lacks are omitted
    ///   too: some installations have no contrib modules.
    package static func fill(_ url: String, without extensions: Set<String> = []) async throws {
        try await psql(url, schema(without: extensions.union(try await extensionsMissing(url))))
    }

    private static let extensions = ["btree_gist", "citext", "postgres_fdw", "libxml"]

    /// Features used here that the server lacks: extensions, and `libxml`, without which there are no values of type
    /// `xml`.
    package static func extensionsMissing(_ url: String) async throws -> Set<String> {
        let there = try await psql(
            url,
            """
            SELECT name FROM pg_available_extensions
            UNION ALL SELECT 'libxml' FROM pg_config WHERE name = 'CONFIGURE' AND setting LIKE '%--with-libxml%'
            """
        ).split(separator: "\n")
        return Set(extensions.filter { !there.contains(Substring($0)) })
    }

    /// The same objects, with replacements for those of the extensions.
    private static func schema(without extensions: Set<String>) -> String {
        var text = schema
        for name in extensions {
            text = text.split(separator: "\n", omittingEmptySubsequences: false)
                .filter { !$0.contains("CREATE EXTENSION \(name) ") && !$0.contains("ON EXTENSION \(name) ") }
                .joined(separator: "\n")
        }
        if extensions.contains("btree_gist") {
            text = text.replacing("USING gist (room WITH =, ", with: "USING gist (")
        }
        if extensions.contains("citext") {
            text = text.replacing("ext.citext_hash(ext.citext)", with: "pg_catalog.hashtext(text)")
                .replacing("ext.citext", with: "text")
        }
        if extensions.contains("libxml") { text = text.replacing("doc xml,", with: "doc text,") }
        if extensions.contains("postgres_fdw") {
            text = text.replacing("DATA WRAPPER postgres_fdw", with: "DATA WRAPPER \"my wrapper\"")
        }
        return text
    }

    /// Sets properties of the database itself. Settings such as `DateStyle` are meant to disturb readers.
    package static func adorn(_ url: String, name: String) async throws {
        let quoted = "\"" + name.replacing("\"", with: "\"\"") + "\""
        try await psql(url, database.replacing("%I", with: quoted))
    }
}
