import Glibc
import TestSupport
import Testing

@testable import Storage

/// Where credentials are found, and in which order. Servers of Amazon are played by a local one.
@Suite struct CredentialTests {
    private static let template = """
        {"Code": "Success", "AccessKeyId": "%", "SecretAccessKey": "s", "Token": "t", "Expiration": "2999-01-01T00:00:00Z"}
        """

    private static func document(_ id: String) -> String { template.replacing("%", with: id) }

    /// An environment without any credentials.
    private static func bare(_ folder: ScratchFolder) -> [String: String] {
        [
            "AWS_CONFIG_FILE": folder.file("config"), "AWS_SHARED_CREDENTIALS_FILE": folder.file("credentials"),
            "AWS_EC2_METADATA_DISABLED": "true", "HOME": folder.path,
        ]
    }

    private static func chain(_ variables: [String: String]) -> CredentialChain {
        let settings = StoreSettings(variables: variables)
        return CredentialChain(settings: settings, profiles: AWSProfiles(settings), client: HTTPClient())
    }

    private static func key(_ variables: [String: String]) throws -> AccessKey { try chain(variables).find() }

    /// Plays the token service, a container and the metadata of an instance.
    private static func server() throws -> HTTPProxy {
        try HTTPProxy(before: 0) { request, _ in
            switch (request.method, request.target) {
            case ("POST", "/"):
                let body = String(decoding: request.body, as: UTF8.self)
                guard body.contains("WebIdentityToken=the%2Btoken"),
                    body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole")
                else {
                    return .answer(403, body: "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")
                }
                return .answer(
                    200,
                    body: """
                        <AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
                        <AccessKeyId>of-the-identity</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                        <SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>\
                        </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
                        """
                )
            case ("GET", "/container"):
                guard request.headers["authorization"] == "Bearer x" else { return .answer(401) }
                return .answer(200, body: document("of-the-container"))
            case ("PUT", "/latest/api/token"):
                guard request.headers["x-aws-ec2-metadata-token-ttl-seconds"] != nil else { return .answer(400) }
                return .answer(200, body: "proof")
            case ("GET", let path) where request.headers["x-aws-ec2-metadata-token"] == "proof":
                let folder = "/latest/meta-data/iam/security-credentials/"
                if path == folder { return .answer(200, body: "role\n") }
                return path == folder + "role" ? .answer(200, body: document("of-the-machine")) : .answer(404)
            default: return .answer(404)
            }
        }
    }

    /// Everything is configured; then the first is taken away, and so on.
    @Test func theFirstConfiguredPlaceCounts() async throws {
        let server = try Self.server()
        try await ScratchFolder.with { folder in
            try folder.write("the+token\n", to: "token")
            try folder.write(
                "[default]\naws_access_key_id = of-the-profile\naws_secret_access_key = s\n",
                to: "credentials"
            )
            var variables = Self.bare(folder)
            variables["AWS_EC2_METADATA_DISABLED"] = nil
            variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server.endpoint
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.endpoint + "/container"
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "Bearer x"
            variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = folder.file("token")
            variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role"
            variables["AWS_ENDPOINT_URL_STS"] = server.endpoint
            variables["AWS_ACCESS_KEY_ID"] = "of-the-variables"
            variables["AWS_SECRET_ACCESS_KEY"] = "s"
            variables["AWS_SESSION_TOKEN"] = "t"
            try #expect(Self.key(variables) == AccessKey(id: "of-the-variables", secret: "s", sessionToken: "t"))
            variables["AWS_ACCESS_KEY_ID"] = nil
            let identity = try Self.key(variables)
            #expect(identity.id == "of-the-identity" && identity.sessionToken == "t")
            #expect(identity.expires == 32_472_144_000)
            variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = nil
            try #expect(Self.key(variables).id == "of-the-profile")
            try #require(unlink(folder.file("credentials")) == 0)
            try #expect(Self.key(variables).id == "of-the-container")
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = nil
            try #expect(Self.key(variables).id == "of-the-machine")
        }
    }

    @Test func withoutCredentialsTheMessageTellsWhatWasSearched() async throws {
        try await ScratchFolder.with { folder in
            let error = storageError { _ = try Self.key(Self.bare(folder)) }
            #expect(error?.code == .noCredentials && error?.exitStatus == .noConnection)
            let hint = error?.hint ?? ""
            for place in [
                "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "profile default", folder.file("config"),
                "instance",
            ] {
                #expect(hint.contains(place), "\(place)")
            }
        }
    }

    @Test func theProfileIsThatOfTheVariable() async throws {
        try await ScratchFolder.with { folder in
            try folder.write(
                """
                # a comment
                [default]
                aws_access_key_id=wrong
                aws_secret_access_key=wrong
                [ work ]
                aws_access_key_id = right
                aws_secret_access_key = a=b c
                """,
                to: "credentials"
            )
            try folder.write(
                """
                [profile work]
                region = eu-north-1
                s3 =
                  addressing_style = path
                  region = nested
                endpoint_url = https://store.example.com
                [profile other]
                region = us-west-1
                """,
                to: "config"
            )
            var variables = Self.bare(folder)
            variables["AWS_PROFILE"] = "work"
            try #expect(Self.key(variables) == AccessKey(id: "right", secret: "a=b c"))
            let settings = StoreSettings(variables: variables)
            let server = try StoreServer("b", settings, AWSProfiles(settings))
            #expect(server.region == "eu-north-1" && server.name == "store.example.com")
            variables["AWS_PROFILE"] = "missing"
            #expect(storageError { _ = try Self.key(variables) }?.message == "there is no profile missing")
        }
    }

    @Test func aCommandOfTheProfilePrintsCredentials() async throws {
        try await ScratchFolder.with { folder in
            try folder.write(Self.document("of-the-command"), to: "keys.json")
            try folder.write("[default]\ncredential_process = cat '\(folder.file("keys.json"))'\n", to: "config")
            try #expect(Self.key(Self.bare(folder)).id == "of-the-command")
            try folder.write("[default]\ncredential_process = echo secret; exit 3\n", to: "config2")
            var variables = Self.bare(folder)
            variables["AWS_CONFIG_FILE"] = folder.file("config2")
            let error = storageError { _ = try Self.key(variables) }
            #expect(error?.message.hasSuffix("it failed with status 3") == true)
            #expect(error?.message.contains("secret") == false)
        }
    }

    /// It would hold the upload, and the locks of the database with it.
    @Test func aCommandOfTheProfileThatHangsEnds() async throws {
        let overdue = CredentialProcess(command: "exec sleep 1000", profile: "p", wake: -1, limit: .milliseconds(300))
        let error = storageError { _ = try overdue.key() }
        #expect(error?.message.contains("it did not end within") == true, "\(String(describing: error))")
        let silent = CredentialProcess(
            command: "exec sleep 1000 >/dev/null",
            profile: "p",
            wake: -1,
            limit: .milliseconds(300)
        )
        #expect(storageError { _ = try silent.key() }?.message.contains("it did not end within") == true)
        var ends: [CInt] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        #expect(write(ends[1], "x", 1) == 1)
        let interrupted = CredentialProcess(command: "exec sleep 1000", profile: "p", wake: ends[0])
        #expect(throws: CancellationError.self) { try interrupted.key() }
    }

    /// Standard input may be the dump that is restored.
    @Test func aCommandOfTheProfileReadsNothing() throws {
        let command = "cat >&2; printf '%s' '\(Self.document("k"))'"
        try #expect(CredentialProcess(command: command, profile: "p", wake: -1).key().id == "k")
    }

    /// A helper that keeps what it has fetched may have nothing newer.
    @Test func aPlaceThatHasNothingBetterIsNotAskedForEachRequest() async throws {
        let soon = UTCTime.extended(UTCTime.now + 250)
        let server = try HTTPProxy(before: 0) { _, _ in
            .answer(200, body: "{\"AccessKeyId\": \"k\", \"SecretAccessKey\": \"s\", \"Expiration\": \"\(soon)\"}")
        }
        try await ScratchFolder.with { folder in
            var variables = Self.bare(folder)
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.endpoint + "/"
            let keeper = CredentialKeeper(Self.chain(variables))
            for _ in 0..<10 { try #expect(keeper.current().id == "k") }
            #expect(server.requests.count == 2)
        }
    }

    /// Else the next place would be asked, and the backup be written by somebody else.
    @Test func theAddressOfAContainerMayHaveAQuery() async throws {
        func url(_ variables: [String: String]) throws -> String? {
            try ContainerCredentials(StoreSettings(variables: variables), HTTPClient()).url()
        }
        let relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
        try #expect(url([relative: "/v2/x?id=1&a=b"]) == "http://169.254.170.2/v2/x?id=1&a=b")
        try #expect(url([relative: "v2/x"]) == "http://169.254.170.2/v2/x")
        for wrong in ["/a b", "/x?y#z", "/ä", "@example.com/x"] {
            #expect(storageError { _ = try url([relative: wrong]) }?.code == .noCredentials, "\(wrong)")
        }
        let server = try HTTPProxy(before: 0) { request, _ in
            request.target == "/x?id=1" ? .answer(200, body: Self.document("k")) : .answer(404)
        }
        try await ScratchFolder.with { folder in
            var variables = Self.bare(folder)
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.endpoint + "/x?id=1"
            try #expect(Self.key(variables).id == "k")
        }
    }

    @Test(arguments: [("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"), ("eu-west-1", "sts.eu-west-1.amazonaws.com")])
    func theTokenServiceIsThatOfTheRegion(_ region: String, _ host: String) {
        let settings = StoreSettings(variables: ["AWS_REGION": region])
        #expect(WebIdentity(settings, AWSProfiles(settings), HTTPClient()).server?.host == host)
    }

    @Test func asProfileThatNeedsALoginNamesTheWayOut() async throws {
        try await ScratchFolder.with { folder in
            try folder.write("[profile x]\nsso_session = corp\n", to: "config")
            var variables = Self.bare(folder)
            variables["AWS_PROFILE"] = "x"
            let error = storageError { _ = try Self.key(variables) }
            #expect(error?.hint?.contains("credential_process = aws configure export-credentials --profile x") == true)
        }
    }

    @Test(arguments: ["http://example.com/x", "http://169.254.170.3/x", "http://10.0.0.1/", "ftp://x"])
    func aContainerIsAskedOnlyAtAddressesThatAWSAllows(_ address: String) async throws {
        try await ScratchFolder.with { folder in
            var variables = Self.bare(folder)
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = address
            #expect(storageError { _ = try Self.key(variables) }?.message.contains("AWS allows") == true)
        }
    }

    @Test func theTokenOfAContainerMayBeInAFile() async throws {
        let server = try Self.server()
        try await ScratchFolder.with { folder in
            try folder.write("Bearer x\n", to: "token")
            var variables = Self.bare(folder)
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.endpoint + "/container"
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = folder.file("token")
            try #expect(Self.key(variables).id == "of-the-container")
        }
    }

    /// A run may be longer than its credentials are valid.
    @Test func credentialsAreFetchedAgainBeforeTheyExpire() async throws {
        let (soon, late) = (UTCTime.extended(UTCTime.now + 200), UTCTime.extended(UTCTime.now + 4000))
        let server = try HTTPProxy(before: 0) { _, number in
            let expires = number == 1 ? soon : late
            return .answer(
                200,
                body: "{\"AccessKeyId\": \"k\(number)\", \"SecretAccessKey\": \"s\", \"Expiration\": \"\(expires)\"}"
            )
        }
        try await ScratchFolder.with { folder in
            var variables = Self.bare(folder)
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = server.endpoint + "/"
            let keeper = CredentialKeeper(Self.chain(variables))
            try #expect(keeper.current().id == "k1")
            let second = try keeper.current()
            #expect(second.id == "k2")
            try #expect(keeper.current().id == "k2")
            keeper.forget(second)
            try #expect(keeper.current().id == "k3")
        }
    }
}
