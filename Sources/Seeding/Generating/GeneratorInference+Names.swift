import PostgresClient
internal import SyntheticData

// By name and type together.
extension GeneratorInference {
    func named(_ column: SeedCatalog.Column, _ facts: ColumnFacts, _ isUnique: Bool, isElement: Bool = false) -> Choice?
    {
        let name = column.name.lowercased()
        switch column.typeName {
        case "text", "varchar", "bpchar", "citext", "name":
            let choice = textNamed(isElement ? Self.singular(name) : name, column, facts, isUnique)
            return choice.flatMap { fits($0, column, facts, isUnique) ? $0 : nil }
        case "timestamptz", "timestamp", "date": return timeNamed(name, column, facts, isUnique)
        case "int2", "int4", "int8", "numeric", "float4", "float8": return numberNamed(name, column, facts, isUnique)
        default: return nil
        }
    }

    private static func singular(_ name: String) -> String { name.hasSuffix("s") ? String(name.dropLast()) : name }

    /// Whether a text that was chosen by name fits what the constraints say: tried on some of its values.
    private func fits(_ choice: Choice, _ column: SeedCatalog.Column, _ facts: ColumnFacts, _ isUnique: Bool) -> Bool {
        if isUnique, !choice.generator.isUnique { return false }
        let most = min(facts.lengthMost ?? .max, Self.lengthMax(column) ?? .max)
        let least = facts.lengthLeast ?? 0
        let source =
            facts.pattern
            ?? facts.like.map { like in
                "^"
                    + like.map {
                        $0 == "%"
                            ? ".*" : $0 == "_" ? "." : $0.isLetter || $0.isNumber || $0 == "@" ? String($0) : "\\\($0)"
                    }.joined() + "$"
            }
        let regex = source.map { try? Regex($0) }
        if case .some(.none) = regex { return false }
        for number in 0..<100 {
            // Large numbers too, which make what is unique longer.
            let place = number < 90 ? number : number * 11_111
            var out = CopyBuffer(capacity: 128)
            choice.generator.write(GeneratedRow(identity: UInt64(place), number: place), &out)
            let text = String(decoding: out.bytes(), as: UTF8.self)
            if text.count > most || text.count < least { return false }
            if let regex = regex ?? nil, (try? regex.firstMatch(in: text)) == nil { return false }
            if text.utf8.contains(UInt8(ascii: "\\")) { return false }
        }
        return true
    }

    private func words(_ kind: WordLists.Kind, _ column: String) -> WordGenerator {
        WordGenerator(WordLists.list(kind, locale), name: kind.rawValue, key: key(column))
    }

    /// The first and last names that a row's other columns show, or would.
    private func person(_ part: String) -> CellGenerator {
        let names =
            part == "first"
            ? ["first_name", "given_name", "firstname", "forename"]
            : ["last_name", "family_name", "surname", "lastname"]
        if let generator = names.compactMap({ chosen[$0] }).first { return generator }
        let kind: WordLists.Kind = part == "first" ? .givenNames : .familyNames
        return WordGenerator(WordLists.list(kind, locale), name: kind.rawValue, key: key("\(part)_name"))
    }

    private var isAboutPeople: Bool {
        let names = [
            "user", "person", "people", "customer", "employee", "member", "author", "account", "profile", "contact",
            "patient", "student", "teacher", "driver", "guest", "staff",
        ]
        return names.contains { table.name.name.lowercased().contains($0) }
            || table.columns.contains { $0.name.lowercased().contains("email") }
    }

    private func text(_ text: String) -> TemplateGenerator.Part { .text(Array(text.utf8)) }

    private func textNamed(
        _ name: String,
        _ column: SeedCatalog.Column,
        _ facts: ColumnFacts,
        _ isUnique: Bool
    ) -> Choice? {
        let key = key(column.name)
        let most = min(facts.lengthMost ?? .max, Self.lengthMax(column) ?? .max)
        let place = WordLists.locale(locale)
        func choice(_ generator: CellGenerator, _ what: String, nulls: Double = 0.1) -> Choice {
            Choice(generator: generator, reason: "named like \(what)", nulls: nulls)
        }
        func has(_ parts: String...) -> Bool {
            parts.contains { name == $0 || name.hasSuffix("_\($0)") || name.hasPrefix("\($0)_") }
        }
        func template(_ parts: [TemplateGenerator.Part], _ what: String, nulls: Double = 0.1) -> Choice {
            choice(TemplateGenerator(parts, name: what, bytesMax: most), what, nulls: nulls)
        }
        func values(_ values: [String], _ what: String) -> Choice {
            choice(ChoiceGenerator(values, key: key, isUnique: isUnique), what)
        }
        func pattern(_ text: String, _ what: String) -> Choice? {
            let escaped = text.map {
                $0 == "#" ? "[0-9]" : $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" ? String($0) : "\\\($0)"
            }.joined()
            return PatternGenerator(escaped, isUnique: isUnique, key: key).map { choice($0, what) }
        }
        /// A word, with a number behind it where no two may be alike.
        func wordly(_ generator: CellGenerator, _ what: String) -> Choice {
            isUnique ? template([.column(generator), text(" "), .number], what) : choice(generator, what)
        }
        if has("email", "mail", "e_mail", "email_address") {
            let hosts = ["example.com", "example.org", "example.net"].map { Array($0.utf8) }
            return template(
                [
                    .slug(person("first")), text("."), .slug(person("last")), .number, text("@"),
                    .choice(hosts, CellHash.next(key)),
                ],
                "an e-mail address",
                nulls: 0
            )
        }
        if has("first_name", "given_name", "firstname", "forename") {
            return wordly(words(.givenNames, column.name), "a given name")
        }
        if has("last_name", "family_name", "surname", "lastname") {
            return wordly(words(.familyNames, column.name), "a family name")
        }
        if has("username", "user_name", "login", "handle", "nickname", "nick", "screen_name") {
            return template([.slug(person("first")), .number], "a login", nulls: 0)
        }
        if has("phone", "mobile", "telephone", "tel", "fax", "phone_number") {
            return pattern(place.phone, "a telephone number of a range that is nobody's")
        }
        if has("country_code") || (has("country", "nationality") && most <= 3) {
            return most == 3
                ? values(WordLists.countryCodes3, "a country") : values(WordLists.countryCodes, "a country")
        }
        if has("country", "nationality") { return values(WordLists.countries, "a country") }
        if has("city", "town", "municipality", "birthplace") { return wordly(words(.cities, column.name), "a city") }
        if has("state", "region", "county", "province") && !has("state_code")
            && table.columns.contains(where: { ["city", "zip", "street", "country"].contains($0.name) })
        {
            return wordly(words(.cities, column.name), "a region")
        }
        if has("street", "address", "address_line1", "address1", "street_address") {
            return template(
                [
                    .column(words(.streets, column.name)), text(" "),
                    .choice((1...99).map { Array("\($0)".utf8) }, CellHash.next(key)),
                ] + (isUnique ? [text("/"), .number] : []),
                "an address"
            )
        }
        if has("postcode", "zip", "postal_code", "zipcode", "zip_code", "plz") {
            return pattern(place.postcode, "a postcode")
        }
        if has("company", "organization", "organisation", "employer", "vendor", "supplier") {
            return wordly(words(.companies, column.name), "a company")
        }
        if has("job", "job_title", "profession", "occupation", "position_title") {
            return wordly(words(.jobs, column.name), "a job")
        }
        if has("language", "lang", "locale", "language_code") { return values(WordLists.languages, "a language") }
        if has("currency", "currency_code") { return values(WordLists.currencies, "a currency") }
        if has("timezone", "time_zone", "tz") { return values(WordLists.timeZones, "a time zone") }
        if has("color", "colour") { return isUnique ? nil : values(WordLists.colors, "a color") }
        if has("url", "website", "homepage", "link", "uri") {
            return template(
                [text("https://example.com/"), .slug(words(.words, column.name)), text("/"), .number],
                "a web address"
            )
        }
        if has("slug", "permalink") {
            return template([.slug(words(.words, column.name)), text("-"), .number], "a slug", nulls: 0)
        }
        if has("uuid", "guid") { return choice(UUIDGenerator(key: key), "a uuid") }
        if has("sku", "code", "reference", "ref", "serial", "serial_number", "order_number", "invoice_number"), most > 5
        {
            return template(
                [text(String(table.name.name.prefix(2)).uppercased()), text("-"), .number],
                "a code",
                nulls: 0
            )
        }
        if has(
            "password_hash",
            "password",
            "hash",
            "token",
            "secret",
            "api_key",
            "digest",
            "checksum",
            "password_digest"
        ) {
            return choice(
                FormGenerator("hexadecimal digits", isUnique: true, key: key) { draws in
                    // The row's own number makes sure that no two are alike.
                    let number = String(draws.row.number, radix: 16)
                    let digits = (0..<16).map { _ in FormGenerator.hex(draws.below(256)) }.joined()
                    return String(digits.prefix(max(0, min(most, 40) - number.utf8.count - 1))) + "f" + number
                },
                "a secret"
            )
        }
        if has("ip", "ip_address") {
            return choice(FormGenerator("address", key: key) { "192.0.2.\($0.below(256))" }, "an IP address")
        }
        if has("user_agent") {
            return values(
                [
                    "Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (Macintosh)", "Mozilla/5.0 (Windows NT 10.0)",
                    "curl/8.5.0",
                ],
                "a user agent"
            )
        }
        if has("title", "subject", "headline", "topic") {
            return sentence(column, 2...5, most, facts, isUnique, false, "a title")
        }
        if has(
            "description",
            "body",
            "content",
            "note",
            "notes",
            "bio",
            "comment",
            "comments",
            "message",
            "text",
            "summary",
            "about",
            "remark",
            "remarks",
            "details",
            "review"
        ) {
            return sentence(column, 6...18, most, facts, isUnique, true, "a text")
        }
        if name == "name"
            || has("full_name", "display_name", "fullname", "label", "contact_name", "product_name", "company_name")
        {
            if has("company_name") { return wordly(words(.companies, column.name), "a company") }
            if isAboutPeople, !has("product_name", "label") {
                let parts: [TemplateGenerator.Part] =
                    place.isFamilyFirst
                    ? [.column(person("last")), text(" "), .column(person("first"))]
                    : [.column(person("first")), text(" "), .column(person("last"))]
                return template(parts + (isUnique ? [text(" "), .number] : []), "a person's name")
            }
            return wordly(words(.products, column.name), "a name")
        }
        return nil
    }

    private func sentence(
        _ column: SeedCatalog.Column,
        _ count: ClosedRange<Int>,
        _ most: Int,
        _ facts: ColumnFacts,
        _ isUnique: Bool,
        _ isSentence: Bool,
        _ what: String
    ) -> Choice {
        let least = facts.lengthLeast ?? 0
        let generator = TextGenerator(
            WordLists.list(.words, locale),
            words: count,
            lengths: least...max(least, most),
            separator: WordLists.locale(locale).separator,
            isSentence: isSentence,
            isUnique: isUnique,
            key: key(column.name)
        )
        return Choice(generator: generator, reason: "named like \(what)", nulls: isSentence ? 0.2 : 0)
    }

    private func timeNamed(
        _ name: String,
        _ column: SeedCatalog.Column,
        _ facts: ColumnFacts,
        _ isUnique: Bool
    ) -> Choice? {
        guard !isUnique, facts.after.isEmpty else { return nil }
        let form = Self.form(column)
        let key = key(column.name)
        func between(_ from: Int, _ to: Int, _ what: String, nulls: Double = 0, grows: Bool = false) -> Choice {
            Choice(
                generator: TimeGenerator(
                    (now + from * Calendar.day)...(now + to * Calendar.day),
                    form: form,
                    grows: grows,
                    key: key
                ),
                reason: "named like \(what)",
                nulls: nulls
            )
        }
        if ["birth_date", "date_of_birth", "birthday", "dob", "birthdate", "born_on"].contains(name) {
            return between(-80 * 365, -18 * 365, "a birthday", nulls: 0.1)
        }
        let isCreation = [
            "created_at", "inserted_at", "registered_at", "created", "created_on", "joined_at", "signed_up_at",
            "creation_date",
        ].contains(name)
        if isCreation { return between(-730, 0, "the time of creation", grows: true) }
        if ["expires_at", "due_at", "due_date", "valid_until", "expires_on", "ends_at", "deadline", "valid_to"]
            .contains(name)
        {
            let begin = ["starts_at", "valid_from", "created_at"].compactMap { chosen[$0] }.first
            if let begin {
                return Choice(
                    generator: AfterGenerator(
                        { begin.micros($0) },
                        within: 400 * Calendar.day,
                        least: form.step,
                        limit: .max,
                        form: form,
                        key: key
                    ),
                    reason: "named like a limit: after the beginning",
                    nulls: 0.2
                )
            }
            return between(1, 365, "a limit", nulls: 0.2)
        }
        guard name.hasSuffix("_at") || name.hasSuffix("_on") || name.hasSuffix("_date") || name.hasSuffix("_time")
        else { return nil }
        let creation = ["created_at", "inserted_at", "registered_at", "created", "created_on"].compactMap { chosen[$0] }
            .first
        let isChange = name.hasPrefix("updated") || name.hasPrefix("modified") || name.hasPrefix("changed")
        let nulls =
            isChange
            ? 0 : name.hasPrefix("deleted") || name.hasPrefix("cancel") || name.hasPrefix("archived") ? 0.95 : 0.3
        guard let creation else { return between(-365, 0, "a time", nulls: nulls) }
        return Choice(
            generator: AfterGenerator(
                { creation.micros($0) },
                within: 90 * Calendar.day,
                least: 0,
                limit: now,
                form: form,
                key: key
            ),
            reason: "named like a time after the creation",
            nulls: nulls
        )
    }

    private func numberNamed(
        _ name: String,
        _ column: SeedCatalog.Column,
        _ facts: ColumnFacts,
        _ isUnique: Bool
    ) -> Choice? {
        guard !isUnique else { return nil }
        func has(_ parts: String...) -> Bool {
            parts.contains { name == $0 || name.hasSuffix("_\($0)") || name.hasPrefix("\($0)_") }
        }
        func range(_ range: ClosedRange<Double>, _ what: String) -> Choice {
            Choice(generator: number(column, facts, false, usual: range), reason: "named like \(what)")
        }
        let isWhole = column.typeName.hasPrefix("int")
        if has("price", "amount", "total", "cost", "fee", "subtotal", "balance", "salary", "revenue", "net", "gross"),
            facts.least ?? 0 >= 0, facts.most == nil
        {
            if has("cents") || isWhole { return range(100...50_000, "an amount") }
            let limits = Self.limits(column)
            return Choice(
                generator: BellGenerator(
                    mean: Curve.log(min(40, limits.range.upperBound / 4)),
                    deviation: 1,
                    isLog: true,
                    bounds: max(facts.least ?? 0.01, 0.01)...min(limits.range.upperBound, 100_000),
                    scale: limits.scale,
                    key: key(column.name)
                ),
                reason: "named like an amount",
                nulls: 0.05
            )
        }
        if has("age") { return range(18...90, "an age") }
        if has("quantity", "qty", "count", "stock", "seats") { return range(1...100, "a quantity") }
        if has("rating", "stars") { return range(1...5, "a rating") }
        if has("percent", "percentage", "discount_percent") { return range(0...100, "a percentage") }
        if has("ratio", "share", "probability", "tax_rate", "rate") { return range(0...1, "a ratio") }
        if has("latitude", "lat") { return range(-90...90, "a latitude") }
        if has("longitude", "lng", "lon") { return range(-180...180, "a longitude") }
        if has("year") { return range(1990...2030, "a year") }
        if has("month") { return range(1...12, "a month") }
        if has("day") { return range(1...28, "a day") }
        if has("weight", "height", "width", "length", "size", "duration") { return range(1...500, "a measure") }
        return nil
    }
}
