internal import Glibc
internal import Synchronization

// The destinations and sources of bytes.
//
//     sink        takes bytes in order: a file, a pipe
//     source      returns any range of the bytes: a file, or the stored content of a pipe
//     partial     a file under a temporary name, until it is complete
//     spool       an unnamed file that stores the content of a pipe
//     format      the format of a file, recognized by its first bytes

/// Takes the bytes of an archive in order, once: a file, a pipe or another destination.
package protocol ByteSink: Sendable {
    /// - Throws: `StorageError.io`.
    func append(_ bytes: UnsafeRawBufferPointer) throws
    /// Bytes taken so far.
    var byteCount: Int { get }
}

/// Counts bytes and keeps none.
package final class CountingSink: ByteSink {
    private let count = Mutex(0)

    package init() {}

    package var byteCount: Int { count.withLock { $0 } }
    package func append(_ bytes: UnsafeRawBufferPointer) { count.withLock { $0 += bytes.count } }
}

/// A descriptor that was opened elsewhere, such as standard output.
package final class PipeSink: ByteSink {
    private let output: OutputDescriptor
    private let count = Mutex(0)

    /// - Parameter wake: A descriptor that becomes readable when the sink must stop waiting for a reader that has
    ///   stopped.
    package init(descriptor: CInt, wake: CInt) { output = OutputDescriptor(descriptor, wake: wake) }

    package var byteCount: Int { count.withLock { $0 } }

    /// - Throws: `StorageError.io`; `CancellationError` if `wake` became readable while the reader did not read.
    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        let failure = output.write(bytes)
        guard failure != ECANCELED else { throw CancellationError() }
        guard failure == 0 else {
            errno = failure
            throw StorageError.system("the output", "could not be written")
        }
        count.withLock { $0 += bytes.count }
    }
}

/// Writes all of `bytes` to a file, in as many calls as that takes.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt, name: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest)
        let written = write(descriptor, piece.baseAddress, piece.count)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw StorageError.system(name, "could not be written") }
        rest = rest.dropFirst(written)
    }
}
