/// A service: a migrations folder, the schemas it owns, and its line in the ledger.
package struct Service: Sendable, Hashable {
    package var name: String
    package var schemas: [String]
    /// The path of its migrations folder, as it was given.
    package var migrations: String

    package init(name: String, schemas: [String], migrations: String) {
        self.name = name
        self.schemas = schemas
        self.migrations = migrations
    }

    /// The service of a migrations folder. Its name is `--service`, else SERVICE_NAME, else `"service"` of
    /// `environments.json`, else the name of the folder that holds the migrations folder; its schemas are `"schemas"`
    /// there, else the name with `-` as `_`.
    ///
    /// - Parameter option: `--service`, or its variable GRANARY_SERVICE.
    /// - Throws: `EnvironmentsError.usage` for a name that is none, with where it comes from.
    package static func resolve(
        option: String?,
        variables: [String: String],
        file: EnvironmentsFile,
        migrations: String
    ) throws -> Service {
        let (name, origin) = try named(option, variables, file, migrations)
        if let problem = NameRule.service.problem(with: name) {
            throw EnvironmentsError(
                .usage,
                "\(problem), and it comes from \(origin)",
                hint: "\(NameRule.service.hint); --service or \"service\" in environments.json names it"
            )
        }
        // "schemas" is the file's word for the file's service: another one in the same folder has its own.
        let isOfFile = file.service.map { $0.text == name } ?? true
        let schemas = isOfFile ? file.schemas?.map(\.text) : nil
        return Service(name: name, schemas: schemas ?? [schema(ofService: name)], migrations: migrations)
    }

    /// The schema that a service owns unless `"schemas"` says otherwise.
    package static func schema(ofService name: String) -> String { name.replacing("-", with: "_") }

    /// The services under a folder: those of its folders that hold `migrations/`, in the order of their names.
    ///
    /// - Throws: `EnvironmentsError.usage` where there are none or two of one name; `.invalidFile`.
    package static func discover(root: String, migrations name: String = "migrations") throws -> [Service] {
        let services = try FileText.names(in: root).compactMap { folder -> Service? in
            let migrations = FileText.joined(FileText.joined(root, folder), name)
            guard FileText.kind(of: migrations) == .folder else { return nil }
            let file = try EnvironmentsFile.read(migrations: migrations)
            // Neither --service nor SERVICE_NAME can mean all of them.
            return try resolve(option: nil, variables: [:], file: file, migrations: migrations)
        }
        guard !services.isEmpty else {
            throw EnvironmentsError(
                .usage,
                "no folder in \(root) holds a folder \(name)",
                hint: "--root names the folder of the services: SERVICE/\(name) below it"
            )
        }
        for (service, other) in services.pairs where service.name == other.name {
            throw EnvironmentsError(
                .usage,
                "\(service.migrations) and \(other.migrations) are both of the service \(service.name)",
                hint: "give one of them another \"service\" in its environments.json"
            )
        }
        return services
    }

    private static func named(
        _ option: String?,
        _ variables: [String: String],
        _ file: EnvironmentsFile,
        _ migrations: String
    ) throws -> (name: String, origin: String) {
        if let option { return (option, "--service") }
        if let name = variables["SERVICE_NAME"], !name.isEmpty { return (name, "SERVICE_NAME") }
        if let service = file.service { return (service.text, "\(service.place)") }
        if let name = FileText.nameOfParent(of: migrations) { return (name, "the folder that holds \(migrations)") }
        throw EnvironmentsError(
            .usage,
            "nothing says which service \(migrations) belongs to",
            hint:
                "give --service, set SERVICE_NAME, or write \"service\" into \(FileText.joined(migrations, EnvironmentsFile.name))"
        )
    }
}

extension Array {
    /// Each element with each that follows it.
    fileprivate var pairs: [(Element, Element)] {
        indices.flatMap { first in self[(first + 1)...].map { (self[first], $0) } }
    }
}
