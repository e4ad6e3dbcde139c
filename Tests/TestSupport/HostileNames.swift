internal import FoundationEssentials
package import PostgresClient

/// Names that are SQL, paths, options, templates, or control sequences for a terminal.
package enum HostileNames {
    package static let all = [
        #"x"; DROP TABLE victim; --"#, "'); DELETE FROM victim; --", "$$", "../../etc/passwd", "/absolute", #"a/b\c"#,
        ".",
        "..", "new\nline", "cr\rx", "tab\tx", "\u{1b}[2J\u{1b}]0;owned\u{7}", "right\u{202e}tfel", "c1\u{9b}31m",
        String(repeating: "ä", count: 31) + "x", "--trust", "%s%n", "{{mustache}}", "`touch x`$(touch x)", #"\."#,
        // A quote combined with an accent, and two names that Swift considers equal.
        "q'\u{301};touch x;'", "q\"\u{301}", "caf\u{e9}", "cafe\u{301}", "a.b", "a=b", "\n\\! touch x\n",
        "letter\u{61c}mark", "line\u{2028}separator",
    ]

    /// A schema for each name, with a table, its columns, constraints, an index, a sequence, a type, a function and a
    /// trigger, which use the following names; each table refers to the previous one. Also `public.victim` with ten
    /// rows.
    package static func sql(_ names: [String] = all) -> String {
        var lines = [
            "CREATE TABLE public.victim (id integer PRIMARY KEY)",
            "INSERT INTO public.victim SELECT generate_series(1, 10)",
        ]
        for index in names.indices {
            func name(_ offset: Int) -> String { QuotedText.name(names[(index + offset) % names.count]) }
            func value(_ offset: Int) -> String { literal(names[(index + offset) % names.count]) }
            let (schema, table) = (name(0), "\(name(0)).\(name(1))")
            lines += [
                "CREATE SCHEMA \(schema)", "CREATE SEQUENCE \(schema).\(name(5)) START \(index + 2)",
                "CREATE TYPE \(schema).\(name(6)) AS ENUM (\(value(7)))",
                """
                CREATE TABLE \(table) (
                    \(name(2)) integer CONSTRAINT \(name(8)) PRIMARY KEY,
                    \(name(3)) text DEFAULT \(value(0)) CONSTRAINT \(name(9)) CHECK (\(name(3)) <> ''),
                    \(name(4)) \(schema).\(name(6)) DEFAULT \(value(7)))
                """,
                "INSERT INTO \(table) VALUES (1, \(value(1))), (2, \(value(2))), (3, NULL)",
                "CREATE INDEX \(name(4)) ON \(table) (\(name(3)))", "COMMENT ON TABLE \(table) IS \(value(10))",
                """
                CREATE FUNCTION \(schema).\(name(7))(\(name(11)) integer DEFAULT 0) RETURNS integer
                    LANGUAGE sql AS \(literal("SELECT 1 -- " + names[index].filter { !$0.isNewline && $0 != "\r\n" }))
                """,
                """
                CREATE FUNCTION \(schema).\(name(12))() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'
                """,
                """
                CREATE TRIGGER \(name(13)) BEFORE INSERT ON \(table) FOR EACH ROW EXECUTE FUNCTION \(schema).\(name(12))()
                """,
            ]
            guard index > 0 else { continue }
            lines.append(
                """
                ALTER TABLE \(table) ADD CONSTRAINT \(name(14)) FOREIGN KEY (\(name(2)))
                    REFERENCES \(QuotedText.name(names[index - 1])).\(name(0))
                """
            )
        }
        return lines.map { $0 + ";\n" }.joined()
    }

    /// Text as an SQL literal, without a session.
    package static func literal(_ text: String) -> String {
        "E'" + text.unicodeScalars.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "'"
    }
}

/// The characters in `text` that control a terminal or change the direction of text, except line feeds.
package func steeringCharacters(_ text: String) -> [String] {
    text.unicodeScalars.filter { scalar in
        scalar != "\n" && QuotedText.isControl(scalar)
    }.map { String($0.value, radix: 16) }
}

/// All texts of a JSON document, including keys.
package struct JSONTexts: Decodable, Sendable {
    package var texts: Set<ExactText> = []

    /// - Throws: `DecodingError` if it is not JSON.
    package static func of(_ document: String) throws -> Set<ExactText> {
        try JSONDecoder().decode(JSONTexts.self, from: Data(document.utf8)).texts
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    package init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: Key.self) {
            for key in container.allKeys {
                texts.insert(ExactText(key.stringValue))
                texts.formUnion(try container.decode(JSONTexts.self, forKey: key).texts)
            }
        } else if var container = try? decoder.unkeyedContainer() {
            while !container.isAtEnd { texts.formUnion(try container.decode(JSONTexts.self).texts) }
        } else if let text = try? decoder.singleValueContainer().decode(String.self) {
            texts = [ExactText(text)]
        }
    }
}
