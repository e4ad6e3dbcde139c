internal import Glibc

/// A library of the system that is opened at first use, since few runs need it.
package struct SystemLibrary: @unchecked Sendable {
    // A handle of dlopen, which is never closed and may be used by any thread.
    private let handle: UnsafeMutableRawPointer
    private let name: String

    /// - Parameters:
    ///   - names: The file's names; the first that is installed is used.
    ///   - user: What needs the library, such as `this dump`.
    ///   - package: Debian's package.
    /// - Throws: `StorageError.io` if it is not installed.
    package init(_ names: String..., neededBy user: String, package: String) throws {
        for name in names {
            guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
            (self.handle, self.name) = (handle, name)
            return
        }
        throw StorageError(
            .io,
            "\(user) needs the library \(names[0]), which is not installed",
            hint: "install it (apt-get install \(package))"
        )
    }

    /// - Parameter type: The C type of the function, as its header has it.
    package func function<F>(_ symbol: String, as type: F.Type) throws -> F {
        unsafeBitCast(try address(of: symbol), to: type)
    }

    /// - Throws: `StorageError.io` if the library is too old to have the function.
    package func address(of symbol: String) throws -> UnsafeMutableRawPointer {
        guard let address = dlsym(handle, symbol) else {
            throw StorageError(.io, "the library \(name) has no function \(symbol)", hint: "install a newer one")
        }
        return address
    }
}
