import Testing

@testable import Project

/// Which backups an environment keeps.
@Suite struct KeepRuleTests {
    private func keep(_ rule: String) throws -> EnvironmentPolicy.Keep? {
        let text = "{\"environments\": {\"a\": {\"config\": {\n\"keep\": \(rule)}}}}"
        return try EnvironmentsFile(JSONText(Array(text.utf8), path: "environments.json")).policy("a")?.keep
    }

    @Test func everyTierIsRead() throws {
        let all =
            "{\"last\": 1, \"hourly\": 2, \"daily\": 3, \"weekly\": 4, \"monthly\": 5, \"yearly\": 6, \"within\": \"2w\"}"
        let keep = try #require(try keep(all))
        #expect([keep.last, keep.hourly, keep.daily, keep.weekly, keep.monthly, keep.yearly] == [1, 2, 3, 4, 5, 6])
        #expect(keep.within == .seconds(14 * 86_400))
        #expect(try self.keep("null") == nil)
    }

    /// A tier that is not understood would delete what it should keep.
    @Test(arguments: [
        ("{\"dayly\": 3}", "environments.a.config.keep.dayly does not say which backups to keep"),
        ("{\"daily\": -1}", "environments.a.config.keep.daily"),
        ("{\"daily\": \"7\"}", "environments.a.config.keep.daily"),
        ("{\"within\": \"soon\"}", "environments.a.config.keep.within is not a span of time"),
        ("{\"last\": 0}", "environments.a.config.keep keeps no backup"), ("{}", "environments.a.config.keep keeps no"),
        ("7", "environments.a.config.keep"),
    ])
    func aMistakeIsAnErrorWithItsLine(_ rule: String, _ message: String) {
        let error = #expect(throws: EnvironmentsError.self) { try keep(rule) }
        #expect(error?.description.hasPrefix("environments.json:2: \(message)") == true, "\(error?.description ?? "")")
    }
}
