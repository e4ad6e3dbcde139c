/// A sink whose bytes get their name when they are complete: a file or an object.
package protocol NamedSink: ByteSink {
    /// The final name: a path, or the address of an object.
    var path: String { get }

    /// Announces that about so many bytes will come at most. Nothing was appended yet.
    func expect(bytes: Int)

    /// After the commit to a store, the ETag of the object as `StoredFile.contentTag` writes it. nil for a file, and if
    /// the store did not say it.
    var etag: String? { get }

    /// Gives the name. After this the bytes are there, whole.
    ///
    /// - Throws: `StorageError`; `CancellationError`.
    func commit() throws

    /// Removes what was written. Does nothing after the commit.
    func discard()
}

extension FileSink: NamedSink {
    package func expect(bytes: Int) {}
    package var etag: String? { nil }
}

extension ObjectSink: NamedSink {
    package var path: String { address.description }
}
