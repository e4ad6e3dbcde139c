/// The compression of members. Every engine writes DEFLATE (RFC 1951), which every unzip reads.
package struct Compression: Sendable, Equatable {
    package enum Engine: Sendable, Equatable, CaseIterable {
        /// libdeflate: whole buffers, levels 1 to 12.
        case deflate
        /// ISA-L's igzip: levels 1 to 3. Level 1 is twice as fast as libdeflate's, and a few percent larger.
        case igzip
        /// zlib: levels 1 to 9, half as fast as libdeflate.
        case zlib

        /// 0 stores.
        package var levels: ClosedRange<Int> {
            switch self {
            case .deflate: 0...12
            case .igzip: 0...3
            case .zlib: 0...9
            }
        }

        /// igzip is available only if the package was built with its trait.
        package var isBuiltIn: Bool {
            #if Igzip
            true
            #else
            self != .igzip
            #endif
        }

        /// At level 1 only speed matters. At higher levels libdeflate compresses better in the same time.
        static func usual(at level: Int) -> Engine { level == 1 && igzip.isBuiltIn ? .igzip : .deflate }
    }

    package let engine: Engine
    package let level: Int

    /// - Parameter engine: nil for the default engine of the level.
    /// - Throws: `ArchiveError.compression` for a level that the engine does not have, or an engine that was not built
    ///   in.
    package init(engine: Engine? = nil, level: Int = 1) throws {
        let engine = engine ?? .usual(at: level)
        guard engine.isBuiltIn else {
            throw ArchiveError(
                .compression,
                "this granary was built without igzip",
                hint: "omit --engine, or install libisal-dev and build granary again"
            )
        }
        guard engine.levels.contains(level) else {
            throw ArchiveError(
                .compression,
                "compression level \(level) is not between \(engine.levels.lowerBound) and \(engine.levels.upperBound)",
                hint: "1 is fast, \(min(6, engine.levels.upperBound)) is small"
            )
        }
        self.engine = engine
        self.level = level
    }
}
