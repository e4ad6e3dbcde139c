package import Project

/// One change to the schema: a number, a title, an up file and a down file. One of the files may be missing.
package struct Migration: Sendable, Equatable {
    package let version: Int
    /// The number as written in its file names.
    package let digits: String
    package let title: String
    /// The environment whose folder has the files; empty for the base.
    package let layer: String
    package var up: MigrationFile?
    package var down: MigrationFile?

    package init(
        version: Int,
        digits: String,
        title: String,
        layer: String,
        up: MigrationFile? = nil,
        down: MigrationFile? = nil
    ) {
        self.version = version
        self.digits = digits
        self.title = title
        self.layer = layer
        self.up = up
        self.down = down
    }

    /// The name that people use, such as `000003_add_user_settings`.
    package var name: String { "\(digits)_\(title)" }

    /// Reads a version in one of its usual spellings: `3`, `000003`, `000003_add_user_settings`. Returns nil for other
    /// text.
    package static func version(spelled text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, let version = Int(digits) else { return nil }
        let rest = text.dropFirst(digits.count)
        return rest.isEmpty || rest.first == "_" ? version : nil
    }
}

extension Migration {
    /// The migrations of every layer of a folder, ordered by layer and number. Migrations with equal numbers are all
    /// included.
    ///
    /// - Throws: `MigrationError` with `.file`.
    package static func all(in folder: String, _ environments: EnvironmentsFile) throws(MigrationError) -> [Migration] {
        var migrations: [Migration] = []
        for pair in MigrationFolder(folder, environments: environments.folders)?.pairs ?? [] {
            migrations.append(try pair.read { _, error throws(MigrationError) in throw error })
        }
        return migrations
    }
}
