internal import Archive
internal import PostgresClient

/// `restore.sql` and `README.txt`: how to recover everything with unzip and psql.
struct RecoveryScript {
    let manifest: Manifest
    var isEncrypted = false

    /// A psql script, to be run in the folder with the unpacked archive.
    func script(_ session: borrowing Session) -> String {
        var lines = [
            "-- Restores this backup with psql alone. README.txt says how.",
            "\\set ON_ERROR_STOP on",
            "SET client_encoding = \(session.literal(manifest.database.encoding == "SQL_ASCII" ? "SQL_ASCII" : "UTF8"));",
        ]
        let settings = SettingsScript(manifest.database, withCustom: true)
        lines += [
            "SET standard_conforming_strings = on;", "SELECT pg_catalog.set_config('search_path', '', false);",
            "SET row_security = off;", "",
        ]
        if manifest.scope.isWholeDatabase, !manifest.schemas.contains("public") {
            lines.append("DROP SCHEMA IF EXISTS public;")
        }
        lines.append("\\i \(MemberName.preData)")
        if manifest.distribution != nil { lines.append("\\i \(MemberName.citus)") }
        lines += ["", settings.forUserCode]
        for table in manifest.tables where !table.chunks.isEmpty {
            let needed = settings.forRows(of: table)
            lines += ([needed.before] + copy(table, session) + [needed.after]).filter { !$0.isEmpty }
        }
        lines +=
            largeObjects(session) + sequences(session) + [
                "\\i \(MemberName.postData)", "", "ANALYZE;",
            ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// `\copy` reads one line, so a table or column with a line break in its name is renamed meanwhile.
    private func copy(_ table: Manifest.Table, _ session: borrowing Session) -> [String] {
        let isAwkward = { (name: String) in name.unicodeScalars.contains { $0.value < 32 } }
        let columns = table.columns.map(\.name)
        guard isAwkward(table.schema) || isAwkward(table.name) || columns.contains(where: isAwkward) else {
            return chunks(
                table,
                into: "\(session.quoted(table.schema)).\(session.quoted(table.name))",
                columns.map { session.quoted($0) },
                session
            )
        }
        let plain = columns.indices.map { "granary_\($0 + 1)" }
        let name = "granary_table_\(table.number)"
        let original = "\(session.quoted(table.schema)).\(session.quoted(table.name))"
        let schema = isAwkward(table.schema) ? "granary_schema_\(table.number)" : table.schema
        var before = zip(columns, plain).map { "ALTER TABLE \(original) RENAME COLUMN \(session.quoted($0)) TO \($1);" }
        var after = zip(columns, plain).map { "ALTER TABLE \(original) RENAME COLUMN \($1) TO \(session.quoted($0));" }
        before.append("ALTER TABLE \(original) RENAME TO \(name);")
        after.insert(
            "ALTER TABLE \(session.quoted(table.schema)).\(name) RENAME TO \(session.quoted(table.name));",
            at: 0
        )
        if schema != table.schema {
            before.append("ALTER SCHEMA \(session.quoted(table.schema)) RENAME TO \(schema);")
            after.insert("ALTER SCHEMA \(schema) RENAME TO \(session.quoted(table.schema));", at: 0)
        }
        return before + chunks(table, into: "\(session.quoted(schema)).\(name)", plain, session) + after
    }

    private func chunks(
        _ table: Manifest.Table,
        into name: String,
        _ columns: [String],
        _ session: borrowing Session
    ) -> [String] {
        let list = columns.isEmpty ? "" : " (\(columns.joined(separator: ", ")))"
        return table.chunks.map { chunk in
            let options =
                chunk.isBinary
                ? " WITH (FORMAT binary)" : " WITH (ENCODING \(session.literal(manifest.database.encoding)))"
            return "\\copy \(name)\(list) FROM '\(chunk.member)'\(options)"
        }
    }

    private func largeObjects(_ session: borrowing Session) -> [String] {
        guard let objects = manifest.largeObjects else { return [] }
        var lines = objects.objects.flatMap { LargeObjectText.create($0, session) }
        lines.append("CREATE TEMPORARY TABLE granary_large_objects (object oid, start bigint, content bytea);")
        lines += objects.chunks.map { "\\copy pg_temp.granary_large_objects FROM '\($0.member)'" }
        lines.append(
            "SELECT pg_catalog.count(pg_catalog.lo_put(object, start, content)) FROM pg_temp.granary_large_objects;"
        )
        lines.append("DROP TABLE pg_temp.granary_large_objects;")
        return lines + [""]
    }

    private func sequences(_ session: borrowing Session) -> [String] {
        manifest.sequences.map { sequence in
            let name = session.literal("\(session.quoted(sequence.schema)).\(session.quoted(sequence.name))")
            return "SELECT pg_catalog.setval(\(name), \(sequence.lastValue), \(sequence.isCalled));"
        } + [""]
    }

    var readme: String {
        """
        A backup of the PostgreSQL database "\(manifest.database.name)", made by granary \(manifest.granary)
        at \(manifest.createdAt) from PostgreSQL \(manifest.server.version).

        With granary:

            granary verify FILE
            granary restore FILE

        \(encryptionNote)Without it, with unzip and psql of PostgreSQL \(manifest.server.versionNumber / 10000) or newer:

            \(isEncrypted ? "age --decrypt --identity KEYFILE FILE.zip.age > FILE  # asks for a passphrase without --identity\n    " : "")unzip FILE -d backup
            cd backup
            psql -d postgres -f schema/roles.sql  # if the roles are missing; as a superuser
            createdb \(databaseOptions) NEW
            psql -d NEW -f restore.sql
        \(tablespaceNote)\(citusNote)
        data/NNNNNN-table/NNNNNN.copy are rows in COPY's text format, in the encoding \(manifest.database.encoding);
        manifest.json says which table each belongs to, which columns it has, and the checksums, and what was set on
        the database itself (owner, privileges, settings). restore.sql uses the settings that views, constraints and
        indexes read, such as the time zone, while it runs, unless NEW has its own; it sets none of them on NEW.

        """
    }

    private var encryptionNote: String {
        guard isEncrypted else { return "" }
        let recipients = manifest.recipients ?? []
        guard !recipients.isEmpty else {
            return "The file was encrypted with a passphrase (age-encryption.org); granary asks for it.\n\n"
        }
        return """
            The file was encrypted with age (age-encryption.org) for these recipients; granary takes the identity of one
            of them with --identity KEYFILE:

            \(recipients.map { "    \($0)" }.joined(separator: "\n"))


            """
    }

    /// The options of `createdb`. Another locale would sort differently, or not match the encoding.
    private var databaseOptions: String {
        let database = manifest.database
        var options = [
            "--template=template0", "--encoding=\(database.encoding)",
            "--lc-collate=\(QuotedText.shellWord(database.collate))",
            "--lc-ctype=\(QuotedText.shellWord(database.ctype))",
        ]
        if let locale = database.locale, database.localeProvider != "libc" {
            options.append("--locale-provider=\(database.localeProvider)")
            options.append("--\(database.localeProvider)-locale=\(QuotedText.shellWord(locale))")
        }
        return options.joined(separator: " ")
    }

    private var citusNote: String {
        guard let distribution = manifest.distribution else { return "" }
        return """

            Citus distributed the tables (\(distribution.summary)). For a cluster, make NEW on every node, with CREATE
            EXTENSION citus in each, and add the nodes on the coordinator (citus_set_coordinator_host, citus_add_node)
            before psql runs restore.sql there. It runs schema/citus.sql, which distributes the empty tables.

            """
    }

    private var tablespaceNote: String {
        let used = Set(manifest.schema.compactMap(\.tablespace)).subtracting(["", "pg_default"]).sorted()
        guard !used.isEmpty else { return "" }
        return """

            The server must have the tablespaces \(used.joined(separator: ", ")): CREATE TABLESPACE makes them.

            """
    }
}

/// Statements that create a large object with its comment, owner and privileges.
enum LargeObjectText {
    static func create(_ object: Manifest.LargeObject, _ session: borrowing Session) -> [String] {
        let subject = "LARGE OBJECT \(object.oid)"
        var lines = ["SELECT pg_catalog.lo_create(\(object.oid));"]
        if let comment = object.comment { lines.append("COMMENT ON \(subject) IS \(session.literal(comment));") }
        lines.append("ALTER \(subject) OWNER TO \(session.quoted(object.owner));")
        guard let privileges = object.privileges else { return lines }
        lines.append("REVOKE ALL ON \(subject) FROM \(session.quoted(object.owner));")
        for privilege in privileges {
            let grantee = privilege.grantee.map { session.quoted($0) } ?? "PUBLIC"
            let option = privilege.grantable ? " WITH GRANT OPTION" : ""
            lines.append("GRANT \(privilege.privilege) ON \(subject) TO \(grantee)\(option);")
        }
        return lines
    }
}
