import Testing

@testable import Storage

/// The answers of object stores.
@Suite struct XMLElementTests {
    @Test func anAnswerIsRead() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <!-- from the store -->
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
              <Contents><Key>a&amp;b &#60;&#x26; c</Key><ETag>&quot;x&quot;</ETag><Size>5</Size></Contents>
              <Contents><Key><![CDATA[<raw> & ]]></Key><Owner/></Contents>
              <s3:Prefix a="1>2"></s3:Prefix>
            </ListBucketResult>

            """
        let root = try #require(XMLElement(Array(text.utf8)))
        #expect(root.name == "ListBucketResult")
        #expect(root["Name"]?.text == "b")
        #expect(root.all("Contents").map { $0["Key"]?.text } == ["a&b <& c", "<raw> & "])
        #expect(root["Contents"]?["ETag"]?.text == "\"x\"")
        #expect(root["Prefix"]?.text == "")
        #expect(root.all("Contents")[1]["Owner"] == XMLElement(name: "Owner"))
    }

    @Test(arguments: [
        "", " ", "text", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "</a>", "<a", "<a>&unknown;</a>", "<a>&#1114112;</a>",
        "<a>&amp</a>", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a><![CDATA[x</a>", "<a><!-- x</a>", "<1a/ ",
        "< a/>",
        "<a>\u{FFFD}", "<a b='></a>",
    ]) func whatIsNoWholeDocumentIsRefused(_ text: String) { #expect(XMLElement(Array(text.utf8)) == nil) }

    @Test func bytesThatAreNotUTF8AreRefused() {
        #expect(XMLElement(Array("<a>".utf8) + [0xFF] + Array("</a>".utf8)) == nil)
    }

    @Test func depthIsLimited() {
        let deep = String(repeating: "<a>", count: 100_000)
        #expect(XMLElement(Array(deep.utf8)) == nil)
        let fair = String(repeating: "<a>", count: 30) + String(repeating: "</a>", count: 30)
        #expect(XMLElement(Array(fair.utf8)) != nil)
    }

    /// Eight million elements would fit into an answer, and take a gigabyte of memory.
    @Test func theNumberOfElementsIsLimited() {
        func document(_ count: Int) -> [UInt8] {
            Array("<a>".utf8) + Array(String(repeating: "<b/>", count: count).utf8) + Array("</a>".utf8)
        }
        #expect(XMLElement(document(90_000))?.children.count == 90_000)
        #expect(XMLElement(document(100_000)) == nil)
    }
}
