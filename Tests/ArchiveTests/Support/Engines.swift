@testable import Archive

extension Compression.Engine {
    /// The engines that this build has.
    static var builtIn: [Compression.Engine] { allCases.filter(\.isBuiltIn) }
}

extension Compression {
    /// The lowest and the highest level of every engine that this build has, and all of igzip's.
    static var samples: [Compression] {
        get throws {
            try Engine.builtIn.flatMap { engine in
                let levels = engine == .igzip ? Array(1...3) : [1, engine.levels.upperBound]
                return try levels.map { try Compression(engine: engine, level: $0) }
            }
        }
    }
}
