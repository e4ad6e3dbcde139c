import SQLText
import Testing

@Suite struct SchemaModelTests {
    private func schema(_ sql: String, over base: SchemaModel? = nil) throws -> SchemaModel {
        var schema = base.map { SchemaModel(over: $0) } ?? SchemaModel()
        schema.learn(from: try SQLScript(splitting: sql))
        return schema
    }

    private func table(_ name: String, _ schema: String? = nil) -> RelationName {
        RelationName(schema: schema, name: name)
    }

    @Test func aTableHasTheColumnsThatStatementsLeave() throws {
        let schema = try schema(
            """
            CREATE TABLE a (x int, y text, z int);
            ALTER TABLE a ADD COLUMN w int, DROP COLUMN y;
            ALTER TABLE a RENAME COLUMN z TO v;
            """
        )
        #expect(schema[table("a")]?.columnNames == ["x", "w", "v"])
    }

    @Test func aNameWithoutItsSchemaMeansTheTableThatHasOne() throws {
        let schema = try schema("CREATE TABLE s.a (x int); ALTER TABLE a ADD COLUMN y int; CREATE INDEX ON a (y)")
        #expect(schema[table("a", "s")]?.columnNames == ["x", "y"])
        #expect(schema[table("a", "s")]?.hasIndex(beginningWith: ["y"]) == true)
        #expect(schema.madeTable(table("a", "t")) == nil)
    }

    @Test func twoTablesOfANameAreKeptApart() throws {
        let schema = try schema("CREATE TABLE s.a (x int); CREATE TABLE a (y int); ALTER TABLE a ADD COLUMN z int")
        #expect(schema[table("a")]?.columnNames == ["y", "z"])
        #expect(schema[table("a", "s")]?.columnNames == ["x"])
    }

    @Test(arguments: [
        "CREATE VIEW a AS SELECT 1", "CREATE MATERIALIZED VIEW a AS SELECT 1", "CREATE TABLE a AS SELECT 1",
        "SELECT 1 INTO a", "CREATE TABLE a (LIKE b)", "CREATE TABLE a (x int) INHERITS (b)",
        "CREATE TABLE a PARTITION OF b DEFAULT", "CREATE TABLE a (x int); ALTER TABLE a INHERIT b",
    ])
    func columnsThatAreNotWrittenDownAreNotKnown(sql: String) throws {
        let found = try #require(try schema(sql).madeTable(table("a")))
        #expect(found.columnNames == nil)
    }

    @Test func aTableThatIsOnlyChangedIsNotMade() throws {
        let schema = try schema("ALTER TABLE a ADD COLUMN x int NOT NULL")
        #expect(schema.madeTable(table("a")) == nil)
        #expect(schema[table("a")]?.isKnownNotNull("x") == true)
        #expect(schema[table("a")]?.isComplete == false)
    }

    @Test func tablesFollowTheirSchema() throws {
        let schema = try schema(
            "CREATE TABLE s.a (x int); ALTER SCHEMA s RENAME TO t; ALTER TABLE t.a SET SCHEMA u"
        )
        #expect(schema.made == [table("a", "u")])
        #expect(try self.schema("DROP SCHEMA u", over: schema).made.isEmpty)
    }

    @Test func learningOnTopDoesNotChangeTheBase() throws {
        let base = try schema("CREATE TABLE s.a (x int); CREATE TABLE b (x int)")
        let top = try schema("ALTER TABLE a ADD COLUMN y int; DROP TABLE b; CREATE TABLE c ()", over: base)
        #expect(top[table("a")]?.columnNames == ["x", "y"])
        #expect(Set(top.made) == [table("a", "s"), table("c")])
        #expect(Set(base.made) == [table("a", "s"), table("b")])
        var joined = base
        joined.apply(top.changes)
        #expect(Set(joined.made) == Set(top.made))
    }

    @Test(arguments: ["DO $$ BEGIN END $$", "CALL f()", "EXECUTE p", "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c"])
    func unknownEffectsMakeTheSchemaOpaque(sql: String) throws {
        #expect(try schema(sql).isOpaque)
        #expect(try !schema("CREATE TABLE a ()").isOpaque)
    }

    @Test func aStatementOfANewerServerMakesTheSchemaOpaqueAndAWrongOneDoesNot() throws {
        #expect(try schema("CREATE TABLE a (x int NOT ENFORCED)").isOpaque)
        #expect(try !schema("CREATE TABEL a (x int)").isOpaque)
    }
}
