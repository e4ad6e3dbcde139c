import GranaryCommands
import PostgresClient
import TestSupport
import Testing

@testable import Inspection

/// `granary schema`, from the catalog to each format.
@Suite struct SchemaReportTests {
    private static let more = """
        CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER stamp BEFORE INSERT ON shop.customers FOR EACH ROW WHEN (NEW.email <> '') EXECUTE FUNCTION shop.f();
        ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON shop.customers FOR SELECT USING (email = current_user);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.notes'::regclass;
        """

    @Test func theTextSaysWhatTheTablesAre() async throws {
        try await Shop.with(Self.more) { url in
            let text = SchemaListing(try await Shop.report(url)).text
            #expect(
                text == """
                    table shop.Orders
                      columns
                        id        integer  not null
                        customer  bigint
                        note      text
                      constraints
                        Orders_pkey           PRIMARY KEY (id)
                        Orders_customer_fkey  FOREIGN KEY (customer) REFERENCES shop.customers(id)  -- no index
                        positive              CHECK ((id > 0))
                      indexes
                        notes  CREATE INDEX notes ON shop."Orders" USING btree (lower(note)) WHERE (note IS NOT NULL)  -- invalid

                    table shop.customers
                      Who buys
                      row security is on
                      columns
                        id        bigint         not null  generated always as identity
                        email     text           not null                                        -- as they typed it
                        Größe 表  numeric(10,2)            default 1.5
                        twice     bigint                   generated always as ((1 + 1)) stored
                      constraints
                        customers_pkey       PRIMARY KEY (id)
                        customers_email_key  UNIQUE (email)
                      triggers
                        stamp  CREATE TRIGGER stamp BEFORE INSERT ON shop.customers FOR EACH ROW WHEN ((new.email <> ''::text)) EXECUTE FUNCTION shop.f()
                      policies
                        own  permissive for select to public using ((email = CURRENT_USER))
                      referenced by
                        shop.Orders  Orders_customer_fkey

                    partitioned table shop.events
                      partitioned by RANGE (at)
                      columns
                        at    date  not null
                        body  text
                      partitions
                        events_1  FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
                        events_2  DEFAULT

                    findings
                      unindexed foreign key: shop.Orders, Orders_customer_fkey (customer)
                      invalid index: shop.Orders, notes

                    """,
                "\(text)"
            )
        }
    }

    @Test func everyFormatIsTheSameTextEachTime() async throws {
        try await Shop.with(Self.more) { url in
            var seen: Set<String> = []
            for _ in 0..<2 {
                let report = try await Shop.report(url)
                seen.insert(
                    SchemaListing(report).text + SchemaMarkdown(report).text + SchemaMermaid(report).text
                        + SchemaDocument(report).document.text
                )
            }
            #expect(seen.count == 1)
        }
    }

    @Test func theDiagramHasItsKeysAndItsLinks() async throws {
        try await Shop.with { url in
            let text = SchemaMermaid(try await Shop.report(url)).text
            #expect(
                text == """
                    erDiagram
                        "shop.Orders" {
                            integer id PK
                            bigint customer FK
                            text note
                        }
                        "shop.customers" {
                            bigint id PK
                            text email UK
                            numeric_10_2_ Größe_表
                            bigint twice
                        }
                        "shop.events" {
                            date at
                            text body
                        }
                        "shop.customers" |o--o{ "shop.Orders" : "Orders_customer_fkey"

                    """
            )
        }
    }

    @Test func markdownHasItsTablesAndMarksWhatDeservesALook() async throws {
        try await Shop.with(Self.more) { url in
            let text = SchemaMarkdown(try await Shop.report(url)).text
            for line in [
                "# Schema", "## shop.Orders", "Who buys", "| column | type | null | default | comment |",
                "| `email` | `text` | no |  | as they typed it |",
                "| `Größe 表` | `numeric(10,2)` | yes | `default 1.5` |  |",
                "- `Orders_customer_fkey`: `FOREIGN KEY (customer) REFERENCES shop.customers(id)` **no index**",
                "partitioned table, partitioned by `RANGE (at)`.",
                "- unindexed foreign key: shop.Orders, Orders\\_customer\\_fkey (customer)",
            ] {
                #expect(text.split(separator: "\n").contains { $0 == line }, "\(line)\n\(text)")
            }
        }
    }

    @Test func anIndexOfMoreColumnsOrOfAnotherOrderServesAForeignKey() async throws {
        let more = """
            CREATE TABLE shop.pair (a int, b int, PRIMARY KEY (a, b));
            CREATE TABLE shop.of_pair (x text, q int, p int, FOREIGN KEY (p, q) REFERENCES shop.pair);
            CREATE INDEX later ON shop.of_pair (x, p, q);
            """
        try await Shop.with(more) { url in
            func unindexed() async throws -> [String] {
                try await Shop.report(url).findings.filter { $0.kind == .unindexedForeignKey }.map(\.object)
            }
            try await #expect(unindexed() == ["Orders_customer_fkey", "of_pair_p_q_fkey"])
            try await psql(url, "CREATE INDEX partial ON shop.of_pair (p, q) WHERE x = 'a'")
            try await #expect(unindexed().count == 2)
            try await psql(url, "CREATE INDEX served ON shop.of_pair (q, p, x)")
            try await #expect(unindexed() == ["Orders_customer_fkey"])
        }
    }

    @Test func aLockedTableIsDescribedWithoutItsExpressions() async throws {
        try await Shop.with(Self.more) { url in
            try await Shop.holding("shop.customers", url) {
                let report = try await Shop.report(url)
                let table = report.tables[1]
                #expect(table.held != nil && table.columns.map(\.name) == ["id", "email", "Größe 表", "twice"])
                #expect(table.columns[2].expression == "1.5" && table.columns[3].expression == nil)
                #expect(table.constraints.map(\.definition) == ["PRIMARY KEY (id)", "UNIQUE (email)"])
                #expect(table.indexes.allSatisfy { $0.definition == nil } && table.indexes.count == 2)
                #expect(table.triggers == [.init(name: "stamp", definition: nil)])
                #expect(SchemaListing(report).text.contains("expressions and indexes could not be read"))
                // The others are described as ever.
                #expect(report.tables[0].indexes.allSatisfy { ($0.definition == nil) == $0.isOfConstraint })
            }
        }
    }

    @Test func controlCharactersInNamesAreShownEscaped() async throws {
        try await Shop.with("CREATE TABLE shop.\"a\u{1B}[31m\nb\" (\"c\rd\" int)") { url in
            let report = try await Shop.report(url)
            for text in [SchemaListing(report).text, SchemaMarkdown(report).text, SchemaMermaid(report).text] {
                #expect(!text.unicodeScalars.contains { $0.value < 32 && $0 != "\n" || $0.value == 0x1B })
            }
            #expect(SchemaListing(report).text.contains("table shop.a\\u{1b}[31m\\nb"))
            let lines = TableListing(try await Shop.tables(url)).lines(width: nil)
            #expect(lines.contains { $0.contains("a\\u{1b}[31m\\nb") })
        }
    }
}
