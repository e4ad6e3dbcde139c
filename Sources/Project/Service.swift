internal import Storage

/// A folder of migrations, its schemas, and its rows in the ledger.
package struct Service: Sendable, Equatable {
    package var name: String
    package var schemas: [String]
    /// Whether a file lists the schemas. Otherwise they follow from the name.
    package var declaresSchemas: Bool
    /// The folder of migrations.
    package var folder: String

    package init(name: String, schemas: [String], declaresSchemas: Bool = true, folder: String) {
        self.name = name
        self.schemas = schemas
        self.declaresSchemas = declaresSchemas
        self.folder = folder
    }

    /// The schema of a service without declared schemas: its name with `-` as `_`.
    package static func usualSchema(of name: String) -> String { name.replacing("-", with: "_") }

    /// The name: from the option, `SERVICE_NAME`, `"service"` in `environments.json`, or the folder that holds the
    /// migrations.
    ///
    /// - Throws: `EnvironmentsError` with `.usage` for an invalid name.
    package static func resolve(
        option: String?,
        variables: [String: String],
        file: EnvironmentsFile,
        folder: String
    ) throws(EnvironmentsError) -> Service {
        let variable = variables["SERVICE_NAME"].flatMap { $0.isEmpty ? nil : $0 }
        let name = option ?? variable ?? file.service ?? holder(of: folder)
        guard !name.isEmpty, name.utf8.count <= 63, name.unicodeScalars.allSatisfy({ $0.value >= 0x20 }),
            !name.contains("/")
        else {
            throw EnvironmentsError(
                .usage,
                "\"\(name)\" cannot be the name of a service",
                hint: "give another with --service"
            )
        }
        // The file belongs to another service, so its schemas do not apply.
        let isOfFile = file.service == nil || file.service == name
        return Service(
            name: name,
            schemas: isOfFile ? file.schemas ?? [usualSchema(of: name)] : [usualSchema(of: name)],
            declaresSchemas: isOfFile && file.schemas != nil,
            folder: folder
        )
    }

    /// `services/user-service/migrations` belongs to user-service.
    private static func holder(of folder: String) -> String {
        var path = Files.resolved(folder) ?? folder
        if !path.hasPrefix("/"), let here = try? Files.currentFolder() { path = Files.joined(here, path) }
        let parts = path.split(separator: "/").filter { $0 != "." }
        return String(parts.dropLast().last ?? "service")
    }

    /// The folders of migrations of all services below a folder, by name.
    ///
    /// - Throws: `EnvironmentsError` with `.usage` if there are none.
    package static func folders(in root: String) throws(EnvironmentsError) -> [String] {
        let names = Files.visibleNames(in: root).filter { Files.exists("\(root)/\($0)/migrations") }
        guard !names.isEmpty else {
            throw EnvironmentsError(
                .usage,
                "there is no service in \(root)",
                hint: "--root takes the folder that contains the services, each with a folder named migrations"
            )
        }
        return names.map { "\(root)/\($0)/migrations" }
    }

    /// The services of a folder: each folder in it that holds `migrations`, by name.
    ///
    /// - Throws: `EnvironmentsError` with `.usage` if there are none.
    package static func all(
        in root: String,
        variables: [String: String]
    ) throws(EnvironmentsError) -> [(Service, EnvironmentsFile)] {
        var services: [(Service, EnvironmentsFile)] = []
        for folder in try folders(in: root) {
            let file = try EnvironmentsFile.read(migrations: folder)
            services.append((try resolve(option: nil, variables: [:], file: file, folder: folder), file))
        }
        return services
    }
}
