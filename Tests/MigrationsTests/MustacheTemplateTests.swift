import Testing

@testable import Migrations

@Suite struct MustacheTemplateTests {
    private static let values: [String: MustacheTemplate.Value] = [
        "name": .text("orders"), "quoted": .text("<\"a\" & 'b'>"), "yes": .flag(true), "no": .flag(false),
        "columns": .list(["a", "b"]), "none": .list([]), "empty": .text(""),
    ]

    /// The examples follow the specification of Mustache.
    @Test(arguments: [
        ("plain", "plain"),
        ("{{name}}, {{ name }}, {{{name}}}, {{&name}}", "orders, orders, orders, orders"),
        // Nothing is escaped, because the output is not HTML.
        ("{{quoted}}", "<\"a\" & 'b'>"),
        ("[{{missing}}]", "[]"),
        ("{{#yes}}y{{/yes}}{{#no}}n{{/no}}{{^yes}}Y{{/yes}}{{^no}}N{{/no}}", "yN"),
        ("{{#columns}}<{{.}} of {{name}}>{{/columns}}", "<a of orders><b of orders>"),
        ("{{#none}}x{{/none}}{{^none}}no columns{{/none}}", "no columns"),
        ("{{#missing}}x{{/missing}}{{^missing}}missing{{/missing}}", "missing"),
        ("{{#name}}table {{.}}{{/name}}", "table orders"),
        ("{{#yes}}{{#columns}}{{#yes}}{{.}}{{/yes}}{{/columns}}{{/yes}}", "ab"),
        ("a{{! a comment\nover lines }}b", "ab"),
        ("{{=<% %>=}}<% name %> {{name}} <%={{ }}=%>{{name}}", "orders {{name}} orders"),
    ]) func renderingFollowsTheSpecification(_ template: String, _ text: String) throws {
        #expect(try MustacheTemplate(template).render(Self.values) == text)
    }

    @Test(arguments: [
        ("a\n{{#yes}}\nb\n{{/yes}}\nc\n", "a\nb\nc\n"),
        ("a\n  {{#yes}}  \nb\n\t{{/yes}}\nc", "a\nb\nc"),
        ("a\r\n{{#yes}}\r\nb\r\n{{/yes}}\r\nc", "a\r\nb\r\nc"),
        ("{{#yes}}\nb\n{{/yes}}", "b\n"),
        ("a\n{{! comment }}\nb", "a\nb"),
        ("a {{#yes}}\nb {{/yes}}", "a \nb "),
        // A variable is written in place, even alone on its line.
        ("a\n  {{name}}\nb", "a\n  orders\nb"),
        // With two tags on a line, neither is alone.
        ("{{#yes}}{{/yes}}\nb", "\nb"),
    ]) func aTagAloneOnItsLineTakesTheLineAlong(_ template: String, _ text: String) throws {
        #expect(try MustacheTemplate(template).render(Self.values) == text)
    }

    @Test(arguments: [
        ("a\n{{#open}}\nb", 2, "{{#open}} is not closed"),
        ("a\n\n{{/name}}", 3, "{{/name}} closes nothing"),
        ("{{#yes}}\n{{/no}}", 2, "{{/no}} closes {{#yes}} of line 1"),
        ("{{name", 1, "a tag is not closed with }}"),
        ("{{{name}}", 1, "a tag is not closed with }}}"),
        ("{{}}", 1, "a tag holds one name, and this one is \"\""),
        ("{{a b}}", 1, "a tag holds one name, and this one is \"a b\""),
        ("x\n{{>other}}", 2, "{{>other}}: templates do not include others"),
        ("{{=<%=}}", 1, "two delimiters are expected between {{= and =}}"),
    ]) func anInvalidTemplateIsRefusedWithItsLine(_ template: String, _ line: Int, _ message: String) {
        let problem = #expect(throws: MustacheTemplate.Problem.self) { try MustacheTemplate(template) }
        #expect(problem?.line == line)
        #expect(problem?.message == message)
    }
}
