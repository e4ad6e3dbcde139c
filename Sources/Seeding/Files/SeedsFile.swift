/// `seeds/seeds.yaml`: what holds for all seeds of a service. Everything in it may be left out.
package struct SeedsFile: Sendable, Equatable {
    /// The schema of tables whose file names give none; else the service's first.
    package var schema: String?
    /// What generated values depend on, beside table, column and row.
    package var seed = 0
    package var locale = "en"
    /// The "now" of generated times, as PostgreSQL reads timestamps; else that of the first run.
    package var asOf: String?
    /// Tables that production may be given.
    package var reference: [String] = []
    /// Tables that `clean` leaves alone.
    package var protect: [String] = []
    package var environments: [String: Layer] = [:]
    package var path = "seeds/seeds.yaml"

    package struct Layer: Sendable, Equatable {
        /// The environment whose layers come before this one's own.
        package var extends: String?
        package var scale: Double?
        package var line: Int
    }

    package init() {}

    /// Reads `seeds.yaml` or `seeds.yml` of the folder; without either all is as usual.
    package static func read(_ folder: SeedFolder) throws(SeedingError) -> SeedsFile {
        for name in ["seeds.yaml", "seeds.yml"] {
            let path = "\(folder.path)/\(name)"
            guard Self.isThere(path) else { continue }
            let text = try SeedFolder.text(SeedFolder.contents(path), path: path)
            return try SeedsFile(YAMLText.read(text, path: path), path: path)
        }
        return SeedsFile()
    }

    package init(_ node: SeedNode, path: String) throws(SeedingError) {
        self.path = path
        guard !node.isNull else { return }
        for member in try node.requireMembers("the document", path) {
            let value = member.value
            switch member.key {
            case "schema": schema = try value.requireText("schema", path)
            case "seed": seed = try value.requireInt("seed", path)
            case "locale":
                locale = try value.requireText("locale", path)
                guard WordLists.locales.contains(locale) else {
                    throw value.problem(
                        path,
                        "there are no word lists for the locale \(locale)",
                        hint: "there are \(WordLists.locales.joined(separator: ", "))"
                    )
                }
            case "as_of": asOf = try value.requireText("as_of", path)
            case "reference": reference = try value.requireTexts("reference", path)
            case "protect": protect = try value.requireTexts("protect", path)
            case "environments":
                for environment in try value.requireMembers("environments", path) {
                    environments[environment.key] = try Self.layer(environment, path)
                }
            case "extends":
                for environment in try value.requireMembers("extends", path) {
                    environments[environment.key, default: Layer(line: environment.line)].extends =
                        try environment.value.requireText("extends", path)
                }
            default:
                throw SeedingError(
                    .file,
                    "\(path):\(member.line): nothing is known of \(member.key)",
                    hint: "known are schema, seed, locale, as_of, reference, protect, environments"
                )
            }
        }
    }

    private static func layer(_ member: SeedNode.Member, _ path: String) throws(SeedingError) -> Layer {
        var layer = Layer(line: member.line)
        guard !member.value.isNull else { return layer }
        for setting in try member.value.requireMembers(member.key, path) {
            switch setting.key {
            case "extends": layer.extends = setting.value.isNull ? nil : try setting.value.requireText("extends", path)
            case "scale": layer.scale = try setting.value.requireDouble("scale", path)
            default:
                throw SeedingError(
                    .file,
                    "\(path):\(setting.line): nothing is known of \(setting.key) of an environment",
                    hint: "known are extends and scale"
                )
            }
        }
        return layer
    }

    /// The layers of an environment, the earliest first: common, then those it extends, then its own.
    ///
    /// - Throws: `SeedingError` with `.file` for a circle.
    package func layers(of environment: String) throws(SeedingError) -> [String] {
        var chain: [String] = []
        var next: String? = environment
        while let name = next {
            guard !chain.contains(name) else {
                throw SeedingError(
                    .file,
                    "\(path):\(environments[name]?.line ?? 1): the environments \((chain + [name]).joined(separator: " → ")) extend each other in a circle"
                )
            }
            chain.append(name)
            next = environments[name]?.extends
        }
        return ["common"] + chain.filter { $0 != "common" }.reversed()
    }

    private static func isThere(_ path: String) -> Bool { (try? SeedFolder.contents(path)) != nil }
}
