internal import CXXHash
internal import Glibc

/// Counts and digests lines of COPY text that arrive in slabs of any size.
package struct LineDigester: ~Copyable {
    package private(set) var rows = 0
    package private(set) var digest = Digest()
    private let state: OpaquePointer
    /// The last slab ended inside a line. The beginning of that line is in `state`.
    private var isInLine = false

    package init() {
        guard let state = CXXHash_create() else { preconditionFailure("out of memory") }
        self.state = state
    }

    deinit { CXXHash_free(state) }

    /// A line completely inside the slab is hashed at once, a line across slabs with the streaming state.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard var position = bytes.baseAddress else { return }
        let end = position + bytes.count
        while position < end {
            guard let newline = memchr(position, 10, end - position).map({ UnsafeRawPointer($0) }) else {
                carry(position, end - position)
                return
            }
            if isInLine {
                CXXHash_update(state, position, newline - position)
                digest.add(CXXHash_digest(state))
                isInLine = false
            } else {
                digest.add(CXXHash_xxh3(position, newline - position))
            }
            rows += 1
            position = newline + 1
        }
    }

    /// Whether the last line had its newline.
    package var isComplete: Bool { !isInLine }

    private mutating func carry(_ bytes: UnsafeRawPointer, _ count: Int) {
        if !isInLine { CXXHash_reset(state) }
        CXXHash_update(state, bytes, count)
        isInLine = true
    }
}

/// The hash of bytes that arrive in slabs, for a binary chunk, which is one row.
struct ByteDigester: ~Copyable {
    private let state: OpaquePointer

    init() {
        guard let state = CXXHash_create() else { preconditionFailure("out of memory") }
        self.state = state
        CXXHash_reset(state)
    }

    deinit { CXXHash_free(state) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        CXXHash_update(state, base, bytes.count)
    }

    var digest: Digest {
        var digest = Digest()
        digest.add(CXXHash_digest(state))
        return digest
    }
}
