internal import ArgumentParser
package import Restore

/// `--table orders` or `--table orders=orders_of_yesterday`.
package struct TableArgument: ExpressibleByArgument, Sendable, Equatable {
    package var selection: RestoreOptions.TableSelection

    package init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        selection = RestoreOptions.TableSelection(
            table: String(parts[0]),
            newName: parts.count == 2 ? String(parts[1]) : nil
        )
    }
}

/// `--role-map old=new`.
package struct RoleArgument: ExpressibleByArgument, Sendable, Equatable {
    package var archived: String
    package var here: String

    package init?(argument: String) {
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        (archived, here) = (String(parts[0]), String(parts[1]))
    }
}

extension RestoreOptions.Rows: ExpressibleByArgument {}
