/// Fills the memory it is lent and returns how many bytes it put there; 0 at the end.
typealias PackedBytes = (UnsafeMutableRawBufferPointer) throws -> Int

/// Unpacked bytes, pulled piece by piece, with memory that does not depend on how many there are. Never leaves its
/// thread.
protocol Unpacker: AnyObject {
    /// Fills `memory` from its beginning and returns how many bytes are there; 0 at the end.
    ///
    /// - Throws: `ArchiveError.damaged`, `.cutOff`; what the source throws.
    func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int
}
