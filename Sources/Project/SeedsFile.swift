internal import Glibc
internal import Storage

/// `seeds/seeds.yaml`: settings for all seeds of a service. All of them are optional.
package struct SeedsFile: Sendable, Equatable {
    /// The schema of tables whose file names give none. Default: the service's first schema.
    package var schema: String?
    /// Generated values depend on it, besides table, column and row.
    package var seed = 0
    package var locale = "en"
    /// nil if the file sets no locale.
    package var localeLine: Int?
    /// The "now" of generated times, in PostgreSQL's timestamp syntax. Default: the time of the first run.
    package var asOf: String?
    /// Patterns of tables that may be seeded in production.
    package var reference: [String] = []
    /// Patterns of tables that `clean` leaves alone.
    package var protect: [String] = []
    package var environments: [String: Layer] = [:]
    package var path = "seeds/seeds.yaml"

    package struct Layer: Sendable, Equatable {
        /// The environment whose layers precede this one's own.
        package var extends: String?
        package var scale: Double?
        package var line: Int
    }

    package init() {}

    /// Reads `seeds.yaml` or `seeds.yml` in the folder. Without the folder or the file, all settings have their
    /// defaults.
    ///
    /// - Throws: `EnvironmentsError` with `.file` and the line. A file that cannot be read must not count as one that
    ///   protects nothing.
    package static func read(folder: String) throws(EnvironmentsError) -> SeedsFile {
        let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let names = try spellings(in: folder)
        guard let name = names.first else { return SeedsFile(path: "\(folder)/\(spelling)") }
        let path = "\(folder)/\(name)"
        guard names.count == 1 else {
            throw EnvironmentsError(
                .file,
                "\(path) and \(folder)/\(names[1]) both exist, but only one of them can be used",
                hint: "merge them into \(spelling)"
            )
        }
        guard [spelling, "seeds.yml"].contains(name) else {
            throw EnvironmentsError(.file, "\(path) is ignored because of its name", hint: "rename it to \(spelling)")
        }
        return try parse(DeclaredBytes.read(path), path: path)
    }

    /// - Throws: `EnvironmentsError` with `.file`, naming the line.
    package static func parse(_ bytes: [UInt8], path: String) throws(EnvironmentsError) -> SeedsFile {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw EnvironmentsError(.file, "\(path) is not UTF-8", hint: "convert it, for example with iconv -t UTF-8")
        }
        guard !bytes.contains(0) else { throw EnvironmentsError(.file, "\(path) holds a NUL byte") }
        return try SeedsFile(YAMLText.read(text, path: path), path: path)
    }

    private static let spelling = "seeds.yaml"

    /// The files named `seeds.yaml` or `seeds.yml` in the folder, in any case.
    private static func spellings(in folder: String) throws(EnvironmentsError) -> [String] {
        do {
            return try Files.names(in: folder.isEmpty ? "." : folder).filter {
                [spelling, "seeds.yml"].contains($0.lowercased())
            }
        } catch {
            guard error.number != ENOENT else { return [] }
            throw EnvironmentsError(
                .file,
                "\(folder) cannot be read: \(error)",
                hint: "it is \(spelling) that lists the protected tables"
            )
        }
    }

    private init(path: String) { self.path = path }

    package init(_ node: SeedNode, path: String) throws(EnvironmentsError) {
        self.path = path
        guard !node.isNull else { return }
        for member in try node.asMembers("the document", path) {
            let value = member.value
            switch member.key {
            case "schema": schema = try value.asText("schema", path)
            case "seed": seed = try value.asInt("seed", path)
            case "locale":
                locale = try value.asText("locale", path)
                localeLine = value.line
            case "as_of": asOf = try value.asText("as_of", path)
            case "reference": reference = try Self.tables(value, "reference", path)
            case "protect": protect = try Self.tables(value, "protect", path)
            case "environments":
                for environment in try value.asMembers("environments", path) {
                    environments[environment.key] = try Self.layer(environment, path)
                }
            case "extends":
                for environment in try value.asMembers("extends", path) {
                    environments[environment.key, default: Layer(line: environment.line)].extends =
                        try environment.value.asText("extends", path)
                }
            default:
                throw EnvironmentsError(
                    .file,
                    at: FilePlace(path, line: member.line),
                    "the key \(member.key) is unknown",
                    hint: "the keys are schema, seed, locale, as_of, reference, protect, environments"
                )
            }
        }
    }

    /// A list of patterns, or a single one. A key without a value is an empty list.
    private static func tables(_ node: SeedNode, _ key: String, _ path: String) throws(EnvironmentsError) -> [String] {
        if node.isNull { return [] }
        for element in node.elements ?? [node] where element.text?.isEmpty ?? true {
            throw element.problem(
                path,
                "\(key) is a list of tables",
                hint: "write \(key): [schema.table, other_table, \"*_log\"]"
            )
        }
        return try node.asTexts(key, path)
    }

    private static func layer(_ member: SeedNode.Member, _ path: String) throws(EnvironmentsError) -> Layer {
        var layer = Layer(line: member.line)
        guard !member.value.isNull else { return layer }
        for setting in try member.value.asMembers(member.key, path) {
            switch setting.key {
            case "extends": layer.extends = setting.value.isNull ? nil : try setting.value.asText("extends", path)
            case "scale": layer.scale = try setting.value.asDouble("scale", path)
            default:
                throw EnvironmentsError(
                    .file,
                    at: FilePlace(path, line: setting.line),
                    "the setting \(setting.key) of an environment is unknown",
                    hint: "the settings are extends and scale"
                )
            }
        }
        return layer
    }

    /// The layers of an environment, the earliest first: common, then those of the environments it extends, then its
    /// own.
    ///
    /// - Throws: `EnvironmentsError` with `.file` for a cycle.
    package func layers(of environment: String) throws(EnvironmentsError) -> [String] {
        var chain: [String] = []
        var next: String? = environment
        while let name = next {
            guard !chain.contains(name) else {
                throw EnvironmentsError(
                    .file,
                    at: FilePlace(path, line: environments[name]?.line ?? 1),
                    "the environments \((chain + [name]).joined(separator: " → ")) extend each other in a cycle"
                )
            }
            chain.append(name)
            next = environments[name]?.extends
        }
        return ["common"] + chain.filter { $0 != "common" }.reversed()
    }
}
