/// A reader that takes what anybody may have written, and what must hold whatever that is.
///
///     the fuzzer (make fuzz)     any bytes: no crash, no hang, no more memory than a limit, and no `FuzzFinding`
///     the tests (CorpusTests)    every file of Fuzzing/corpus/<target>, and every finding there ever was: the same
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// An archive as it lies in a file.
    case archive
    /// `manifest.json` alone, in an archive whose checksums fit.
    case manifest
    case gzip
    /// A file encrypted with age, in its binary or its text form.
    case age
    /// An archive of pg_dump: custom or tar.
    case pgdump
    /// A plain dump, read piece by piece.
    case dump
    /// A migration or a seed script, read as a whole.
    case script
    case yaml
    case csv
    case json
    case dependencies
    case environments
    /// An answer of an object store.
    case xml

    /// Reads `input` as a command would.
    ///
    /// - Throws: `FuzzFinding`. What the reader says of bad input is no finding.
    public func read(_ input: [UInt8]) async throws {
        switch self {
        case .archive: try await ArchiveTargets.archive(input)
        case .manifest: try await ArchiveTargets.manifest(input)
        case .age: try AgeTargets.age(input)
        case .gzip: try ArchiveTargets.gzip(input)
        case .pgdump: try await DumpTargets.archive(input)
        case .dump: try SQLTargets.dump(input)
        case .script: try SQLTargets.script(input)
        case .yaml: try SeedTargets.yaml(input)
        case .csv: try SeedTargets.csv(input)
        case .json: try SeedTargets.json(input)
        case .dependencies: try DeclarationTargets.dependencies(input)
        case .environments: try DeclarationTargets.environments(input)
        case .xml: try StoreTargets.xml(input)
        }
    }
}

/// Something that must hold did not.
public struct FuzzFinding: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

func require(_ holds: Bool, _ what: @autoclosure () -> String) throws {
    guard holds else { throw FuzzFinding(what()) }
}

/// What `body` gives; nil where it throws the error that it is known for.
func unless<E: Error, R>(_ expected: E.Type, _ body: () throws -> R) throws -> R? {
    do {
        return try body()
    } catch is E {
        return nil
    }
}
