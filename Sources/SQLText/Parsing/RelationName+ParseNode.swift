extension RelationName {
    /// The name in a `RangeVar`.
    package init?(rangeVar: ParseNode) {
        guard let name = rangeVar["relname"].string else { return nil }
        self.init(schema: rangeVar["schemaname"].string, name: name)
    }
}
