package import Storage
import Synchronization

/// An object store in this process, whose objects are texts. It knows conditions and lists, but no credentials.
package final class TextStore: Sendable {
    package struct Object: Sendable {
        package var text: String
        package var etag: String

        package init(_ text: String, etag: String) { (self.text, self.etag) = (text, etag) }
    }

    package static let bucket = "shop"
    private let shelf = Shelf()
    private let proxy: HTTPProxy

    /// - Parameter deed: What happens to a request instead; nil for the usual.
    package init(instead deed: @escaping @Sendable (HTTPProxy.Request) -> HTTPProxy.Deed? = { _ in nil }) throws {
        let shelf = shelf
        proxy = try HTTPProxy(before: 0) { request, number in deed(request) ?? shelf.answer(request, number) }
    }

    package subscript(_ key: String) -> Object? {
        get { shelf.objects.withLock { $0[key] } }
        set { shelf.objects.withLock { $0[key] = newValue } }
    }

    package var requests: [HTTPProxy.Request] { proxy.requests }

    package var settings: StoreSettings {
        var settings = StoreSettings(variables: [
            "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
        ])
        settings.endpoint = proxy.endpoint
        return settings
    }

    package var stores: ObjectStores { ObjectStores(settings) }
}

private final class Shelf: Sendable {
    let objects = Mutex<[String: TextStore.Object]>([:])

    func answer(_ request: HTTPProxy.Request, _ number: Int) -> HTTPProxy.Deed {
        let parts = request.target.split(separator: "?", maxSplits: 1)
        let key = String(parts[0].dropFirst(TextStore.bucket.count + 2))
        return objects.withLock { objects in
            guard !key.isEmpty else { return .answer(200, body: Self.list(objects)) }
            let found = objects[key]
            if let etag = request.headers["if-match"], found != nil, etag != found.map({ "\"\($0.etag)\"" }) {
                return .answer(412)
            }
            if request.headers["if-none-match"] != nil, found != nil { return .answer(412) }
            switch request.method {
            case "PUT":
                let etag = "put-\(number)"
                objects[key] = .init(String(decoding: request.body, as: UTF8.self), etag: etag)
                return .answer(200, headers: ["ETag": "\"\(etag)\""])
            case "DELETE":
                objects[key] = nil
                return .answer(204)
            default:
                return found.map { Self.content($0, request) } ?? .answer(404)
            }
        }
    }

    private static func content(_ object: TextStore.Object, _ request: HTTPProxy.Request) -> HTTPProxy.Deed {
        let headers = ["ETag": "\"\(object.etag)\"", "Last-Modified": "Mon, 23 Nov 2026 07:15:00 GMT"]
        if request.method == "HEAD" {
            let length = ["Content-Length": String(object.text.utf8.count)]
            return .answer(200, headers: headers.merging(length) { $1 })
        }
        guard
            let range = request.headers["range"]?.dropFirst("bytes=".count).split(separator: "-").compactMap({ Int($0) }
            ),
            range.count == 2, range[0] <= range[1], range[1] < object.text.utf8.count
        else { return .answer(200, headers: headers, body: object.text) }
        let bytes = Array(object.text.utf8)[range[0]...range[1]]
        let place = ["Content-Range": "bytes \(range[0])-\(range[1])/\(object.text.utf8.count)"]
        return .answer(206, headers: headers.merging(place) { $1 }, body: String(decoding: bytes, as: UTF8.self))
    }

    private static func list(_ objects: [String: TextStore.Object]) -> String {
        let entries = objects.map { key, object in
            """
            <Contents><Key>\(key)</Key><Size>\(object.text.utf8.count)</Size><ETag>&quot;\(object.etag)&quot;</ETag>\
            <LastModified>2026-11-23T07:15:00.000Z</LastModified></Contents>
            """
        }
        return "<ListBucketResult>\(entries.joined())</ListBucketResult>"
    }
}
