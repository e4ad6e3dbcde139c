internal import ArgumentParser
internal import Storage

/// A day on the command line: `2027-01-31`, from its first moment in UTC.
package struct DayArgument: ExpressibleByArgument, Equatable, Sendable {
    package var secondsSince1970: Int

    package init?(argument: String) {
        guard argument.utf8.count == 10, let seconds = UTCTime.parse(extended: argument + "T00:00:00Z") else {
            return nil
        }
        secondsSince1970 = seconds
    }
}
