/// A foreign key, as CREATE TABLE or ALTER TABLE declares it.
package struct ForeignKey: Sendable {
    package internal(set) var columns: [String]
    package internal(set) var target: RelationName
    /// Empty if the foreign key refers to the primary key.
    package internal(set) var targetColumns: [String]
    /// The node of the constraint.
    package let node: ParseNode

    /// - Parameter column: The column whose constraint it is; nil for a constraint of the table.
    /// - Returns: nil for a constraint of another kind.
    package init?(_ constraint: ParseNode, of column: String?) {
        guard constraint["contype"].string == "CONSTR_FOREIGN",
            let target = RelationName(rangeVar: constraint["pktable"])
        else { return nil }
        columns = column.map { [$0] } ?? constraint["fk_attrs"].names
        self.target = target
        targetColumns = constraint["pk_attrs"].names
        node = constraint
    }

    /// What happens to rows whose target is gone or changed; nil for NO ACTION and RESTRICT.
    package var action: (onDelete: String?, onUpdate: String?) {
        let words = ["c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"]
        return (words[node["fk_del_action"].string ?? ""], words[node["fk_upd_action"].string ?? ""])
    }

    /// The name that the server gives it.
    func name(in table: RelationName) -> String {
        node["conname"].string ?? ([table.name] + columns + ["fkey"]).joined(separator: "_")
    }
}
