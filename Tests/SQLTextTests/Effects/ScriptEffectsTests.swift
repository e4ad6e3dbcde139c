import SQLText
import Testing

@Suite struct ScriptEffectsTests {
    private func effects(_ text: String) throws -> ScriptEffects { ScriptEffects(of: try SQLScript(text)) }

    @Test func createdObjectsAreNewAndBlockNoSession() throws {
        let effects = try effects(
            """
            CREATE TABLE s.new (id int);
            CREATE INDEX i ON s.new (id);
            ALTER TABLE s.new ADD COLUMN a int REFERENCES s.old;
            INSERT INTO s.new SELECT 1;
            UPDATE s.new SET a = 1;
            ALTER TABLE s.new ALTER COLUMN a TYPE bigint;
            DROP TABLE s.new;
            """
        )
        #expect(effects.risk == .low)
        #expect(effects.destruction == [])
        #expect(effects.locks == [RelationName(schema: "s", name: "old"): .shareRowExclusive])
        #expect(
            effects.statements.map { $0.touches.filter { !$0.isNew }.map(\.name) } == [[], [], ["old"], [], [], [], []]
        )
    }

    @Test func anotherSchemasTableOfTheSameNameIsNotNew() throws {
        let effects = try effects("CREATE TABLE s.t (id int); DROP TABLE x.t; DELETE FROM t")
        #expect(effects.destruction.map(\.relation.description) == ["x.t", "t"])
        #expect(effects.risk == .high)
    }

    @Test func aTableThatMayHaveBeenThereIsNewForLocksButNotForItsRows() throws {
        let effects = try effects("CREATE TABLE IF NOT EXISTS s.t (id int); CREATE INDEX ON s.t (id); DELETE FROM s.t")
        #expect(effects.locks == [:])
        #expect(effects.destruction.map(\.name) == ["t"])
        #expect(effects.risk == .high)
    }

    @Test func everythingInANewSchemaIsNew() throws {
        let effects = try effects("CREATE SCHEMA s; CREATE TABLE s.t (a int); TRUNCATE s.t; DROP SCHEMA s CASCADE")
        #expect(effects.risk == .low)
        #expect(effects.destruction == [])
    }

    @Test func aTableThatIsDroppedAndMadeAgainIsLost() throws {
        let effects = try effects("DROP TABLE IF EXISTS s.t; CREATE TABLE s.t (a int); DROP TABLE s.t; DROP TABLE s.t")
        #expect(effects.destruction.map(\.name) == ["t", "t"])
        #expect(effects.statements.map(\.risk) == [.high, .low, .low, .high])
    }

    @Test func droppedAndRecreatedObjectsAreReplacedUnlessTheyHadRows() throws {
        let trigger = "CREATE TRIGGER g AFTER INSERT ON s.t EXECUTE FUNCTION f()"
        try #expect(effects("DROP TRIGGER IF EXISTS g ON s.t; \(trigger)").risk == .medium)
        try #expect(effects("DROP TRIGGER IF EXISTS h ON s.t; \(trigger)").risk == .high)
        try #expect(effects("\(trigger); DROP TRIGGER g ON x.t").risk == .high)
        try #expect(effects("DROP VIEW s.v, s.w; CREATE VIEW s.v AS SELECT 1").risk == .high)
        try #expect(effects("DROP VIEW s.v; CREATE VIEW s.v AS SELECT 1").risk == .medium)
        try #expect(effects("DROP TABLE s.t; CREATE TABLE s.t (a int)").risk == .high)
    }

    @Test func aScriptWithItsOwnTransactionIsRecognized() throws {
        try #expect(effects("BEGIN; SELECT 1; COMMIT").controlsTransaction)
        try #expect(!effects("SAVEPOINT a; SELECT 1; RELEASE a").controlsTransaction)
        try #expect(!effects("SELECT 1").controlsTransaction)
        try #expect(effects("SELECT 1; VACUUM; CREATE INDEX CONCURRENTLY ON t (a)").refusingTransaction == [1, 2])
    }

    @Test func risksAreInOrder() {
        #expect(Risk.allCases.sorted() == [.low, .medium, .high])
        #expect(max(Risk.low, .high) == .high)
        #expect(LockMode.allCases.sorted() == LockMode.allCases)
        #expect(LockMode.shareRowExclusive.catalogName == "ShareRowExclusiveLock")
        #expect(LockMode.shareRowExclusive.description == "SHARE ROW EXCLUSIVE")
        #expect(LockMode.allCases.filter(\.blocksWrites).map(\.rawValue) == [5, 6, 7, 8])
        #expect(LockMode.allCases.filter(\.blocksReads) == [.accessExclusive])
    }
}
