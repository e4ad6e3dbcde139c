internal import Glibc

/// The number of columns of lines of COPY text, from the first line: the server gives all rows of a table the same
/// number.
struct ColumnCount {
    private var bytes = 0
    private var tabs = 0
    private var isComplete = false

    /// The first line may be spread over several slabs.
    mutating func update(_ slab: UnsafeRawBufferPointer) {
        guard !isComplete, var position = slab.baseAddress else { return }
        let newline = memchr(position, 10, slab.count).map { UnsafeRawPointer($0) }
        let end = newline ?? position + slab.count
        bytes += end - position
        while let tab = memchr(position, 9, end - position).map({ UnsafeRawPointer($0) }) {
            tabs += 1
            position = tab + 1
        }
        isComplete = newline != nil
    }

    /// An empty line is a row without columns, or one column with an empty text.
    func fits(_ columns: Int) -> Bool { count == columns || (columns == 0 && bytes == 0) }

    var count: Int { tabs + 1 }
}
