// How Citus spread the tables over its nodes.
extension Manifest {
    /// The distribution of a Citus database, by names: its own numbers are different in every cluster.
    package struct Distribution: Codable, Sendable, Equatable {
        /// The version of the extension, such as `12.1-1`.
        package var version: String
        /// Without partitions, which are distributed with their parents, without the tables of `schemas`, and without
        /// tables that Citus manages only because of their foreign keys.
        package var tables: [Table]
        /// The schemas whose tables are kept together, each schema on one node.
        package var schemas: [String]
        /// Functions that run on the node of one of their arguments, or of a group of tables.
        package var functions: [Function]
        /// How the rows were read; nil in archives of older versions, which were read through the coordinator.
        package var moment: Moment?

        package init(version: String, tables: [Table], schemas: [String] = [], functions: [Function] = []) {
            self.version = version
            self.tables = tables
            self.schemas = schemas
            self.functions = functions
        }
    }
}

extension Manifest.Distribution {
    /// How the rows of distributed tables were read.
    package enum Moment: String, Codable, Sendable {
        /// From the nodes, all at one moment: each transaction is in the archive as a whole or not at all.
        case nodes
        /// Through the coordinator, each shard at a moment of its own.
        case coordinator
    }

    package enum Kind: String, Codable, Sendable {
        /// Divided into shards by the hash of a column.
        case hash
        /// Complete on every node.
        case reference
        /// One shard, on one node.
        case single
        /// On the coordinator, and known to all nodes.
        case local
        /// Divided by ranges of values that were set by hand, or appended to. No function creates these shards again.
        case range, append
    }

    package struct Table: Codable, Sendable, Equatable {
        package var schema: String
        package var name: String
        package var kind: Kind
        /// The distribution column; nil for a table that has none.
        package var column: String?
        /// Tables with the same number are stored together. The number means nothing outside of this archive. nil for
        /// reference and local tables.
        package var group: Int?
        /// The number of shards, if there are several.
        package var shards: Int?
        /// The number of copies of each shard, if there are several.
        package var replicas: Int?

        package init(
            schema: String,
            name: String,
            kind: Kind,
            column: String? = nil,
            group: Int? = nil,
            shards: Int? = nil,
            replicas: Int? = nil
        ) {
            self.schema = schema
            self.name = name
            self.kind = kind
            self.column = column
            self.group = group
            self.shards = shards
            self.replicas = replicas
        }
    }

    package struct Function: Codable, Sendable, Equatable {
        /// In SQL syntax, with its schema and the types of its arguments.
        package var name: String
        /// The position of the argument that chooses the node, from 1; nil if none does.
        package var argument: Int?
        /// The group of tables on whose nodes it runs.
        package var group: Int?
        /// Whether calls are always sent to a node.
        package var isForced: Bool

        package init(name: String, argument: Int? = nil, group: Int? = nil, isForced: Bool = false) {
            self.name = name
            self.argument = argument
            self.group = group
            self.isForced = isForced
        }
    }

    /// `3 distributed tables in 2 groups, 1 reference table`.
    package var summary: String {
        let spread = tables.filter { $0.group != nil }
        let groups = Set(spread.compactMap(\.group)).count
        let parts = [
            spread.isEmpty ? nil : "\(counted(spread.count, "distributed table")) in \(counted(groups, "group"))",
            words(for: .reference, "reference table"), words(for: .local, "managed local table"),
            schemas.isEmpty ? nil : counted(schemas.count, "distributed schema"),
            functions.isEmpty ? nil : counted(functions.count, "distributed function"),
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }

    /// The summary, and whether the rows are of one moment.
    package var description: String {
        summary + (moment == .nodes ? "; rows of one moment" : "; rows not of one moment")
    }

    private func words(for kind: Kind, _ noun: String) -> String? {
        let count = tables.count { $0.kind == kind }
        return count == 0 ? nil : counted(count, noun)
    }
}
