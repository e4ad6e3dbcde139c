import Glibc
package import Storage
import Synchronization

/// A real object store for tests: SeaweedFS on 127.0.0.1. It checks signatures, digests and conditions.
///
/// One serves a whole test process, and ends with it. Each test takes a bucket of its own.
package final class ObjectStore: Sendable {
    /// Someone with all rights, and someone who may only write.
    package enum User: String, Sendable { case owner, writer }

    package let port: Int
    package var endpoint: String { "http://127.0.0.1:\(port)" }
    private let folder: String
    private let server: LeashedServer
    private static let names = Atomic<Int>(0)
    private static let sharedStore = Task { try await start() }

    /// The path of its program; nil if it cannot be had, or cannot run here.
    private static let program: String? = {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let outcome = shell("exec 2>/dev/null; timeout 300 '/\(root)/scripts/seaweedfs.sh'")
        guard outcome.status == 0, let path = outcome.output.split(separator: "\n").last.map(String.init) else {
            return nil
        }
        return shell("'\(path)' version >/dev/null 2>&1").status == 0 ? path : nil
    }()

    package static var isAvailable: Bool { program != nil }
    package static let absence = "SeaweedFS, which is a package of PyPI, cannot be had, or cannot run here"

    /// The store of this test process. The first caller starts it.
    package static func shared() async throws -> ObjectStore { try await sharedStore.value }

    private static func start() async throws -> ObjectStore {
        guard let program else { throw CommandFailure(description: absence) }
        for _ in 0..<3 {
            let store = try ObjectStore(program)
            if try await store.answers() { return store }
        }
        throw CommandFailure(description: "SeaweedFS does not answer")
    }

    private init(_ program: String) throws {
        folder = try makeTemporaryFolder("granary-store", in: serverParent)
        let ports = try Self.freePorts(8)
        port = ports[6]
        let identities = """
            {"identities": [
              {"name": "owner", "credentials": [{"accessKey": "owner", "secretKey": "owner's secret"}],
               "actions": ["Admin", "Read", "Write", "List", "Tagging"]},
              {"name": "writer", "credentials": [{"accessKey": "writer", "secretKey": "writer's secret"}],
               "actions": ["Write"]}]}
            """
        try Files.create("\(folder)/s3.json", Array(identities.utf8))
        // Each bucket has files of its own, and they grow by seven at a time unless this is said.
        try Files.create("\(folder)/master.toml", Array("[master.volume_growth]\ncopy_1 = 1\n".utf8))
        let words = [
            "'\(program)'", "server", "-dir='\(folder)'", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            "-master.volumeSizeLimitMB=64", "-volume.max=2000", "-filer", "-s3", "-s3.config='\(folder)/s3.json'",
            "-master.port=\(ports[0])", "-master.port.grpc=\(ports[1])", "-volume.port=\(ports[2])",
            "-volume.port.grpc=\(ports[3])", "-filer.port=\(ports[4])", "-filer.port.grpc=\(ports[5])",
            "-s3.port=\(ports[6])", "-s3.port.grpc=\(ports[7])", "-s3.port.iceberg=0", "-s3.port.lance=0",
        ].joined(separator: " ")
        // Its logs are in the folder for temporary files, and its sockets in /tmp.
        let sockets = ports.map { "/tmp/seaweedfs-*-\($0).sock" }.joined(separator: " ")
        // Without a key it cannot encrypt what it keeps, and refuses to be asked for it.
        let variables = "TMPDIR='\(folder)' WEED_S3_SSE_KEY='a key of the tests'"
        server = try LeashedServer("\(variables) \(words)", folder: folder, leaving: sockets)
    }

    /// Ports that nothing listens on, below those that the system chooses for port 0. One of the latter could be given to
    /// another test before the server that is meant to have it has started.
    package static func freePorts(_ count: Int) throws -> [Int] {
        let free = (10_000..<32_000).shuffled().lazy.filter { port in
            let socket = LoopbackSocket.listening(on: port)
            close(socket.descriptor)
            return socket.port == port
        }
        let ports = Array(free.prefix(count))
        guard ports.count == count else { throw CommandFailure(description: "there is no free port") }
        return ports
    }

    private func answers() async throws -> Bool {
        let end = ContinuousClock.now + .seconds(120)
        while .now < end, !server.hasEnded {
            do {
                try ObjectStores(settings()).bucket("first").replace("", [])
                try ObjectStores(settings()).bucket("first").replace("one", [1])
                return true
            } catch {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        return false
    }

    /// The variables for a command, without those of the person who runs the tests.
    ///
    /// - Parameter endpoint: Another address, such as that of a proxy.
    package func variables(_ user: User = .owner, endpoint: String? = nil) -> [String: String?] {
        [
            "AWS_ACCESS_KEY_ID": user.rawValue, "AWS_SECRET_ACCESS_KEY": "\(user.rawValue)'s secret",
            "AWS_SESSION_TOKEN": nil, "AWS_PROFILE": nil, "AWS_REGION": nil, "AWS_DEFAULT_REGION": nil,
            "AWS_ENDPOINT_URL": nil, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_ENDPOINT_URL_S3": endpoint ?? self.endpoint,
        ]
    }

    /// The same for the library.
    ///
    /// - Parameter state: The folder for journals; nil for none.
    package func settings(_ user: User = .owner, endpoint: String? = nil, state: String? = nil) -> StoreSettings {
        var variables = variables(user, endpoint: endpoint).compactMapValues { $0 }
        variables["XDG_STATE_HOME"] = state
        return StoreSettings(variables: variables)
    }

    /// Makes a new bucket, and returns its name.
    package func newBucket() throws -> String {
        let number = Self.names.wrappingAdd(1, ordering: .relaxed).newValue
        let name = "bucket-\(getpid())-\(number)"
        try ObjectStores(settings()).bucket(name).replace("", [])
        return name
    }
}

/// A server in a folder that is removed with it. It ends with this object, or with this process.
package final class LeashedServer: Sendable {
    /// Its shell ends the server when this end of the pipe is closed, which the death of this process does, too.
    nonisolated(unsafe) private let leash: UnsafeMutablePointer<FILE>
    private let folder: String

    /// - Parameters:
    ///   - command: The command line for a shell.
    ///   - leftovers: Patterns of other files to remove, for a shell.
    package init(_ command: String, folder: String, leaving leftovers: String = "") throws {
        let script = """
            trap '' INT TERM HUP
            cd '\(folder)' && { \(command) >log 2>&1 </dev/null & } && server=$!
            echo $server >server
            cat >/dev/null
            kill -KILL $server; wait $server; cd /; rm -rf '\(folder)' \(leftovers)
            """
        guard let leash = popen(script, "we") else { throw CommandFailure(description: "\(command) cannot be started") }
        (self.leash, self.folder) = (leash, folder)
    }

    deinit { pclose(leash) }

    /// Whether it has ended by itself. False while it is not known.
    package var hasEnded: Bool {
        guard let number = try? Files.text(of: "\(folder)/server").filter(\.isNumber), !number.isEmpty,
            let status = try? Files.text(of: "/proc/\(number)/stat")
        else { return false }
        return status.contains(") Z ")
    }
}

/// Sockets on 127.0.0.1.
enum LoopbackSocket {
    /// A listening socket; its port is 0 if there is none.
    ///
    /// - Parameter port: 0 for a free one.
    static func listening(on port: Int = 0) -> (descriptor: CInt, port: Int) {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var address = address(port: port)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        return (listener, isBound ? Int(UInt16(bigEndian: address.sin_port)) : 0)
    }

    /// A connected socket; -1 if nothing listens.
    static func connected(to port: Int) -> CInt {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = address(port: port)
        let outcome = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard outcome == 0 else {
            close(descriptor)
            return -1
        }
        return descriptor
    }

    private static func address(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return address
    }
}

/// Amazon's client for Python.
package enum Boto {
    package static let isInstalled = shell("python3 -c 'import boto3'").status == 0
    package static let absence = "boto3, which is a package of PyPI, is not installed"

    /// Runs a script with `s3`, a client of the store.
    package static func run(_ script: String, _ store: ObjectStore) async throws -> CommandOutcome {
        let start = """
            import boto3, botocore
            from botocore.config import Config
            s3 = boto3.client('s3', region_name='us-east-1', endpoint_url='\(store.endpoint)',
                              config=Config(s3={'addressing_style': 'path'}))

            """
        return try await runCommand("python3", ["-c", start + script], environment: store.variables())
    }
}
