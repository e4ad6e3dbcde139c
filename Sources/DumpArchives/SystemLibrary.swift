internal import Archive
internal import Glibc

/// A library of the system that is opened at first use, since only some archives need it.
struct SystemLibrary: @unchecked Sendable {
    // A handle of dlopen, which is never closed and may be used by any thread.
    private let handle: UnsafeMutableRawPointer
    private let name: String

    /// - Throws: `ArchiveError.io` if it is not installed.
    init(_ name: String, package: String) throws {
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
            throw ArchiveError(
                .io,
                "this dump needs the library \(name), which is not installed",
                hint: "install it (apt-get install \(package))"
            )
        }
        self.handle = handle
        self.name = name
    }

    /// - Parameter type: The C type of the function, as its header has it.
    func function<F>(_ symbol: String, as type: F.Type) throws -> F {
        guard let address = dlsym(handle, symbol) else {
            throw ArchiveError(.io, "the library \(name) has no function \(symbol)", hint: "install a newer one")
        }
        return unsafeBitCast(address, to: type)
    }
}
