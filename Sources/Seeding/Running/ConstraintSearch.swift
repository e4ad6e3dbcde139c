internal import Bookkeeping
import PostgresClient
internal import Project
internal import SyntheticData

/// The constraints that the generated rows of a table have violated so far, and the candidates found for them.
struct ConstraintSearch {
    let table: SeedCatalog.Table
    private(set) var asked: Set<AskedConstraint>
    /// Columns with a declared generator. Their values come only from that generator.
    let declared: Set<String>
    /// By declared column, the other columns that its declaration uses.
    private let related: [String: [String]]
    /// Columns whose values the row's parent (`per`) or combination determines.
    private let fixed: Set<String>
    /// Whether the table may contain rows that were not generated. Generated rows must then differ from them.
    let countsPresentRows: Bool
    /// The number of candidates that may be drawn without success.
    let patience: Int
    private var found: [String: AcceptedCandidates] = [:]

    init(
        table: SeedCatalog.Table,
        asked: Set<AskedConstraint>,
        _ declaration: GenerateDeclaration,
        countsPresentRows: Bool,
        patience: Int
    ) {
        self.table = table
        // A constraint of an earlier run may no longer exist.
        self.asked = asked.filter { !$0.columns(in: table).isEmpty }
        declared = Set(declaration.columns.map(\.key))
        fixed = Self.fixed(declaration, in: table)
        related = Self.related(declaration, in: table, fixed)
        self.countsPresentRows = countsPresentRows
        self.patience = patience
    }

    /// The columns whose values the server chooses.
    var columns: [String] { groups.flatMap(\.columns) }

    private var groups: [CandidateGroup] { CandidateGroup.all(of: asked, in: table, related: related) }

    private static func fixed(_ declaration: GenerateDeclaration, in table: SeedCatalog.Table) -> Set<String> {
        guard case .per(_, _, let crossed) = declaration.amount else { return [] }
        // Compiling the declaration reports a foreign key that is missing or ambiguous.
        let key = try? declaration.perKey(in: table)
        return Set((key?.columns ?? []) + crossed.map(\.column))
    }

    /// The columns that each declaration uses, except those that are fixed.
    private static func related(
        _ declaration: GenerateDeclaration,
        in table: SeedCatalog.Table,
        _ fixed: Set<String>
    ) -> [String: [String]] {
        var related: [String: [String]] = [:]
        for member in declaration.columns {
            let uses = DeclaredGenerators.dependencies(member.value)
            let parents = DeclaredGenerators.parents(member.value)
            let keys = table.foreignKeys.filter { parents.contains($0.parent.name) || parents.contains("\($0.parent)") }
            related[member.key] = (uses + keys.flatMap(\.columns)).filter {
                table.column($0) != nil && !fixed.contains($0)
            }
        }
        return related
    }

    /// Whether other values of its columns can satisfy the constraint that an error is about.
    func canSatisfy(_ error: PostgresError) -> Bool {
        constraints(of: error).allSatisfy { fixed.isDisjoint(with: $0.columns(in: table)) }
    }

    /// Adds the constraint that an error reports.
    ///
    /// - Returns: false if the error reports no new constraint.
    mutating func ask(about error: PostgresError) -> Bool {
        let before = asked.count
        asked.formUnion(constraints(of: error).filter { !$0.columns(in: table).isEmpty })
        return asked.count > before
    }

    private func constraints(of error: PostgresError) -> [AskedConstraint] {
        let name = error.server?.constraint ?? ""
        switch error.sqlState {
        case "23514":
            if table.checks.contains(where: { $0.name == name }) { return [.check(name)] }
            if name.isEmpty, table.partitionBounds?.isEmpty == false { return [.partitions] }
            let domains = table.columns.filter { !$0.domainChecks.isEmpty }
            let named = domains.filter { $0.name == CopyPlace(error)?.column }
            return (named.isEmpty ? domains : named).map { .domain($0.name) }
        case "23505":
            if table.uniques.contains(where: { $0.name == name }) { return [.unique(name)] }
            // The index of a partition has a name of its own.
            return table.uniques.map { .unique($0.name) }
        case "54000":
            // A value is too long for an index. Some access methods do not name theirs.
            let uniques = table.uniques.map { AskedConstraint.unique($0.name) }
            let all = uniques + table.exclusions.map { .exclusion($0.name) }
            return name.isEmpty || table.partitionBounds != nil ? all : all.filter { $0.name(in: table) == name }
        case "23P01":
            let named = table.exclusions.filter { $0.name == name }
            return (named.isEmpty ? table.exclusions : named).map { .exclusion($0.name) }
        case "22001":
            return CopyPlace(error)?.column.map { [.length($0)] } ?? []
        case let state? where state.hasPrefix("22") && CopyPlace(error)?.column == nil:
            // An expression of a constraint or index fails for some values.
            return table.checks.map { .check($0.name) } + table.exclusions.map { .exclusion($0.name) }
                + table.uniques.filter { !$0.isPlain }.map { .unique($0.name) }
        case "23503":
            return table.foreignKeys.filter { $0.name == name && $0.parent != table.name }.map { .foreignKey($0.name) }
        default: return []
        }
    }

    /// Gives the columns of these constraints the values that the server accepts.
    ///
    /// - Returns: The candidates of the group that leaves the fewest rows; nil if there is no limit.
    mutating func settle(_ columns: inout CompiledColumns, _ session: inout Session) throws -> AcceptedCandidates? {
        guard !asked.isEmpty else { return nil }
        _ = columns.table()
        var least: AcceptedCandidates?
        for group in groups {
            let accepted: AcceptedCandidates
            let name = group.constraints.map(\.text).joined(separator: "\n")
            if let before = found[name] {
                accepted = before
            } else {
                do {
                    accepted = try search(group, columns, &session)
                } catch let error as SeedingError where error.code == .schema {
                    // A unique constraint that was not asked about may leave only values that are rejected, so it is
                    // asked about too.
                    let uniques = table.uniques.filter { unique in
                        !asked.contains(.unique(unique.name))
                            && unique.reads.contains { group.columns.contains($0) && !declared.contains($0) }
                    }
                    guard !uniques.isEmpty else { throw error }
                    asked.formUnion(uniques.map { .unique($0.name) })
                    return try settle(&columns, &session)
                }
                found[name] = accepted
            }
            for column in group.columns {
                guard let before = columns.settled(column), let inner = accepted.generators[column] else { continue }
                columns.replace(
                    column,
                    CandidateGenerator(inner, accepted: accepted.numbers),
                    before.reason,
                    constraints: group.constraints.map { $0.name(in: table) }.filter {
                        !before.constraints.contains($0)
                    }
                )
            }
            _ = columns.table()
            if group.comparesRows, accepted.numbers.count < least?.numbers.count ?? .max { least = accepted }
        }
        return least
    }

    private func search(
        _ group: CandidateGroup,
        _ columns: CompiledColumns,
        _ session: inout Session
    ) throws -> AcceptedCandidates {
        var usual: [String: any CellGenerator] = [:]
        for name in group.columns {
            guard let column = columns.settled(name), !(column.generator is SlotGenerator),
                !(column.generator is CombinationGenerator), columns.given.perKey?.columns.contains(name) != true
            else {
                throw SeedingError(
                    .database,
                    at: columns.given.place,
                    "\(table.name): \(group.constraints.map { $0.name(in: table) }.joined(separator: ", ")) rejects the "
                        + "generated values, and \(name) must not have other values",
                    hint: "declare generators for \(group.columns.joined(separator: ", ")) that fit together"
                )
            }
            usual[name] = column.generator
        }
        // These columns must keep their values because of a unique constraint that the server is not asked about.
        let unique = Set(table.uniques.filter { !asked.contains(.unique($0.name)) }.flatMap(\.reads))
        let free = group.columns.filter { name in
            guard !declared.contains(name), columns.references[name] == nil, let generator = usual[name],
                !(generator is SequenceGenerator), table.foreignKey(of: name) == nil
            else { return false }
            return !generator.isUnique || !unique.contains(name)
        }
        let nullable = group.columns.filter { name in
            !declared.contains(name) && !free.contains(name) && table.column(name)?.isNotNull == false
        }
        var search = CandidateSearch(
            table: table,
            group: group,
            inference: columns.inference,
            usual: usual,
            free: Set(free),
            nullable: Set(nullable),
            wanted: columns.given.source.count,
            patience: patience,
            place: columns.given.place,
            lates: columns.lates,
            countsPresentRows: countsPresentRows
        )
        return try search.run(&session)
    }
}
