import Synchronization

/// The words of generated rows, by locale. They were written for this purpose: random combinations name no real person.
package enum WordLists {
    package static let locales = ["en", "de", "ja"]

    enum Kind: String, Sendable, CaseIterable {
        case givenNames, familyNames, cities, streets, words, jobs, products, companies
    }

    struct Locale: Sendable {
        var lists: [Kind: String]
        var country: String
        var timeZone: String
        /// `family given`.
        var isFamilyFirst = false
        /// Between words of a text.
        var separator = " "
        /// `#` is a digit. Numbers that are reserved for fiction, or not assigned.
        var phone: String
        var postcode: String
    }

    private static let cache = Mutex<[String: WordList]>([:])

    static func locale(_ name: String) -> Locale {
        switch name {
        case "de": german
        case "ja": japanese
        default: english
        }
    }

    static func list(_ kind: Kind, _ locale: String) -> WordList {
        cache.withLock { cache in
            let name = "\(kind.rawValue) \(locale)"
            if let list = cache[name] { return list }
            let list = WordList(Self.locale(locale).lists[kind] ?? "")
            cache[name] = list
            return list
        }
    }

    /// Codes of ISO 3166-1, 639-1 and 4217, and names of time zones.
    static let countryCodes =
        "AT AU BE BR CA CH CL CZ DE DK ES FI FR GB GR HU IE IN IT JP KR MX NL NO NZ PL PT SE SG US ZA"
        .split(separator: " ").map(String.init)
    static let countryCodes3 =
        "AUT AUS BEL BRA CAN CHE CHL CZE DEU DNK ESP FIN FRA GBR GRC HUN IRL IND ITA JPN KOR MEX NLD NOR NZL POL PRT SWE SGP USA ZAF"
        .split(separator: " ").map(String.init)
    static let countries =
        "Austria,Australia,Belgium,Brazil,Canada,Switzerland,Chile,Czechia,Germany,Denmark,Spain,Finland,France,United Kingdom,Greece,Hungary,Ireland,India,Italy,Japan,South Korea,Mexico,Netherlands,Norway,New Zealand,Poland,Portugal,Sweden,Singapore,United States,South Africa"
        .split(separator: ",").map(String.init)
    static let languages = "en de fr es it pt nl pl sv da fi nb cs el hu ja ko zh tr ar hi".split(separator: " ").map(
        String.init
    )
    static let currencies = "EUR USD GBP JPY CHF SEK NOK DKK PLN CZK HUF CAD AUD NZD INR KRW BRL MXN ZAR SGD".split(
        separator: " "
    ).map(String.init)
    static let timeZones = [
        "UTC", "Europe/Berlin", "Europe/London", "Europe/Paris", "Europe/Madrid", "Europe/Rome", "Europe/Warsaw",
        "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Sao_Paulo",
        "Asia/Tokyo", "Asia/Seoul", "Asia/Singapore", "Asia/Kolkata", "Australia/Sydney", "Africa/Johannesburg",
    ]
    static let colors = "red,green,blue,yellow,orange,purple,black,white,grey,brown,pink,teal".split(separator: ",")
        .map(String.init)
}
