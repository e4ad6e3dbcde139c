package import Environments

/// What `granary env` tells.
package struct EnvironmentReport: Sendable {
    package var file: EnvironmentsFile
    package var choice: EnvironmentChoice?
    package var database: String?
    package var host: String?
    package var marker: MarkerState?
    package var services: [Service] = []

    package init(file: EnvironmentsFile) { self.file = file }

    package var lines: [String] {
        var facts: [(String, String)] = []
        facts.append(("environment", choice.map { "\($0.name) (\($0.source))" } ?? "none was chosen"))
        facts.append(("declared", file.names.joined(separator: ", ") + (file.path.map { " (\($0))" } ?? "")))
        if let database { facts.append(("database", "\(database) at \(host ?? "")")) }
        switch marker {
        case .marked(let marker):
            facts.append(("marker", "\(marker.name), since \(marker.markedAt) by \(marker.markedBy)"))
        case .copy(let marker): facts.append(("marker", "none; the database is a copy of \(marker.name)"))
        case .unmarked: facts.append(("marker", "none"))
        case nil: facts.append(("database", "none was given"))
        }
        for service in services {
            facts.append(("service", "\(service.name), schema \(service.schemas.joined(separator: ", "))"))
        }
        return facts.map { name, value in
            name + String(repeating: " ", count: 13 - name.utf8.count) + Formatting.harmless(value)
        }
    }

    package var document: JSONDocument {
        .object([
            "environment": .optional(choice?.name), "source": .optional(choice.map { "\($0.source)" }),
            "declared": .strings(file.names), "file": .optional(file.path), "database": .optional(database),
            "host": .optional(host), "marker": markerDocument,
            "services": .array(
                services.map { service in
                    .object([
                        "name": .string(service.name), "schemas": .strings(service.schemas),
                        "migrations": .string(service.migrations),
                    ])
                }
            ),
        ])
    }

    private var markerDocument: JSONDocument {
        let (state, row): (String, Marker?) =
            switch marker {
            case .marked(let marker): ("marked", marker)
            case .copy(let marker): ("copy", marker)
            case .unmarked: ("unmarked", nil)
            case nil: ("unknown", nil)
            }
        return .object([
            "state": .string(state), "name": .optional(row?.name), "fingerprint": .optional(row?.fingerprint),
            "marked_at": .optional(row?.markedAt), "marked_by": .optional(row?.markedBy),
        ])
    }
}
