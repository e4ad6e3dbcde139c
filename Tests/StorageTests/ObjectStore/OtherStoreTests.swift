import TestSupport
import Testing

@testable import Storage

/// Other servers than SeaweedFS.
@Suite struct OtherStoreTests {
    private static let hasMoto = shell("command -v moto_server").status == 0
    private static let hasTLS = shell("command -v openssl && python3 -c 'import ssl, http.server'").status == 0

    private static func settings(_ endpoint: String) -> StoreSettings {
        var settings = StoreSettings(variables: AddressTests.noFiles)
        settings.variables["AWS_ACCESS_KEY_ID"] = "a"
        settings.variables["AWS_SECRET_ACCESS_KEY"] = "b"
        settings.endpoint = endpoint
        return settings
    }

    /// moto plays Amazon's store for tests of Python programs.
    private static func withMoto(_ body: (ObjectStores) async throws -> Void) async throws {
        try await ScratchFolder.with { folder in
            let port = try ObjectStore.freePorts(1)[0]
            let server = try LeashedServer("exec moto_server -H 127.0.0.1 -p \(port)", folder: folder.path)
            let stores = ObjectStores(settings("http://127.0.0.1:\(port)"))
            let bucket = try stores.bucket("shop")
            try await eventually { (try? bucket.replace("", [])) != nil }
            try await body(stores)
            withExtendedLifetime(server) {}
        }
    }

    /// It does not count another checksum than MD5.
    @Test(.enabled(if: hasMoto, "moto, which is a package of PyPI, is not installed"))
    func motoLocksObjects() async throws {
        try await Self.withMoto { stores in
            try stores.bucket("locked").replace("", [], headers: [("x-amz-bucket-object-lock-enabled", "true")])
            var settings = UploadSettings()
            settings.partBytes = 5 << 20
            settings.retention = UploadSettings.Retention(mode: .compliance, until: UTCTime.now + 7 * 24 * 3600)
            for count in [100, 6_000_000] {
                let sink = try ObjectSink(ObjectAddress(bucket: "locked", key: "\(count)"), in: stores, settings)
                try write(count, to: sink)
                try sink.commit()
                try expectPattern(try stores.open("s3://locked/\(count)"), count)
            }
            let sink = try ObjectSink(ObjectAddress(bucket: "shop", key: "x"), in: stores, settings)
            let error = storageError { try sink.commit() }
            #expect(error?.hint?.contains("a bucket with Object Lock") == true, "\(String(describing: error))")
        }
    }

    @Test(.enabled(if: hasMoto, "moto, which is a package of PyPI, is not installed"))
    func motoKeepsObjectsWhole() async throws {
        try await Self.withMoto { stores in
            let bucket = try stores.bucket("shop")
            var parts = UploadSettings()
            parts.partBytes = 5 << 20
            for count in [0, 100, 12_000_000] {
                let address = ObjectAddress(bucket: "shop", key: "a b/\(count).zip")
                let sink = try ObjectSink(address, in: stores, parts)
                try write(count, to: sink)
                try sink.commit()
                try expectPattern(try stores.open(address.description), count)
                #expect(storageError { _ = try ObjectSink(address, in: stores, parts) }?.code == .exists)
            }
            try #expect(bucket.objects(in: "a b/").count == 4)
            try #expect(bucket.uploads(prefix: "").isEmpty)
            let given = try ObjectSink(ObjectAddress(bucket: "shop", key: "given up"), in: stores, parts)
            try write(6_000_000, to: given)
            let upload = try #require(try bucket.uploads(prefix: "given").first)
            try await eventually { (try? bucket.newestPart(of: upload)) != nil }
            given.discard()
            try #expect(bucket.uploads(prefix: "").isEmpty)
        }
    }

    /// A certificate that nobody has signed is refused, unless AWS_CA_BUNDLE names it.
    @Test(.enabled(if: hasTLS, "openssl or Python is not installed"))
    func certificatesAreChecked() async throws {
        try await ScratchFolder.with { folder in
            let port = try ObjectStore.freePorts(1)[0]
            let made = shell(
                """
                openssl req -x509 -newkey rsa:2048 -nodes -keyout '\(folder.file("key.pem"))' -out '\(folder.file("cert.pem"))' \
                -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost
                """
            )
            try #require(made.status == 0, "\(made.output)")
            try folder.write(
                """
                import http.server, ssl
                class Store(http.server.BaseHTTPRequestHandler):
                    def do_GET(self):
                        body = b'<ListBucketResult></ListBucketResult>'
                        self.send_response(200)
                        self.send_header('Content-Length', str(len(body)))
                        self.end_headers()
                        self.wfile.write(body)
                server = http.server.HTTPServer(('127.0.0.1', \(port)), Store)
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain('cert.pem', 'key.pem')
                server.socket = context.wrap_socket(server.socket, server_side=True)
                server.serve_forever()
                """,
                to: "server.py"
            )
            let server = try LeashedServer("exec python3 server.py", folder: folder.path)
            var settings = Self.settings("https://localhost:\(port)")
            settings.variables["AWS_CA_BUNDLE"] = folder.file("cert.pem")
            let trusting = try ObjectStores(settings).bucket("b")
            try await eventually { (try? trusting.objects(in: "")) != nil }
            let error = storageError {
                _ = try ObjectStores(Self.settings("https://localhost:\(port)")).bucket("b").objects(in: "")
            }
            #expect(error?.code == .unreachable && error?.hint?.contains("AWS_CA_BUNDLE") == true)
            withExtendedLifetime(server) {}
        }
    }
}
