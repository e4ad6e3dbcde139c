import Testing

@testable import Storage

/// Addresses of objects and of servers.
@Suite struct AddressTests {
    @Test(arguments: [
        ("s3://b/", "b", "", true), ("s3://b", "b", "", true), ("S3://bucket/shop/", "bucket", "shop/", true),
        ("s3://bucket/a/b c+ö.zip", "bucket", "a/b c+ö.zip", false),
        ("s3://bucket//x/../y", "bucket", "/x/../y", false),
        ("s3://tenant:bucket/x", "tenant:bucket", "x", false),
    ]) func anAddressHasABucketAndAKey(_ text: String, _ bucket: String, _ key: String, _ isFolder: Bool) throws {
        let address = try ObjectAddress(text)
        #expect(address.bucket == bucket && address.key == key && address.isFolder == isFolder)
    }

    @Test(arguments: ["s3://", "s3:///key", "s3://.b/x", "s3://a@b/x", "s3://b?x/y", "s3://b/\u{1}", "s3:/b/x"])
    func anInvalidAddressIsRefusedWithTheForm(_ text: String) {
        let error = storageError { _ = try ObjectAddress(text) }
        #expect(error?.code == .address && error?.exitStatus == .usage)
        #expect(error?.hint?.isEmpty == false)
    }

    @Test func theNameAndTheFolderOfAnObject() throws {
        let address = try ObjectAddress("s3://b/x/y/a.zip")
        #expect(address.name == "a.zip")
        #expect(address.parent.description == "s3://b/x/y/")
        #expect(try ObjectAddress("s3://b/a.zip").parent.description == "s3://b/")
        #expect(try ObjectAddress("s3://b/x").folder.description == "s3://b/x/")
    }

    @Test(arguments: [
        ("https://s3.example.com", "s3.example.com"), ("http://127.0.0.1:9000/x", "127.0.0.1:9000"),
        ("https://h:443", "h"), ("http://h:80/", "h"), ("https://[::1]:9000", "[::1]:9000"),
    ]) func aServerIsNamedWithoutItsUsualPort(_ text: String, _ authority: String) {
        #expect(WebAddress(text)?.authority == authority)
    }

    @Test(arguments: [
        "ftp://h", "https://", "https://u:p@h", "https://h?x", "https://h:0", "https://h:99999", "https://h h",
        "file:///x",
        "https://h:80x",
    ]) func otherURLsAreNoServers(_ text: String) { #expect(WebAddress(text) == nil) }

    @Test(
        arguments: [
            ([:], nil, "shop", "https://shop.s3.us-east-1.amazonaws.com/a%20b"),
            (["AWS_REGION": "eu-west-1"], nil, "shop", "https://shop.s3.eu-west-1.amazonaws.com/a%20b"),
            (["AWS_REGION": "cn-north-1"], nil, "shop", "https://shop.s3.cn-north-1.amazonaws.com.cn/a%20b"),
            ([:], nil, "shop.example", "https://s3.us-east-1.amazonaws.com/shop.example/a%20b"),
            (["AWS_ENDPOINT_URL": "https://h:9000"], nil, "shop", "https://h:9000/shop/a%20b"),
            (
                ["AWS_ENDPOINT_URL": "https://h", "AWS_ENDPOINT_URL_S3": "https://s3/root/"], nil, "shop",
                "https://s3/root/shop/a%20b"
            ),
            (["AWS_ENDPOINT_URL": "https://h"], .virtual, "shop", "https://shop.h/a%20b"),
            ([:], .path, "shop", "https://s3.us-east-1.amazonaws.com/shop/a%20b"),
        ] as [([String: String], StoreSettings.Style?, String, String)]
    )
    func aRequestNamesTheBucketInItsHostOrItsPath(
        _ variables: [String: String],
        _ style: StoreSettings.Style?,
        _ bucket: String,
        _ url: String
    ) throws {
        var settings = StoreSettings(variables: variables.merging(Self.noFiles) { own, _ in own })
        settings.style = style
        let (server, path) = try StoreServer(bucket, settings, AWSProfiles(settings)).place(of: "a b")
        #expect("\(server)\(path)" == url)
    }

    static let noFiles = ["AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"]

    @Test func plainHTTPIsOnlyForThisMachineUnlessItIsAllowed() throws {
        func server(_ endpoint: String, isAllowed: Bool = false) throws {
            var settings = StoreSettings(variables: Self.noFiles)
            (settings.endpoint, settings.allowsPlainHTTP) = (endpoint, isAllowed)
            _ = try StoreServer("b", settings, AWSProfiles(settings))
        }
        for own in ["http://127.0.0.1:1", "http://localhost", "http://[::1]:2", "https://example.com"] {
            try server(own)
        }
        for other in ["http://example.com", "http://10.0.0.1", "http://127.0.0.1.example.com"] {
            let error = storageError { try server(other) }
            #expect(error?.code == .insecure && error?.exitStatus == .refused)
            #expect(error?.hint?.contains("--s3-insecure") == true)
            try server(other, isAllowed: true)
        }
    }
}
