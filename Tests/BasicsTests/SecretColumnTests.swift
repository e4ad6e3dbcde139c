import Testing

@testable import Basics

@Suite struct SecretColumnTests {
    @Test(arguments: [
        ("password", true), ("user_password", true), ("API_KEY", true), ("passwords", false), ("tokenizer", false),
        ("mytoken", false), ("", false),
    ])
    func theEndOfANameSaysThatItHoldsSecrets(name: String, isSecret: Bool) {
        #expect(SecretColumn.isMeant(by: name) == isSecret)
    }

    @Test func aTextNamesSuchAColumnAsAWord() {
        #expect(SecretColumn.isNamed(in: "UPDATE t SET reset_token='x'"))
        #expect(!SecretColumn.isNamed(in: "UPDATE t SET tokens = 1"))
    }
}
