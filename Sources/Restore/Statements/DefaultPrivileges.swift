internal import PostgresClient

/// Default privileges in a database that is restored in place. Their grants would be added to every new object, while
/// the archive's privileges are differences from PostgreSQL's own defaults.
struct DefaultPrivileges {
    private struct Entry {
        var role: String
        var schema: String?
        /// The word in `ALTER DEFAULT PRIVILEGES`: TABLES, SEQUENCES, …
        var objects: String
        var kind: String
        var grants: [(grantee: String, privilege: String, grantable: Bool)]
    }

    private let entries: [Entry]

    /// The default privileges that apply to new objects of this session, or those of all roles that it may act for.
    init(_ session: borrowing Session, ofEveryRole: Bool) throws {
        let rows = try session.query(
            """
            SELECT d.oid, pg_catalog.pg_get_userbyid(d.defaclrole) AS role, n.nspname, d.defaclobjtype AS kind,
                   CASE a.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END AS grantee,
                   a.privilege_type, a.is_grantable
            FROM pg_catalog.pg_default_acl d
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
            LEFT JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) a ON true
            WHERE \(ofEveryRole ? "pg_catalog.pg_has_role(d.defaclrole, 'USAGE')" : "pg_catalog.pg_get_userbyid(d.defaclrole) = current_user")
            ORDER BY d.oid
            """
        )
        let words = [
            "r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS", "T": "TYPES", "n": "SCHEMAS", "L": "LARGE OBJECTS",
        ]
        var entries: [String: Entry] = [:]
        var order: [String] = []
        for row in rows {
            let oid = row.text("oid")
            if entries[oid] == nil {
                order.append(oid)
                entries[oid] = Entry(
                    role: row.text("role"),
                    schema: row["nspname"],
                    objects: words[row.text("kind")] ?? "TABLES",
                    kind: row.text("kind"),
                    grants: []
                )
            }
            guard row["privilege_type"] != nil else { continue }
            let grantee = row["grantee"].map { session.quoted($0) } ?? "PUBLIC"
            entries[oid]?.grants.append((grantee, row.text("privilege_type"), row.bool("is_grantable")))
        }
        self.entries = order.compactMap { entries[$0] }
    }

    /// Resets them to PostgreSQL's own: an entry equal to those is removed.
    func reset(_ session: borrowing Session) throws {
        for entry in entries {
            let start = DefaultPrivileges.start(entry, session)
            try revokeAll(entry, session)
            guard entry.schema == nil else { continue }
            try session.execute("\(start) GRANT ALL ON \(entry.objects) TO \(session.quoted(entry.role))")
            if let word = ["f": "EXECUTE", "T": "USAGE"][entry.kind] {
                try session.execute("\(start) GRANT \(word) ON \(entry.objects) TO PUBLIC")
            }
        }
    }

    /// Restores them. If a schema no longer exists, its default privileges come from the archive, if at all.
    func restore(_ session: borrowing Session) throws {
        let there = Set(
            try session.query("SELECT nspname FROM pg_catalog.pg_namespace").map { $0.text("nspname") }
        )
        for entry in entries where entry.schema.map(there.contains) ?? true {
            let start = DefaultPrivileges.start(entry, session)
            if entry.schema == nil { try revokeAll(entry, session) }
            for grant in entry.grants {
                let option = grant.grantable ? " WITH GRANT OPTION" : ""
                try session.execute(
                    "\(start) GRANT \(grant.privilege) ON \(entry.objects) TO \(grant.grantee)\(option)"
                )
            }
        }
    }

    private func revokeAll(_ entry: Entry, _ session: borrowing Session) throws {
        let grantees = Set(
            entry.grants.map(\.grantee) + (entry.schema == nil ? ["PUBLIC", session.quoted(entry.role)] : [])
        )
        guard !grantees.isEmpty else { return }
        try session.execute(
            "\(DefaultPrivileges.start(entry, session)) REVOKE ALL ON \(entry.objects) FROM \(grantees.sorted().joined(separator: ", "))"
        )
    }

    private static func start(_ entry: Entry, _ session: borrowing Session) -> String {
        let place = entry.schema.map { " IN SCHEMA \(session.quoted($0))" } ?? ""
        return "ALTER DEFAULT PRIVILEGES FOR ROLE \(session.quoted(entry.role))\(place)"
    }
}
