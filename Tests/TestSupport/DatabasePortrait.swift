/// Everything that two equal databases must have in common, as text: from pg_dump and SQL, without granary's code.
package struct DatabasePortrait: Sendable, Equatable {
    /// pg_dump's plain output, including rows and large objects.
    package var dump: String
    /// A line per table and materialized view: its name, its row count, and a digest of its rows as text.
    package var rows: String
    package var sequences: String
    package var largeObjects: String

    /// - Parameter pgDump: The program to use if servers of several versions are compared, because their outputs
    ///   differ.
    package static func of(_ url: String, pgDump: String = "pg_dump") async throws -> DatabasePortrait {
        DatabasePortrait(
            dump: try await plainDump(url, pgDump),
            rows: try await query(url, rowDigests),
            sequences: try await query(url, sequenceStates),
            largeObjects: try await query(url, largeObjectStates)
        )
    }

    /// The differing lines, for people; empty if there are none.
    package func differences(from other: DatabasePortrait) -> String {
        let parts = [
            ("dump", dump, other.dump), ("rows", rows, other.rows), ("sequences", sequences, other.sequences),
            ("large objects", largeObjects, other.largeObjects),
        ]
        return parts.filter { $0.1 != $0.2 }.map { name, mine, theirs in
            let (mine, theirs) = (mine.split(separator: "\n"), theirs.split(separator: "\n"))
            let changes = mine.difference(from: theirs).prefix(60).map { change in
                switch change {
                case .insert(_, let line, _): "+ \(line)"
                case .remove(_, let line, _): "- \(line)"
                }
            }
            return "\(name):\n\(changes.joined(separator: "\n"))"
        }.joined(separator: "\n")
    }

    /// The settings of the database itself, without its name, and without what a restore that keeps it notes in its comment.
    package static func properties(_ url: String) async throws -> String {
        try await query(
            url,
            """
            SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit,
                   nullif(regexp_replace(shobj_description(d.oid, 'pg_database'),
                       '^.* before the restore of [0-9TZ]+, kept by granary as .* \\(database [0-9]+\\)\\n?', ''), ''), spcname,
                   (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a)
            FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = current_database();
            SELECT setrole::regrole, (SELECT array_agg(c ORDER BY c) FROM unnest(setconfig) c) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase
            WHERE datname = current_database() ORDER BY 1;
            """
        )
    }

    private static func plainDump(_ url: String, _ pgDump: String) async throws -> String {
        let outcome = try await runCommand(pgDump, ["-d", url])
        guard outcome.status == 0 else { throw CommandFailure(description: "pg_dump: \(outcome.stderr)") }
        return outcome.stdout.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("\\restrict") && !$0.hasPrefix("\\unrestrict") }.joined(separator: "\n")
    }

    private static func query(_ url: String, _ sql: String) async throws -> String {
        try await psql(
            url,
            """
            SET search_path TO ''; SET extra_float_digits TO 3; SET DateStyle TO ISO; SET TimeZone TO UTC;
            SET IntervalStyle TO postgres; SET bytea_output TO hex; SET standard_conforming_strings TO on;
            \(sql)
            """
        )
    }

    private static let rowDigests = #"""
        SELECT format('SELECT %L, count(*), md5(string_agg(md5(t::text), '''' ORDER BY md5(t::text))) FROM ONLY %s t',
                      c.oid::regclass, c.oid::regclass)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE relkind IN ('r', 'm') AND relispopulated AND relpersistence <> 't'
            AND nspname !~ '^pg_' AND nspname <> 'information_schema'
        ORDER BY nspname COLLATE "C", relname COLLATE "C" \gexec
        """#

    private static let sequenceStates = #"""
        SELECT format('SELECT %L, last_value, is_called FROM %s', c.oid::regclass, c.oid::regclass)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE relkind = 'S'
        ORDER BY nspname COLLATE "C", relname COLLATE "C" \gexec
        """#

    private static let largeObjectStates = """
        SELECT oid, lomowner::regrole, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(lomacl) a), length(lo_get(oid)),
               md5(lo_get(oid)), obj_description(oid, 'pg_largeobject')
        FROM pg_largeobject_metadata ORDER BY oid;
        """
}
