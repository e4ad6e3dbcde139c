import TestSupport
import Testing

@testable import Storage

/// Version 4 of Amazon's signatures.
@Suite struct SignatureTests {
    /// Amazon's published examples.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
    @Test(
        arguments: [
            (
                "GET", "/test.txt", [], [("range", "bytes=0-9")], "",
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ),
            (
                "PUT", "/test$file.text", [],
                [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                "Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            ),
            (
                "GET", "/", [("lifecycle", "")], [], "",
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
            ),
            (
                "GET", "/", [("prefix", "J"), ("max-keys", "2")], [], "",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ),
        ] as [(String, String, [(String, String)], [(String, String)], String, String)]
    )
    func publishedExamplesHaveTheirSignatures(
        _ method: String,
        _ path: String,
        _ query: [(String, String)],
        _ headers: [(String, String)],
        _ body: String,
        _ signature: String
    ) {
        let signer = RequestSigner(
            credentials: AccessKey(id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1"
        )
        let request = UnsignedRequest(
            method: method,
            server: WebAddress(host: "examplebucket.s3.amazonaws.com"),
            path: PercentEncoding.text(path, keepsSlashes: true),
            query: query.map { (name: $0.0, value: $0.1) },
            headers: headers.map { (name: $0.0, value: $0.1) },
            bodyDigest: sha256(body)
        )
        let signed = signer.headers(of: request, at: 1_369_353_600)
        #expect(signed.first { $0.name == "authorization" }?.value.hasSuffix("Signature=\(signature)") == true)
    }

    /// botocore is Amazon's own implementation. Keys, queries, headers and tokens are drawn at random.
    @Test(.enabled(if: Botocore.isInstalled, "botocore, which is a package of PyPI, is not installed"))
    func randomRequestsAreSignedAsBotocoreSignsThem() async throws {
        var random = SeededRandom(seed: 7)
        let requests = (0..<300).map { _ in RandomRequest(&random) }
        let theirs = try await Botocore.signatures(of: requests)
        for (request, expected) in zip(requests, theirs) {
            let own = request.signed.first { $0.name == "authorization" }?.value
            #expect(own?.hasSuffix("Signature=\(expected)") == true, "\(request)")
        }
    }

    @Test func credentialsAreNotPrinted() {
        let key = AccessKey(id: "AKIA", secret: "very secret", sessionToken: "token")
        #expect("\(key)" == "credentials")
        #expect(String(reflecting: key) == "credentials")
    }
}

private func sha256(_ text: String) -> String {
    shell("printf '%s' '\(text)' | sha256sum").output.prefix(64).description
}

private struct RandomRequest {
    var method: String
    var path: String
    var query: [(name: String, value: String)]
    var headers: [(name: String, value: String)]
    var token: String?

    init(_ random: inout SeededRandom) {
        let alphabet = Array("abcXYZ019-._~/ +&=%?#@:,;!$'()*[]äß漢🌾")
        func text(_ most: Int) -> String {
            String((0..<Int.random(in: 1...most, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
        }
        method = ["GET", "PUT", "POST", "DELETE", "HEAD"].randomElement(using: &random)!
        path = "/" + text(30)
        query = (0..<Int.random(in: 0...4, using: &random)).map { index in
            (name: "\(text(6))\(index)", value: Bool.random(using: &random) ? text(8) : "")
        }
        headers = (0..<Int.random(in: 0...3, using: &random)).map { index in
            (name: "x-amz-meta-\(index)", value: ["a", "a b", "a  b", "1;2"].randomElement(using: &random)!)
        }
        token = Bool.random(using: &random) ? "the token" : nil
    }

    private var unsigned: UnsignedRequest {
        UnsignedRequest(
            method: method,
            server: WebAddress(host: "127.0.0.1", port: 8333),
            path: PercentEncoding.text(path, keepsSlashes: true),
            query: query,
            headers: headers,
            bodyDigest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        )
    }

    var url: String { "https" + unsigned.url.dropFirst(5) }

    var signed: [(name: String, value: String)] {
        RequestSigner(credentials: AccessKey(id: "id", secret: "secret", sessionToken: token), region: "eu-central-1")
            .headers(of: unsigned, at: 1_700_000_000)
    }
}

private enum Botocore {
    static let isInstalled = shell("python3 -c 'import botocore.auth'").status == 0

    static func signatures(of requests: [RandomRequest]) async throws -> [String] {
        let lines = requests.map { request in
            let headers = request.headers.map { "\($0.name)\t\($0.value)" }.joined(separator: "\t")
            return [request.method, request.url, request.token ?? "", headers].joined(separator: "\n")
        }
        let script = """
            import sys, datetime
            import botocore.auth, botocore.awsrequest, botocore.credentials
            moment = datetime.datetime(2023, 11, 14, 22, 13, 20)
            class Clock(datetime.datetime):
                @classmethod
                def utcnow(cls): return moment
                @classmethod
                def now(cls, tz=None): return moment.replace(tzinfo=tz)
            class Module: datetime = Clock
            if hasattr(botocore.auth, 'get_current_datetime'):
                botocore.auth.get_current_datetime = lambda *a, **k: moment
            else:
                botocore.auth.datetime = Module
            for record in sys.stdin.buffer.read().decode().split('\\0'):
                method, url, token, headers = record.split('\\n')
                fields = headers.split('\\t') if headers else []
                request = botocore.awsrequest.AWSRequest(method=method, url=url, data=b'', headers=dict(zip(fields[::2], fields[1::2])))
                credentials = botocore.credentials.Credentials('id', 'secret', token or None)
                botocore.auth.S3SigV4Auth(credentials, 's3', 'eu-central-1').add_auth(request)
                print(request.headers['Authorization'].split('Signature=')[1])
            """
        let outcome = try await runCommand(
            "python3",
            ["-c", script],
            input: Array(lines.joined(separator: "\0").utf8)
        )
        guard outcome.status == 0 else { throw CommandFailure(description: "\(outcome)") }
        return outcome.stdout.split(separator: "\n").map(String.init)
    }
}
