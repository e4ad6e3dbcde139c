internal import ArgumentParser
package import Restore

/// `--table orders` or `--table orders=orders_of_yesterday`. An `=` between double quotes does not end the name.
package struct TableArgument: ExpressibleByArgument, Sendable, Equatable {
    package var selection: RestoreOptions.TableSelection

    package init?(argument: String) {
        let scalars = argument.unicodeScalars
        let isQuoted = scalars.first == "\""
        var isInside = false
        let mark = scalars.indices.first { index in
            if isQuoted, scalars[index] == "\"" { isInside.toggle() }
            return scalars[index] == "=" && !isInside
        }
        let table = String(scalars[..<(mark ?? scalars.endIndex)])
        let newName = mark.map { String(scalars[scalars.index(after: $0)...]) }
        guard !table.isEmpty, newName?.isEmpty != true else { return nil }
        selection = RestoreOptions.TableSelection(table: table, newName: newName)
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
