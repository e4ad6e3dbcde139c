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

    @Test func foreignKeysFollowTheTableTheyReferTo() throws {
        let before = try schema(
            "CREATE TABLE s.a (x int); CREATE TABLE s.b (y int REFERENCES s.a (x)); CREATE TABLE t.a (x int)"
        )
        let renamed = try schema("ALTER TABLE s.a RENAME COLUMN x TO w; ALTER TABLE s.a RENAME TO c", over: before)
        let foreignKey = try #require(renamed[table("b", "s")]?.foreignKeys["b_y_fkey"])
        #expect(foreignKey.target == table("c", "s"))
        #expect(foreignKey.targetColumns == ["w"])
        var all = before
        all.apply(renamed.changes)
        #expect(try schema("DROP TABLE t.a, s.a", over: all)[table("b", "s")]?.foreignKeys.count == 1)
        #expect(try schema("DROP TABLE s.c CASCADE", over: all)[table("b", "s")]?.foreignKeys.isEmpty == true)
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

    @Test(arguments: [
        ("SELECT create_distributed_table('s.a', 'x')", TableDistribution.hash(column: "x")),
        (
            #"SELECT pg_catalog.create_distributed_table('"s".A'::regclass, distribution_column => 'x')"#,
            .hash(column: "x")
        ),
        (
            "SELECT create_distributed_table(colocate_with => 's.b', table_name => 's.a', distribution_column => NULL)",
            .single
        ),
        ("SELECT create_reference_table('s.a'), create_distributed_table('s.b', 'y')", .reference),
        ("SELECT citus_add_local_table_to_metadata('s.a')", .local),
        ("SELECT create_distributed_table('s.a', 'x'); SELECT undistribute_table('s.a')", TableDistribution.none),
        (
            "SELECT create_distributed_table('s.a', 'x'); SELECT alter_distributed_table('s.a', shard_count => 8)",
            .hash(column: "x")
        ),
        ("SELECT create_distributed_table('s.a', 'x'); ALTER TABLE s.a RENAME COLUMN x TO z", .hash(column: "z")),
        ("SELECT citus_schema_distribute('s')", .single),
        ("SELECT citus_schema_distribute('s'); SELECT citus_schema_undistribute('s')", TableDistribution.none),
    ])
    func statementsTellHowCitusStoresATable(sql: String, distribution: TableDistribution) throws {
        let schema = try schema("CREATE TABLE s.a (x int PRIMARY KEY); \(sql)")
        #expect(schema.distribution(of: table("a", "s")) == distribution)
        #expect(schema[table("a", "s")]?.uniqueKeys == [[schema[table("a", "s")]?.primaryKey.first]])
    }

    @Test(arguments: [
        "SELECT shop.create_distributed_table('s.a', 'x')", "SELECT create_distributed_table(t, 'x') FROM x t",
        "SELECT create_distributed_table('s.', 'x')", "SELECT f('s.a')",
        "SELECT create_distributed_table('s.a', 'x'); DROP TABLE s.a; CREATE TABLE s.a (x int)",
    ])
    func otherCallsTellNothing(sql: String) throws {
        #expect(try schema("CREATE TABLE s.a (x int); \(sql)").distribution(of: table("a", "s")) == nil)
    }

    @Test func aPartitionIsStoredLikeItsTable() throws {
        let schema = try schema(
            """
            CREATE TABLE s.a (x int, at date) PARTITION BY RANGE (at); CREATE TABLE s.b PARTITION OF s.a DEFAULT;
            SELECT create_distributed_table('s.a', 'x');
            CREATE TABLE s.c (x int, at date); ALTER TABLE s.a ATTACH PARTITION s.c FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
            ALTER TABLE s.a DETACH PARTITION s.b; CREATE TABLE s.d (x int);
            """
        )
        for name in ["a", "b", "c"] { #expect(schema.distribution(of: table(name, "s")) == .hash(column: "x")) }
        #expect(schema.distribution(of: table("d", "s")) == nil)
    }
}
