internal import PostgresClient

/// What lies outside some schemas and would go with them: `DROP SCHEMA … CASCADE` asks nobody.
enum Dependents {
    /// - Parameter kept: Those that are emptied.
    /// - Throws: `RestoreError.preflight` naming the objects.
    static func requireNone(outside schemas: [String], kept: Set<String>, _ session: borrowing Session) throws {
        let found = try session.objects(thatFallWith: schemas, extensionsStay: kept.isSuperset(of: schemas))
        guard !found.isEmpty else { return }
        let more = found.count > 8 ? " and \(found.count - 8) more" : ""
        throw RestoreError(
            .preflight,
            "nothing was changed, because replacing \(schemas.joined(separator: ", ")) would drop what depends on it elsewhere: \(found.prefix(8).joined(separator: ", "))\(more)",
            hint: "restore those schemas together (--schema for each), or drop these objects first"
        )
    }
}
