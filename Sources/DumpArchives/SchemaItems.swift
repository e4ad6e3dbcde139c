package import Archive
internal import PostgresClient

extension DumpTOC {
    /// The items of the schema in pg_dump's order, in which they can be created.
    ///
    /// Privileges, comments and security labels have no section of their own; they belong to that of their object.
    package func schemaItems() -> [Manifest.SchemaItem] {
        var section = Entry.Section.preData
        return entries.compactMap { entry in
            if entry.section != .none { section = entry.section }
            // Those of tables are in the section of data.
            if entry.kind == "STATISTICS DATA" { return entry.item(.postData) }
            return switch section {
            case .preData: entry.item(.preData)
            case .postData: entry.item(.postData)
            case .none, .data: nil
            }
        }
    }
}

extension DumpTOC.Entry {
    fileprivate func item(_ section: Manifest.SchemaItem.Section) -> Manifest.SchemaItem? {
        // Granary writes large objects itself, because pg_dump's section for them depends on its version; it also sets
        // the session's settings itself.
        let ours = [
            "BLOB", "BLOB METADATA", "BLOBS", "BLOB COMMENTS", "ENCODING", "STDSTRINGS", "SEARCHPATH",
        ]
        guard !ours.contains(kind), !(isAboutNoSchema && tag.hasPrefix("LARGE OBJECT ")) else { return nil }
        return Manifest.SchemaItem(
            id: id,
            section: section,
            kind: kind,
            schema: namespace.flatMap { $0.isEmpty ? nil : $0 },
            name: tag,
            owner: owner.flatMap { $0.isEmpty ? nil : $0 },
            catalogOID: catalogOID,
            objectOID: objectOID,
            sql: definition + accessMethodStatement,
            ownable: ownable,
            dropSQL: dropStatement.isEmpty ? nil : dropStatement,
            tablespace: tablespace,
            accessMethod: relationKind == "p" ? nil : accessMethod,
            dependsOn: dependencies
        )
    }

    /// Comments and privileges name their object in the tag. A table's name may look like such a tag.
    private var isAboutNoSchema: Bool {
        ["ACL", "COMMENT", "SECURITY LABEL"].contains(kind) && (namespace ?? "").isEmpty
    }

    /// A partitioned table has no storage, so the default does not apply to it and must be set explicitly.
    private var accessMethodStatement: String {
        guard relationKind == "p", let accessMethod, !accessMethod.isEmpty else { return "" }
        return "\nALTER TABLE \(qualifiedName) SET ACCESS METHOD \(QuotedText.name(accessMethod));\n"
    }

    /// The text between ALTER and OWNER TO, derived as in pg_restore (`_getObjectDescription`).
    private var ownable: String? {
        guard let owner, !owner.isEmpty, !dropStatement.isEmpty else { return nil }
        switch kind {
        case "COLLATION", "CONVERSION", "DOMAIN", "TYPE", "FOREIGN TABLE", "MATERIALIZED VIEW", "SEQUENCE",
            "STATISTICS", "TABLE", "TEXT SEARCH DICTIONARY", "TEXT SEARCH CONFIGURATION", "VIEW", "SCHEMA",
            "EVENT TRIGGER", "FOREIGN DATA WRAPPER", "SERVER", "PUBLICATION", "SUBSCRIPTION":
            return "\(kind) \(qualifiedName)"
        case "PROCEDURAL LANGUAGE": return "LANGUAGE \(qualifiedName)"
        // These need their arguments, which are in the DROP statement.
        case "AGGREGATE", "FUNCTION", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURE":
            var statement = dropStatement.dropFirst("DROP ".count)
            while let last = statement.last, last == ";" || last.isWhitespace { statement.removeLast() }
            return String(statement)
        default: return nil
        }
    }

    private var qualifiedName: String {
        let prefix = namespace.flatMap { $0.isEmpty ? nil : QuotedText.name($0) + "." } ?? ""
        return prefix + QuotedText.name(tag)
    }
}
