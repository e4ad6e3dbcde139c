package import Project

/// A step of the schema: a number, a title, an up file and a down file. One of the files may be missing.
package struct Migration: Sendable, Equatable {
    package let version: Int
    /// The number as written in its file names.
    package let digits: String
    package let title: String
    /// The environment whose folder it is in; empty for the base.
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

    /// `000003_add_user_settings`, the name that people use.
    package var name: String { "\(digits)_\(title)" }

    /// The version, if `text` is one of its usual spellings: `3`, `000003`, `000003_add_user_settings`.
    package static func version(spelled text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, let version = Int(digits) else { return nil }
        let rest = text.dropFirst(digits.count)
        return rest.isEmpty || rest.first == "_" ? version : nil
    }
}

extension Migration {
    /// The migrations of every layer of a folder, by layer and number. If several have the same number, all of them.
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
