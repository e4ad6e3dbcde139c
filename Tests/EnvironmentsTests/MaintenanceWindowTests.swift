import Environments
import Testing

@Suite struct MaintenanceWindowTests {
    /// Seconds of a moment in the week of Monday, 2026-11-23, UTC.
    private func moment(_ day: Int, _ hour: Int, _ minute: Int, _ second: Int = 0) -> Int {
        1_795_392_000 + ((day * 24 + hour) * 60 + minute) * 60 + second
    }

    @Test func aWindowBeginsAtItsStartAndEndsBeforeItsEnd() throws {
        let window = try MaintenanceWindow("Sun 02:00-04:00 UTC")
        #expect(!window.contains(secondsSince1970: moment(6, 1, 59, 59)))
        #expect(window.contains(secondsSince1970: moment(6, 2, 0)))
        #expect(window.contains(secondsSince1970: moment(6, 3, 59, 59)))
        #expect(!window.contains(secondsSince1970: moment(6, 4, 0)))
        #expect(!window.contains(secondsSince1970: moment(5, 3, 0)))
        #expect(window.contains(secondsSince1970: moment(13, 3, 0)))
    }

    @Test func aWindowMayEndOnTheNextDayAndTheNextWeek() throws {
        let window = try MaintenanceWindow("Mon-Fri 22:00-02:00 UTC")
        #expect(!window.contains(secondsSince1970: moment(0, 1, 59)))
        #expect(!window.contains(secondsSince1970: moment(0, 21, 59, 59)))
        #expect(window.contains(secondsSince1970: moment(0, 22, 0)))
        #expect(window.contains(secondsSince1970: moment(1, 1, 59, 59)))
        #expect(!window.contains(secondsSince1970: moment(1, 2, 0)))
        #expect(window.contains(secondsSince1970: moment(5, 1, 59, 59)))
        #expect(!window.contains(secondsSince1970: moment(5, 22, 0)))
        let sunday = try MaintenanceWindow("Sun 23:00-01:00 UTC")
        #expect(sunday.contains(secondsSince1970: moment(6, 23, 0)))
        #expect(sunday.contains(secondsSince1970: moment(0, 0, 59, 59)))
        #expect(!sunday.contains(secondsSince1970: moment(0, 1, 0)))
    }

    @Test func offsetsShiftAcrossTheWeek() throws {
        let east = try MaintenanceWindow("Mon 01:00-02:00 +02:00")
        #expect(east.contains(secondsSince1970: moment(6, 23, 0)))
        #expect(!east.contains(secondsSince1970: moment(7, 0, 0)))
        let west = try MaintenanceWindow("Sun 22:00-24:00 -0330")
        #expect(!west.contains(secondsSince1970: moment(7, 1, 29, 59)))
        #expect(west.contains(secondsSince1970: moment(7, 1, 30)))
        #expect(west.contains(secondsSince1970: moment(7, 3, 29, 59)))
        #expect(!west.contains(secondsSince1970: moment(7, 3, 30)))
    }

    @Test func severalWindowsShareTheZoneAtTheEnd() throws {
        let window = try MaintenanceWindow("tue, Thursday 03:00-04:00, Sat-Mon 05:00-06:00 UTC+1")
        #expect(window.contains(secondsSince1970: moment(1, 2, 30)))
        #expect(window.contains(secondsSince1970: moment(3, 2, 30)))
        #expect(!window.contains(secondsSince1970: moment(2, 2, 30)))
        for day in [0, 5, 6] { #expect(window.contains(secondsSince1970: moment(day, 4, 30))) }
        #expect(!window.contains(secondsSince1970: moment(1, 4, 30)))
    }

    @Test func dailyMeansEveryDay() throws {
        let window = try MaintenanceWindow("daily 00:00-24:00 UTC")
        for day in 0..<7 { #expect(window.contains(secondsSince1970: moment(day, 0, 0))) }
        #expect(window.contains(secondsSince1970: moment(6, 23, 59, 59)))
    }

    @Test func theNextOpeningIsFound() throws {
        let window = try MaintenanceWindow("Sun 02:00-04:00 UTC, Wed 23:30-00:30 UTC")
        #expect(window.nextOpening(after: moment(6, 1, 59, 59)) == moment(6, 2, 0))
        #expect(window.nextOpening(after: moment(6, 3, 0, 7)) == moment(6, 3, 0, 7))
        #expect(window.nextOpening(after: moment(6, 4, 0)) == moment(9, 23, 30))
        #expect(window.nextOpening(after: moment(0, 12, 0)) == moment(2, 23, 30))
        #expect(MaintenanceWindow.text(secondsSince1970: moment(6, 2, 0)) == "Sun 2026-11-29 02:00 UTC")
        #expect(MaintenanceWindow.text(secondsSince1970: 951_782_400) == "Tue 2000-02-29 00:00 UTC")
        #expect(MaintenanceWindow.text(secondsSince1970: 0) == "Thu 1970-01-01 00:00 UTC")
        #expect(MaintenanceWindow.text(secondsSince1970: -60) == "Wed 1969-12-31 23:59 UTC")
    }

    static let mistakes: [(String, String)] = [
        ("", "has nothing between two commas, or is empty"),
        ("Sun 02:00-04:00 UTC,", "has nothing between two commas, or is empty"),
        ("Sun", "names days and no times"),
        ("Sun 02:00-04:00", "does not say its time zone"),
        ("Sun 02:00-04:00 UTC, Mon 02:00-04:00", "does not say its time zone"),
        ("Sun 02:00-04:00 Europe/Berlin", "has a time zone that is neither UTC nor an offset"),
        ("Sun 02:00-04:00 +15:00", "has a time zone that is neither UTC nor an offset"),
        ("Su 02:00-04:00 UTC", "names a day that is none"),
        ("Sonntag 02:00-04:00 UTC", "names a day that is none"),
        ("Mon-Wed-Fri 02:00-04:00 UTC", "has a range of days with more than two ends"),
        ("Sun 02:00 UTC", "has times that are not from-to"),
        ("Sun 02:00-24:01 UTC", "has a time that is not between 00:00 and 24:00"),
        ("Sun 02:60-04:00 UTC", "has a time that is not between 00:00 and 24:00"),
        ("Sun 24:00-02:00 UTC", "begins at 24:00"),
        ("Sun 02:00-02:00 UTC", "begins and ends at the same minute"),
        ("Sun 02:00 - 04:00 UTC", "has more words than days, times and a zone"),
    ]

    @Test(arguments: mistakes)
    func whatIsNoWindowIsRefusedWithWords(_ text: String, _ expected: String) throws {
        let mistake = #expect(throws: MaintenanceWindow.Mistake.self) { _ = try MaintenanceWindow(text) }
        #expect(mistake?.sentence == expected)
        #expect(mistake?.hint.isEmpty == false)
    }
}
