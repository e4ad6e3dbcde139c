internal import Archive
internal import Citus

extension Manifest.Distribution {
    /// The part of it that concerns the tables of a backup. A schema is distributed again only if all of it is there.
    func limited(to catalog: BackupCatalog) -> Manifest.Distribution {
        var part = self
        let included = Set(catalog.tables.map(\.table))
        part.tables.removeAll { !included.contains($0.tableName) }
        let (whole, gone) = (Set(exactly: catalog.scope.schemas), Set(exactly: catalog.exclusion?.schemas ?? []))
        part.schemas.removeAll { gone.contains($0) || !(catalog.scope.isWholeDatabase || whole.contains($0)) }
        let groups = Set(part.tables.compactMap(\.group))
        part.functions.removeAll { function in function.group.map { !groups.contains($0) } ?? false }
        return part
    }
}
