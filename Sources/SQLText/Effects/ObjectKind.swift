/// The kind of object that a name means.
package enum ObjectKind: String, Sendable, Hashable, CaseIterable {
    /// Also used for views and foreign tables in queries, which only the catalog can tell from tables.
    case table
    case view
    case materializedView = "materialized view"
    case foreignTable = "foreign table"
    case index
    case sequence
    case constraint
    case trigger
    case rule
    case policy
    case statistics
    /// Includes domains.
    case type
    /// Includes procedures and aggregates.
    case function
    case schema
    case `extension`
    case database
    case tablespace
    case role
    case publication
    case subscription
    case eventTrigger = "event trigger"
    case server
    case collation
    case other = "object"

    /// The kind has a row in `pg_class`, and so a lock of its own.
    package var isRelation: Bool {
        switch self {
        case .table, .view, .materializedView, .foreignTable, .index, .sequence: true
        default: false
        }
    }

    /// From `ObjectType` of `parsenodes.h`.
    init(objectType: String) {
        self =
            switch objectType {
            case "OBJECT_TABLE", "OBJECT_COLUMN": .table
            case "OBJECT_VIEW": .view
            case "OBJECT_MATVIEW": .materializedView
            case "OBJECT_FOREIGN_TABLE": .foreignTable
            case "OBJECT_INDEX": .index
            case "OBJECT_SEQUENCE": .sequence
            case "OBJECT_TABCONSTRAINT", "OBJECT_DOMCONSTRAINT": .constraint
            case "OBJECT_TRIGGER": .trigger
            case "OBJECT_RULE": .rule
            case "OBJECT_POLICY": .policy
            case "OBJECT_STATISTIC_EXT": .statistics
            case "OBJECT_TYPE", "OBJECT_DOMAIN", "OBJECT_ATTRIBUTE": .type
            case "OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE": .function
            case "OBJECT_SCHEMA": .schema
            case "OBJECT_EXTENSION": .extension
            case "OBJECT_DATABASE": .database
            case "OBJECT_TABLESPACE": .tablespace
            case "OBJECT_ROLE": .role
            case "OBJECT_PUBLICATION": .publication
            case "OBJECT_SUBSCRIPTION": .subscription
            case "OBJECT_EVENT_TRIGGER": .eventTrigger
            case "OBJECT_FOREIGN_SERVER": .server
            case "OBJECT_COLLATION": .collation
            default: .other
            }
    }
}
