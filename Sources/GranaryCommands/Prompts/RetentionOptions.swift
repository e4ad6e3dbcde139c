package import ArgumentParser
internal import Inspection
internal import Project

/// Which backups pruning keeps.
package struct RetentionOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Keep the newest n.", valueName: "n")) package var keepLast = 0
    @Option(name: .long, help: ArgumentHelp("Keep the last of each of n hours.", valueName: "n"))
    package var keepHourly = 0
    @Option(name: .long, help: ArgumentHelp("Keep the last of each of n days.", valueName: "n"))
    package var keepDaily = 0
    @Option(name: .long, help: ArgumentHelp("Keep the last of each of n weeks.", valueName: "n"))
    package var keepWeekly = 0
    @Option(name: .long, help: ArgumentHelp("Keep the last of each of n months.", valueName: "n"))
    package var keepMonthly = 0
    @Option(name: .long, help: ArgumentHelp("Keep the last of each of n years.", valueName: "n"))
    package var keepYearly = 0
    @Option(name: .long, help: ArgumentHelp("Keep all that are not older, as 14d, 2w or 36h.", valueName: "time"))
    package var keepWithin: DurationArgument?

    package init() {}

    package mutating func validate() throws {
        let numbers = [keepLast, keepHourly, keepDaily, keepWeekly, keepMonthly, keepYearly]
        guard numbers.allSatisfy({ $0 >= 0 }) else {
            throw ValidationError("the number of backups to keep cannot be negative")
        }
    }

    static let names =
        "--keep-last, --keep-hourly, --keep-daily, --keep-weekly, --keep-monthly, --keep-yearly, --keep-within"

    /// nil if none is given.
    var retention: Retention? {
        let retention = Retention(
            last: keepLast,
            hourly: keepHourly,
            daily: keepDaily,
            weekly: keepWeekly,
            monthly: keepMonthly,
            yearly: keepYearly,
            within: keepWithin?.duration
        )
        return retention == Retention() ? nil : retention
    }
}

extension Retention {
    init(_ rule: EnvironmentPolicy.Keep) {
        self.init(
            last: rule.last,
            hourly: rule.hourly,
            daily: rule.daily,
            weekly: rule.weekly,
            monthly: rule.monthly,
            yearly: rule.yearly,
            within: rule.within
        )
    }
}
