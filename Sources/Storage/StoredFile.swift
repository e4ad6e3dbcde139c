/// A file that can be read at any place, wherever it is.
package protocol StoredFile: ByteSource {
    /// How messages name it: a path, or the address of an object.
    var path: String { get }

    /// Reads as many bytes as are there, or as one call returns. Returns the number of bytes, 0 at the end.
    ///
    /// - Throws: `StorageError`.
    func readSome(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int

    /// Whether it still has the content that it had when it was opened.
    var isUnchanged: Bool { get }
}
