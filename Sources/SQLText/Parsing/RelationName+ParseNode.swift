extension RelationName {
    /// The name in a `RangeVar`.
    package init?(rangeVar: ParseNode) {
        guard let name = rangeVar["relname"].string else { return nil }
        self.init(schema: rangeVar["schemaname"].string, name: name)
    }

    /// The name that a list of its parts makes, such as those of DROP TABLE; nil for an empty one.
    package init?(names: [String]) {
        guard let name = names.last else { return nil }
        self.init(schema: names.dropLast().last, name: name)
    }
}
