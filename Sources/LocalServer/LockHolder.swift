internal import Glibc
internal import Storage

/// The machine of the process that holds a lock, as the lock file says.
///
/// A home may be shared by several hosts, and its file system may have locks that only the processes of one host see.
struct LockHolder: Equatable {
    /// The running kernel, which containers share.
    var boot: String
    var host: String

    /// This machine.
    static var here: LockHolder {
        let boot = (try? Files.text(of: "/proc/sys/kernel/random/boot_id")) ?? ""
        let host = (try? Files.text(of: "/proc/sys/kernel/hostname")) ?? ""
        return LockHolder(boot: boot.filter { !$0.isWhitespace }, host: host.filter { !$0.isWhitespace })
    }

    init(boot: String, host: String) { (self.boot, self.host) = (boot, host) }

    /// nil if the file says nothing, such as one of an older version.
    init?(ofFile path: String) {
        let words = ((try? Files.text(of: path)) ?? "").split(separator: "\n").map(String.init)
        guard words.count == 2 else { return nil }
        self.init(boot: words[0], host: words[1])
    }

    /// Whether a free lock shows that the process has ended. After a restart of the host only its name is the same.
    var mayBeHere: Bool {
        let here = Self.here
        return boot == here.boot || host == here.host
    }

    /// - Throws: `LocalServerError` with `.folder`.
    func write(to lock: borrowing InheritedLock) throws {
        let text = Array("\(boot)\n\(host)\n".utf8)
        guard write(lock.descriptor, text) else { throw LocalServerError.cannot("write", "the lock file") }
    }

    private func write(_ descriptor: CInt, _ text: [UInt8]) -> Bool {
        ftruncate(descriptor, 0) == 0 && pwrite(descriptor, text, text.count, 0) == text.count
    }
}
