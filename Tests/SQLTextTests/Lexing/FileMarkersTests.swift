import SQLText
import Testing

@Suite struct FileMarkersTests {
    @Test(arguments: [
        ("-- no-transaction\nSELECT 1", FileMarkers.NoTransaction.Dialect.granary, 1),
        ("\u{FEFF}-- no-transaction\r\nSELECT 1", .granary, 1),
        ("-- x\n-- +goose no transaction\n-- +goose Up\n", .goose, 2),
        ("-- migrate:up transaction:false\nSELECT 1", .dbmate, 1),
        ("-- atlas:txmode none\n\nSELECT 1", .atlas, 1),
        ("--! no-transaction\nSELECT 1", .graphile, 1),
        ("-- +migrate Up notransaction\nSELECT 1", .sqlMigrate, 1),
    ])
    func everyonesSpellingOfNoTransactionIsUnderstood(
        _ text: String,
        _ dialect: FileMarkers.NoTransaction.Dialect,
        _ line: Int
    ) {
        #expect(FileMarkers(text).noTransaction == FileMarkers.NoTransaction(dialect: dialect, line: line))
    }

    @Test(arguments: [
        "-- no-transactions\n", "-- about no-transaction\n", "  -- +goose NO TRANSACTION\n", "-- +goose Up\n",
        "-- migrate:up\n", "-- atlas:txmode file\n", "SELECT '\n-- +goose NO TRANSACTION\n'",
        "/*\n-- no-transaction */",
        "DO $$\n-- +goose NO TRANSACTION\n$$", "",
    ])
    func otherTextsDoNotTurnOffTheTransaction(_ text: String) {
        #expect(FileMarkers(text).noTransaction == nil)
    }

    @Test func ourMarkerCountsOnTheFirstLineOnly() {
        let markers = FileMarkers("-- purpose\n-- no-transaction\nSELECT 1")
        #expect(markers.noTransaction == nil)
        #expect(markers.misplacedNoTransactionLine == 2)
        #expect(FileMarkers("-- no-transaction\n").misplacedNoTransactionLine == nil)
    }

    @Test func optionsHaveTheirLines() {
        let markers = FileMarkers(
            """
            -- granary: lock_timeout=2s, statement_timeout = 5min
            --granary: allow=drop-table
            SELECT '-- granary: no=1';
            SELECT 1; -- granary: ignore rule-a, rule-b , allow=c
            """
        )
        #expect(markers["lock_timeout"] == "2s")
        #expect(markers["statement_timeout"] == "5min")
        #expect(markers["no"] == nil)
        #expect(markers.values("ignore") == ["rule-a", "rule-b"])
        #expect(markers.values("allow") == ["drop-table", "c"])
        #expect(markers.options.map(\.line) == [1, 1, 2, 4, 4, 4])
        #expect(FileMarkers.options(in: "-- granary: ignore x", line: 7) == [.init(key: "ignore", value: "x", line: 7)])
        #expect(FileMarkers.options(in: "/* granary: ignore x */", line: 7) == [])
        #expect(FileMarkers.options(in: "-- granary: verbose", line: 7) == [.init(key: "verbose", value: "", line: 7)])
        #expect(FileMarkers.options(in: "-- granary:", line: 7) == [])
    }

    @Test func aCommentMarksAnIntentionallyEmptyDownFile() {
        #expect(FileMarkers("-- drops nothing\n-- Nothing to undo.\n").nothingToUndoLine == 2)
        #expect(FileMarkers("-- nothing to undo here\n").nothingToUndoLine == nil)
        for reason in [": it is only read", ", it is read", " (it is read)", " because it is read", " – read"] {
            #expect(FileMarkers("-- Nothing to undo\(reason)\n").nothingToUndoLine == 1, "\(reason)")
        }
        #expect(FileMarkers("-- there is nothing to undo: read\n").nothingToUndoLine == nil)
        #expect(FileMarkers("").nothingToUndoLine == nil)
    }
}
