internal import Archive
internal import PostgresClient

/// The readable schema: the text that pg_dump would write before and after the data, for people and for psql.
///
/// Privileges are at the end of post-data, because an owner may have revoked its own right to insert. Then materialized
/// views are filled, and event triggers come last.
struct SchemaText {
    private let items: [Manifest.SchemaItem]
    private let encoding: String
    private let settings: SettingsScript

    init(_ items: [Manifest.SchemaItem], codec: TextCodec, encoding: String, settings: SettingsScript) {
        self.settings = settings
        self.items = items.filter { !$0.isAboutTheDatabase }
        self.encoding = codec == .bytes ? "SQL_ASCII" : "UTF8"
    }

    func preData() throws -> String {
        try render(items.filter { $0.section == .preData && !isPrivilege($0) && $0.kind != "EVENT TRIGGER" })
    }

    func postData() throws -> String {
        let triggers = Set(items.filter { $0.kind == "EVENT TRIGGER" }.map(\.id))
        // Comments on event triggers follow the triggers.
        let isLast = { (item: Manifest.SchemaItem) in
            triggers.contains(item.id) || item.dependsOn.contains(where: triggers.contains)
        }
        let post = items.filter { $0.section == .postData && !isPrivilege($0) && !isLast($0) }
        return try render(
            post.filter { $0.kind != "MATERIALIZED VIEW DATA" } + items.filter(isPrivilege)
                + post.filter { $0.kind == "MATERIALIZED VIEW DATA" } + items.filter(isLast)
        )
    }

    private func isPrivilege(_ item: Manifest.SchemaItem) -> Bool { item.kind == "ACL" || item.kind == "DEFAULT ACL" }

    private func render(_ items: [Manifest.SchemaItem]) throws -> String {
        var text = preamble
        var tablespace = ""
        var accessMethod = ""
        var hasRefreshed = false
        for item in items {
            if item.kind == "MATERIALIZED VIEW DATA", !hasRefreshed {
                text += "\n" + settings.forUserCode
                hasRefreshed = true
            }
            text += "\n-- Name: \(plain(item.name)); Type: \(item.kind); Schema: \(plain(item.schema ?? "-")); "
            text += "Owner: \(plain(item.owner ?? "-"))\n\n"
            if let wanted = item.tablespace, wanted != tablespace {
                text += "SET default_tablespace = \(wanted.isEmpty ? "''" : quoted(wanted));\n"
                tablespace = wanted
            }
            if let wanted = item.accessMethod, !wanted.isEmpty, wanted != accessMethod {
                text += "SET default_table_access_method = \(quoted(wanted));\n"
                accessMethod = wanted
            }
            text += item.sql
            if !item.sql.isEmpty, !item.sql.hasSuffix("\n") { text += "\n" }
            if let owner = item.owner, let ownable = item.ownable {
                text += "ALTER \(ownable) OWNER TO \(quoted(owner));\n"
            }
        }
        return text
    }

    private var preamble: String {
        """
        SET statement_timeout = 0;
        SET lock_timeout = 0;
        SET idle_in_transaction_session_timeout = 0;
        SET client_encoding = '\(encoding)';
        SET standard_conforming_strings = on;
        SELECT pg_catalog.set_config('search_path', '', false);
        SET check_function_bodies = false;
        SET xmloption = content;
        SET array_nulls = on;
        SET transform_null_equals = off;
        SET client_min_messages = warning;
        SET row_security = off;

        """
    }

    /// A name in a comment. A line break in it would end the comment and execute the rest.
    private func plain(_ name: String) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
    }

    private func quoted(_ name: String) -> String { QuotedText.name(name) }
}
