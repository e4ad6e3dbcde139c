/// The rows that follow a `COPY … FROM STDIN` in a script, as psql sends them.
package struct CopyRows: Sendable {
    private let source: ScriptSource
    /// Without the line `\.`.
    private let range: Range<Int>
    /// Whether the line `\.` is there: without it the rows may be cut off.
    package let isEnded: Bool

    init(source: ScriptSource, range: Range<Int>, isEnded: Bool) {
        self.source = source
        self.range = range
        self.isEnded = isEnded
    }

    /// Of the first row, from 1.
    package var line: Int { source.line(at: range.lowerBound) }

    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try source.bytes.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}
