import Testing

@testable import SyntheticData

@Suite struct InferenceTests {
    @Test(arguments: [
        ("email text", "named like an e-mail address"), ("home_email text", "named like an e-mail address"),
        ("first_name varchar(40)", "named like a given name"), ("label text", "named like a name"),
        ("country varchar(3)", "named like a country"), ("country_code text", "named like a country"),
        ("title text", "named like a title"), ("token text", "named like a secret"), ("nothing text", "type text"),
        ("price numeric(10,2)", "named like an amount"), ("price_cents int4", "named like an amount"),
        ("latitude float8", "named like a latitude"), ("age int4", "named like an age"), ("age text", "type text"),
        ("birthday date", "named like a birthday"), ("created_at timestamptz", "named like the time of creation"),
        ("seen_at timestamptz", "named like a time"), ("due_date date", "named like a limit"),
        ("other date", "type date"), ("box box", "type box"), ("code varchar(4)", "type varchar(4)"),
    ])
    func aNameAndATypeChooseAGenerator(column: String, reason: String) {
        let name = String(column.prefix { $0 != " " })
        #expect(GeneratorInference.of([column]).choose(name)?.reason == reason)
    }

    @Test(arguments: [
        ("n numeric(3,3)", 0.999), ("fee numeric(3,3)", 0.999), ("age numeric(2,4)", 0.0099),
        ("n numeric(2,4)", 0.0099),
        ("amount numeric(2,40)", 0), ("n numeric(12,12)", 0.999_999_999),
    ])
    func numbersFitATypeWithoutDigitsBeforeThePoint(column: String, most: Double) throws {
        let name = String(column.prefix { $0 != " " })
        let inference = GeneratorInference.of([column])
        let choice = try #require(inference.choose(name))
        let numbers = values(choice.generator).compactMap { Double($0) }
        #expect(numbers.count == values(choice.generator).count && numbers.allSatisfy { (0...most).contains($0) })
        #expect(most == 0 || Set(numbers).count > 1)
        let probe = inference.probe(
            try #require(inference.table.column(name)),
            usual: choice.generator,
            ProbeHints(),
            group: "g"
        )
        #expect(values(probe).compactMap { Double($0) }.allSatisfy { abs($0) <= most })
    }

    @Test(arguments: ["strange", "pg_lsn", "_text"])
    func aTypeThatNothingIsKnownOfHasNoGenerator(type: String) {
        #expect(GeneratorInference.of(["a \(type)"]).choose("a") == nil)
    }

    @Test func aNameIsAPersonsInATableOfPeople() {
        #expect(
            GeneratorInference.of(["name text"], in: "customers").choose("name")?.reason == "named like a person's name"
        )
        #expect(GeneratorInference.of(["name text"], in: "parts").choose("name")?.reason == "named like a name")
    }

    @Test func aRegionNeedsAnAddressBesideIt() {
        #expect(GeneratorInference.of(["region text", "city text"]).choose("region")?.reason == "named like a region")
        #expect(GeneratorInference.of(["region text"]).choose("region")?.reason == "type text")
    }

    @Test func addressesAreMadeOfTheNamesOfTheirRow() throws {
        var inference = GeneratorInference.of(["first_name text", "last_name text", "email text"])
        for name in ["first_name", "last_name"] { inference.chosen[name] = inference.choose(name)?.generator }
        let first = values(try #require(inference.chosen["first_name"]))
        let emails = values(try #require(inference.choose("email")).generator)
        for (name, email) in zip(first, emails) { #expect(email.hasPrefix("\(WordList.slug(name)).")) }
    }

    @Test func constraintsComeBeforeNames() throws {
        var column = try #require(GeneratorInference.of(["email text"]).table.column("email"))
        column.facts = ColumnFacts(allowed: ["x", "y"])
        let choice = try #require(GeneratorInference.of(["email text"]).choose(column, isUnique: false))
        #expect(choice.reason == "the values that a CHECK lists")
        #expect(Set(values(choice.generator)) == ["x", "y"])
    }

    @Test func aTextThatDoesNotFitItsPatternIsMadeOfThePattern() throws {
        var column = try #require(GeneratorInference.of(["email text"]).table.column("email"))
        column.facts.pattern = "^[A-Z]{2}$"
        let choice = try #require(GeneratorInference.of(["email text"]).choose(column, isUnique: false))
        #expect(choice.reason == "the pattern of a CHECK")
    }

    @Test(arguments: ["email", "username", "token", "slug", "title", "company", "nothing"])
    func uniqueColumnsAreUnique(name: String) throws {
        let choice = try #require(GeneratorInference.of(["\(name) text"]).choose(name, isUnique: true))
        #expect(Set(values(choice.generator, 2000)).count == 2000)
    }

    @Test func anElementOfAListIsNamedInTheSingular() {
        var inference = GeneratorInference.of(["emails _text"])
        inference = GeneratorInference(table: inference.table.withLists, seed: 7, locale: "en", now: now)
        #expect(inference.choose("emails")?.reason == "list; each element by named like an e-mail address")
    }
}

extension TableShape {
    fileprivate var withLists: TableShape {
        var table = self
        for index in table.columns.indices { table.columns[index].isList = true }
        return table
    }
}
