/// How members are packed. Both engines write DEFLATE (RFC 1951), which any unzip reads.
package struct Compression: Sendable, Equatable {
    package enum Engine: Sendable, Equatable {
        /// libdeflate: whole buffers, levels 1 to 12.
        case deflate
        /// zlib: levels 1 to 9, half as fast.
        case zlib

        var levels: ClosedRange<Int> { self == .deflate ? 0...12 : 0...9 }
    }

    package let engine: Engine
    /// 0 stores.
    package let level: Int

    /// - Throws: `ArchiveError.compression` for a level that the engine does not have.
    package init(engine: Engine = .deflate, level: Int = 1) throws {
        guard engine.levels.contains(level) else {
            throw ArchiveError(
                .compression,
                "compression level \(level) is not between \(engine.levels.lowerBound) and \(engine.levels.upperBound)",
                hint: "1 is fast, 6 is small"
            )
        }
        self.engine = engine
        self.level = level
    }
}
