import SQLText
import Testing

@Suite struct StatementWordsTests {
    @Test func wordsAreThoseOfTheBeginningWithoutComments() {
        let words = StatementWords.first(5, of: Array("create /* a /* b */ */ -- c\n table\"X y\" (a int)".utf8))
        #expect(words == ["CREATE", "TABLE", "\"X y\"", "(", "A"])
        #expect(StatementWords.first(3, of: Array("COMMIT".utf8)) == ["COMMIT"])
        #expect(StatementWords.first(3, of: []) == [])
    }

    @Test func aSettingIsNamedInLowerCase() {
        func setting(_ text: String) -> String? { StatementWords.setting(changedBy: Array(text.utf8)) }
        #expect(setting("SET transaction_timeout = 0") == "transaction_timeout")
        #expect(setting("set LOCAL Lock_Timeout TO '1s'") == "lock_timeout")
        #expect(setting("SET SESSION \"a\" = 1") == "a")
        #expect(setting("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE") == nil)
        #expect(setting("SET SESSION AUTHORIZATION DEFAULT") == nil)
        #expect(setting("SET ROLE x") == nil)
        #expect(setting("SELECT 1") == nil)
    }

    @Test func theTableOfACopyIsUnquoted() {
        func table(_ text: String) -> [String] { StatementWords.copyTable(Array(text.utf8)) }
        #expect(table("COPY public.Orders (a) FROM stdin") == ["public", "orders"])
        #expect(table("copy \"a.b\".\"C\"\"d\" FROM stdin") == ["a.b", "C\"d"])
        #expect(table("COPY t FROM stdin") == ["t"])
        #expect(table("SELECT 1") == [])
        #expect(table("INSERT INTO t VALUES (1)") == [])
    }

    @Test func theTableOfAnInsertIsUnquoted() {
        func table(_ text: String) -> [String] { StatementWords.insertTable(Array(text.utf8)) }
        #expect(table("INSERT INTO public.Orders VALUES (1)") == ["public", "orders"])
        #expect(
            table("insert /* */ into \"a.b\".\"C\"\"d\" (a) OVERRIDING SYSTEM VALUE VALUES (1)") == ["a.b", "C\"d"]
        )
        #expect(table("INSERT VALUES (1)") == [])
        #expect(StatementWords.createdTable(Array("CREATE TABLE a.b (c int)".utf8)) == ["a", "b"])
        #expect(table("COPY t FROM stdin") == [])
        #expect(table("") == [])
    }
}
