import TestSupport
import Testing

@testable import Storage

/// Lists of stores that do not answer what was asked.
@Suite struct ListingTests {
    /// A bucket of a store that answers every list with this document.
    private func bucket(_ document: String) throws -> (Bucket, TextStore) {
        let store = try TextStore { _ in .answer(200, body: document) }
        return (try store.stores.bucket(TextStore.bucket), store)
    }

    private func list(_ keys: [String], _ more: String = "") -> String {
        let entries = keys.map { "<Contents><Key>\($0)</Key><Size>1</Size><ETag>e</ETag></Contents>" }
        return "<ListBucketResult>\(more)\(entries.joined())</ListBucketResult>"
    }

    @Test func keysAreDecodedOnlyIfTheStoreHasEncodedThem() throws {
        let keys = ["shop/a+b.zip", "shop/a%20b.zip"]
        let (plain, _) = try bucket(list(keys))
        try #expect(plain.objects(in: "shop/").map(\.key) == ["shop/a%20b.zip", "shop/a+b.zip"])
        let (encoded, _) = try bucket(list(keys, "<EncodingType>url</EncodingType>"))
        try #expect(encoded.objects(in: "shop/").map(\.key) == ["shop/a b.zip", "shop/a b.zip"])
    }

    /// Otherwise backups of other folders would be counted, and deleted.
    @Test func keysOfOtherFoldersAreLeftOut() throws {
        let (bucket, _) = try bucket(list(["shop/a.zip", "shop/old/b.zip", "other/c.zip", "shop", "shop/"]))
        try #expect(bucket.objects(in: "shop/").map(\.key) == ["shop/a.zip"])
    }

    @Test(arguments: ["<NextContinuationToken>again</NextContinuationToken>", ""])
    func aListThatDoesNotGoOnIsAnError(_ token: String) throws {
        let (bucket, store) = try bucket(list(["shop/a.zip"], "<IsTruncated>true</IsTruncated>\(token)"))
        let error = storageError { _ = try bucket.objects(in: "shop/") }
        #expect(
            error?.code == .store && error?.message.contains("does not go on") == true,
            "\(String(describing: error))"
        )
        #expect(store.requests.count <= 2)
    }

    @Test func uploadsThatDoNotGoOnAreAnError() throws {
        let (bucket, store) = try bucket(
            """
            <ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>\
            <NextUploadIdMarker>1</NextUploadIdMarker></ListMultipartUploadsResult>
            """
        )
        #expect(storageError { _ = try bucket.uploads(prefix: "") }?.code == .store)
        #expect(store.requests.count == 2)
    }

    @Test func uploadsOfOtherFoldersAreLeftOut() throws {
        let uploads = ["shop/a.zip", "other/b.zip"].map { "<Upload><Key>\($0)</Key><UploadId>1</UploadId></Upload>" }
        let (bucket, _) = try bucket("<ListMultipartUploadsResult>\(uploads.joined())</ListMultipartUploadsResult>")
        try #expect(bucket.uploads(prefix: "shop/").map(\.key) == ["shop/a.zip"])
    }

    @Test func sizesBelowNothingAreLeftOut() throws {
        let (bucket, _) = try bucket(
            "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>"
        )
        try #expect(bucket.objects(in: "").isEmpty)
    }
}
