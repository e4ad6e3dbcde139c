internal import SQLText

extension RelationName {
    /// The name in a `RangeVar`.
    init?(rangeVar: ParseNode) {
        guard let name = rangeVar["relname"].string else { return nil }
        self.init(schema: rangeVar["schemaname"].string, name: name)
    }

    /// Whether two names can mean the same, one of which may be without its schema.
    func canBe(_ other: RelationName) -> Bool {
        name == other.name && (schema == other.schema || schema == nil || other.schema == nil)
    }
}
