import Testing

@testable import SyntheticData

@Suite struct GeneratorTests {
    @Test(arguments: [
        ("[A-C]{2}-[0-9]{3}", "[A-C]{2}-[0-9]{3}"), ("^(foo|bar)+$", "(foo|bar)+"), (#"\d{2,4}x?"#, #"\d{2,4}x?"#),
        ("[[:upper:]][^a-y]", "[A-Z][z0-9]"),
    ])
    func textsFitTheirPattern(pattern: String, expression: String) throws {
        let regex = try Regex(expression)
        let texts = values(try #require(PatternGenerator(pattern, key: 1)), 200)
        #expect(texts.allSatisfy { $0.wholeMatch(of: regex) != nil })
    }

    @Test(arguments: ["(?=a)", #"\1"#, "[b-a]", "(", "a{2", "*"])
    func aPatternThatIsNotUnderstoodHasNoGenerator(pattern: String) {
        #expect(PatternGenerator(pattern, key: 1) == nil)
    }

    @Test func uniqueTextsOfAPatternAreAllOfThem() throws {
        let generator = try #require(PatternGenerator("[ab]{1,3}(x|yz)", isUnique: true, key: 1))
        #expect(generator.domain == 28)
        #expect(Set(values(generator, 28)).count == 28)
    }

    @Test(arguments: [
        ("2026-06-01", 1_780_272_000), ("2026-06-01 07:15", 1_780_298_100), ("2026-06-01T07:15:30Z", 1_780_298_130),
        ("2026-06-01 07:15:30+02", 1_780_290_930), ("2026-06-01 07:15:30-02:30", 1_780_307_130), ("07:15", 26_100),
        ("T07:15:30+0100", 22_530), ("2026-06-01T", 1_780_272_000), ("12026-06-01", 317_349_792_000),
    ])
    func timesAreRead(text: String, seconds: Int) {
        #expect(Calendar.time(text) == seconds * 1_000_000)
    }

    @Test(arguments: [
        "", "T", " ", "now", "2026", "2026-6-01", "2026-06-01 7:15", "2026-13-01", "2026-06-00", "07:15:", "07:15:30.",
        "2026-06-01x", "2026-06-01 07:15+2", "2026-06-01 07:15+02:", "+02", "infinity",
    ])
    func anotherTextIsNoTime(text: String) { #expect(Calendar.time(text) == nil) }

    @Test func fractionsOfSecondsAreMicroseconds() {
        #expect(Calendar.time("00:00:01.5") == 1_500_000)
        #expect(Calendar.time("00:00:00.000001") == 1)
        #expect(Calendar.time("00:00:00.0000001") == nil)
    }

    @Test func nullsAreAShareOfTheRows() {
        let generator = NullableGenerator(ConstantGenerator("x"), share: 0.3, key: 5)
        let nulls = values(generator, 2000).count { $0 == "\\N" }
        #expect((500...700).contains(nulls))
    }

    @Test func aColumnIsSettledAfterOthersHaveTakenItUp() {
        let late = LateColumn()
        let template = TemplateGenerator([.column(late), .number], name: "t")
        late.settle(ConstantGenerator("a"))
        #expect(values(template, 2) == ["a1", "a2"])
    }

    @Test func tooLongTextsKeepTheNumberThatMakesThemUnique() {
        let generator = TemplateGenerator([.text(Array("abcdefgh".utf8)), .number], name: "t", bytesMax: 6)
        #expect(values(generator, 10).last == "abcd10")
    }

    @Test(arguments: [("Jörg Groß", "joerg-gross"), ("O'Neil, Jr.", "o-neil-jr."), ("日本", "")])
    func aSlugIsLowerCaseASCII(text: String, slug: String) {
        #expect(WordList.slug(text) == slug)
    }
}
