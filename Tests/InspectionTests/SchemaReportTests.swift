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

    @Test func theTextDescribesTheTables() async throws {
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

    private static let nested = """
        CREATE SCHEMA far;
        CREATE TABLE shop.tree (at date, region text, id int) PARTITION BY RANGE (at);
        CREATE TABLE shop.tree_1 PARTITION OF shop.tree FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
            PARTITION BY LIST (region);
        CREATE TABLE far.tree_1_eu PARTITION OF shop.tree_1 FOR VALUES IN ('eu') PARTITION BY HASH (id);
        CREATE TABLE far.tree_1_eu_0 PARTITION OF far.tree_1_eu FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE shop.tree_1_rest PARTITION OF shop.tree_1 DEFAULT;
        CREATE TABLE shop.tree_rest PARTITION OF shop.tree DEFAULT;
        CREATE INDEX half ON far.tree_1_eu_0 (id);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'far.half'::regclass;
        CREATE UNLOGGED TABLE shop.heir (more text CHECK (more || 'x' <> 'a|b')) INHERITS (shop.customers);
        ALTER TABLE shop.heir ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE FUNCTION shop.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER a BEFORE INSERT ON shop.heir FOR EACH ROW EXECUTE FUNCTION shop.f();
        CREATE TRIGGER b BEFORE INSERT ON shop.heir FOR EACH ROW EXECUTE FUNCTION shop.f();
        CREATE TRIGGER c BEFORE INSERT ON shop.heir FOR EACH ROW EXECUTE FUNCTION shop.f();
        ALTER TABLE shop.heir ENABLE ALWAYS TRIGGER a; ALTER TABLE shop.heir ENABLE REPLICA TRIGGER b;
        ALTER TABLE shop.heir DISABLE TRIGGER c;
        """

    @Test func partitionsOfAllLevelsAndInheritanceAreShown() async throws {
        try await Shop.with(Self.nested) { url in
            let report = try await Shop.report(url)
            let text = SchemaListing(report).text
            #expect(
                text.contains(
                    """
                      partitions
                        tree_1               FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (region)
                          far.tree_1_eu      FOR VALUES IN ('eu') PARTITION BY HASH (id)
                            far.tree_1_eu_0  FOR VALUES WITH (modulus 2, remainder 0)
                          tree_1_rest        DEFAULT
                        tree_rest            DEFAULT

                    """
                ),
                "\(text)"
            )
            #expect(text.contains("  invalid index: far.tree_1_eu_0, half\n"), "\(text)")
            #expect(
                text.contains(
                    """
                    table shop.heir
                      inherits from shop.customers
                      unlogged
                      row security is on, also for the owner
                      columns

                    """
                ),
                "\(text)"
            )
            for (name, state) in [("a", "always"), ("b", "replica"), ("c", "disabled")] {
                #expect(
                    text.contains(
                        "CREATE TRIGGER \(name) BEFORE INSERT ON shop.heir FOR EACH ROW EXECUTE FUNCTION shop.f() (\(state))\n"
                    )
                )
            }
            let markdown = SchemaMarkdown(report).text
            #expect(markdown.contains("- `tree_1`: `FOR VALUES FROM"))
            #expect(markdown.contains("\n    - `far.tree_1_eu_0`: `FOR VALUES WITH (modulus 2, remainder 0)`\n"))
            #expect(
                markdown.contains(
                    "table, inherits from `shop.customers`, unlogged, row security is on, also for the owner."
                )
            )
            // Outside of table cells, an escaped bar would be shown with its backslash.
            #expect(markdown.contains("`CHECK (((more || 'x'::text) <> 'a|b'::text))`"), "\(markdown)")
            #expect(
                SchemaDocument.result.document(report).text.contains(
                    #"{"name":"far.tree_1_eu_0","of":"far.tree_1_eu","#
                )
            )
        }
    }

    @Test func theDiagramsWordsAreThoseThatMermaidReads() async throws {
        let more = """
            CREATE TABLE shop.odd (pk int, "FK" int, "Uké" int, pk_1 int, ukase int, "1st" int, "a b|c" int, "ab" int,
                "µ×" int, "列　二" int);
            """
        try await Shop.with(more) { url in
            let text = SchemaMermaid(try await Shop.report(url)).text
            #expect(
                text.contains(
                    """
                        "shop.odd" {
                            integer _pk
                            integer _FK
                            integer _Uké
                            integer pk_1
                            integer ukase
                            integer _1st
                            integer a_b_c
                            integer ab
                            integer _×
                            integer 列_二
                        }

                    """
                ),
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
                        + SchemaDocument.result.document(report).text
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
                // The other tables are described as usual.
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
