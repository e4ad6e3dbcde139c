/// The kinds of texts that a column's name suggests. The first matching rule of `TextRule.all` is used.
struct TextRule: Sendable {
    enum Values: Sendable {
        case words(WordLists.Kind)
        case oneOf([String])
        /// - Parameter whenUnique: Appended if all rows must have different texts.
        case template([Part], whenUnique: [Part] = [])
        /// Depends on the locale; `#` is a digit.
        case digits(@Sendable (WordLists.Locale) -> String)
        case sentence(ClosedRange<Int>, isWhole: Bool)
        case personName
        case uuid, secret, internetAddress
    }

    enum Part: Sendable {
        case text(String)
        /// The form of a person's name for addresses.
        case slugOf(Name)
        case slug(WordLists.Kind)
        case word(WordLists.Kind)
        case oneOf([String])
        /// The row's number, from 1.
        case number
        /// The first two letters of the table.
        case tableLetters
    }

    /// The name of a person, consistent with other columns of the row.
    enum Name: String, Sendable {
        case first, last

        var columns: [String] {
            switch self {
            case .first: ["first_name", "given_name", "firstname", "forename"]
            case .last: ["last_name", "family_name", "surname", "lastname"]
            }
        }

        var kind: WordLists.Kind { self == .first ? .givenNames : .familyNames }
    }

    /// Words that the column's name equals, begins with or ends with.
    let words: [String]
    /// The text for `--explain`, after "named like".
    let what: String
    let values: Values
    /// The share of NULLs in a nullable column.
    var nulls = 0.1
    /// The column's complete name, as an alternative to `words`.
    var exact: String?
    /// Words that must not be in the name.
    var without: [String] = []
    /// The lengths of columns for which the rule is meant.
    var lengths: ClosedRange<Int> = .min ... .max
    var isForPeople = false
    /// The table must have one of these columns.
    var beside: [String]?
    /// Whether there are enough values for a unique column.
    var canBeUnique = true

    func applies(to name: String, _ column: ColumnShape, of table: TableShape) -> Bool {
        (name == exact || NameMatch.has(words, in: name)) && !NameMatch.has(without, in: name)
            && lengths.contains(column.lengthMost)
            && (!isForPeople || table.isAboutPeople)
            && (beside.map { beside in table.columns.contains { beside.contains($0.name) } } ?? true)
    }
}

extension TextRule {
    static let all: [TextRule] = [
        TextRule(
            words: ["email", "mail", "e_mail", "email_address"],
            what: "an e-mail address",
            values: .template([
                .slugOf(.first), .text("."), .slugOf(.last), .number, .text("@"),
                .oneOf(["example.com", "example.org", "example.net"]),
            ]),
            nulls: 0
        ),
        TextRule(words: Name.first.columns, what: "a given name", values: .words(.givenNames)),
        TextRule(words: Name.last.columns, what: "a family name", values: .words(.familyNames)),
        TextRule(
            words: ["username", "user_name", "login", "handle", "nickname", "nick", "screen_name"],
            what: "a login",
            values: .template([.slugOf(.first), .number]),
            nulls: 0
        ),
        TextRule(
            words: ["phone", "mobile", "telephone", "tel", "fax", "phone_number"],
            what: "a telephone number of an unassigned range",
            values: .digits(\.phone)
        ),
        TextRule(
            words: ["country_code", "country", "nationality"],
            what: "a country",
            values: .oneOf(WordLists.countryCodes3),
            lengths: 3...3
        ),
        TextRule(
            words: ["country", "nationality"],
            what: "a country",
            values: .oneOf(WordLists.countryCodes),
            lengths: .min...2
        ),
        TextRule(words: ["country_code"], what: "a country", values: .oneOf(WordLists.countryCodes)),
        TextRule(words: ["country", "nationality"], what: "a country", values: .oneOf(WordLists.countries)),
        TextRule(words: ["city", "town", "municipality", "birthplace"], what: "a city", values: .words(.cities)),
        TextRule(
            words: ["state", "region", "county", "province"],
            what: "a region",
            values: .words(.cities),
            without: ["state_code"],
            beside: ["city", "zip", "street", "country"]
        ),
        TextRule(
            words: ["street", "address", "address_line1", "address1", "street_address"],
            what: "an address",
            values: .template(
                [.word(.streets), .text(" "), .oneOf((1...99).map { "\($0)" })],
                whenUnique: [.text("/"), .number]
            )
        ),
        TextRule(
            words: ["postcode", "zip", "postal_code", "zipcode", "zip_code", "plz"],
            what: "a postcode",
            values: .digits(\.postcode)
        ),
        TextRule(
            words: ["company", "organization", "organisation", "employer", "vendor", "supplier"],
            what: "a company",
            values: .words(.companies)
        ),
        TextRule(
            words: ["job", "job_title", "profession", "occupation", "position_title"],
            what: "a job",
            values: .words(.jobs)
        ),
        TextRule(
            words: ["language", "lang", "locale", "language_code"],
            what: "a language",
            values: .oneOf(WordLists.languages)
        ),
        TextRule(words: ["currency", "currency_code"], what: "a currency", values: .oneOf(WordLists.currencies)),
        TextRule(words: ["timezone", "time_zone", "tz"], what: "a time zone", values: .oneOf(WordLists.timeZones)),
        TextRule(words: ["color", "colour"], what: "a color", values: .oneOf(WordLists.colors), canBeUnique: false),
        TextRule(
            words: ["url", "website", "homepage", "link", "uri"],
            what: "a web address",
            values: .template([.text("https://example.com/"), .slug(.words), .text("/"), .number])
        ),
        TextRule(
            words: ["slug", "permalink"],
            what: "a slug",
            values: .template([.slug(.words), .text("-"), .number]),
            nulls: 0
        ),
        TextRule(words: ["uuid", "guid"], what: "a uuid", values: .uuid),
        TextRule(
            words: ["sku", "code", "reference", "ref", "serial", "serial_number", "order_number", "invoice_number"],
            what: "a code",
            values: .template([.tableLetters, .text("-"), .number]),
            nulls: 0,
            lengths: 6 ... .max
        ),
        TextRule(
            words: [
                "password_hash", "password", "hash", "token", "secret", "api_key", "digest", "checksum",
                "password_digest",
            ],
            what: "a secret",
            values: .secret
        ),
        TextRule(words: ["ip", "ip_address"], what: "an IP address", values: .internetAddress),
        TextRule(
            words: ["user_agent"],
            what: "a user agent",
            values: .oneOf([
                "Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (Macintosh)", "Mozilla/5.0 (Windows NT 10.0)",
                "curl/8.5.0",
            ])
        ),
        TextRule(
            words: ["title", "subject", "headline", "topic"],
            what: "a title",
            values: .sentence(2...5, isWhole: false),
            nulls: 0
        ),
        TextRule(
            words: [
                "description", "body", "content", "note", "notes", "bio", "comment", "comments", "message", "text",
                "summary", "about", "remark", "remarks", "details", "review",
            ],
            what: "a text",
            values: .sentence(6...18, isWhole: true),
            nulls: 0.2
        ),
        TextRule(words: ["company_name"], what: "a company", values: .words(.companies)),
        TextRule(
            words: ["full_name", "display_name", "fullname", "contact_name"],
            what: "a person's name",
            values: .personName,
            exact: "name",
            without: ["product_name", "label"],
            isForPeople: true
        ),
        TextRule(
            words: ["full_name", "display_name", "fullname", "label", "contact_name", "product_name"],
            what: "a name",
            values: .words(.products),
            exact: "name"
        ),
    ]
}
