import GranaryCommands
import Testing

@Suite struct MaskingTests {
    @Test(arguments: [
        ("postgresql://app:hush@db/shop", "postgresql://app:***@db/shop"),
        ("postgresql://app@db/shop", "postgresql://app@db/shop"),
        ("postgresql://db:5432/shop", "postgresql://db:5432/shop"),
        ("postgresql://app:hu/sh@db/shop", "postgresql://app:***@db/shop"),
        ("postgresql://app:hu@sh@db/shop", "postgresql://app:***@db/shop"),
        ("postgresql://app:hu'sh@db/shop", "postgresql://app:***@db/shop"),
        ("postgresql://app:hu\"`sh@db/shop", "postgresql://app:***@db/shop"),
        ("postgresql://app:hu sh@db/shop", "postgresql://app:***@db/shop"),
        ("postgresql://app:5u sh@db/shop", "postgresql://app:***@db/shop"),
        ("postgresql://app:!u sh@db/shop", "postgresql://app:***@db/shop"),
        ("postgresql://app:55 sh@db/shop", "postgresql://app:***@db/shop"),
        ("postgresql://[::1]:5432/shop of a@b", "postgresql://[::1]:5432/shop of a@b"),
        ("no server at postgresql://db:5432/shop, a@b", "no server at postgresql://db:5432/shop, a@b"),
        ("see https://db.example: it has a@b", "see https://db.example: it has a@b"),
        (
            "cannot reach \"postgres://a:b@c/d\" and mysql://e:f@g",
            "cannot reach \"postgres://a:***@c/d\" and mysql://e:***@g"
        ),
        (
            "postgresql://db/shop?user=app&password=hush&sslmode=disable",
            "postgresql://db/shop?user=app&password=***&sslmode=disable"
        ),
        ("host=db password=hush dbname=shop", "host=db password=*** dbname=shop"),
        ("host=db password='hu \\' sh' dbname=shop", "host=db password=*** dbname=shop"),
        ("sslpassword=hush", "sslpassword=***"),
        ("there is no file AGE-SECRET-KEY-1QQQ, nor x", "there is no file AGE-SECRET-KEY-***, nor x"),
        ("password authentication failed for user \"app\"", "password authentication failed for user \"app\""),
    ])
    func passwordsAreReplaced(text: String, masked: String) {
        #expect(Masking.masked(text) == masked)
    }

    @Test func theURLOfAPingIsASecretAsAWhole() {
        let arguments = [
            "granary", "backup", "--ping", "https://hc-ping.com/uuid", "--ping=https://x/y", "--pings", "z",
        ]
        #expect(
            Masking.masked(arguments: arguments + ["postgresql://a:b@c", "--ping"])
                == [
                    "granary", "backup", "--ping", "***", "--ping=***", "--pings", "z", "postgresql://a:***@c",
                    "--ping",
                ]
        )
    }
}
