/// An environment that `environments.json` declares, or one of the three that exist without the file.
package struct DeclaredEnvironment: Sendable, Equatable {
    /// A name of a file or a folder as it is written, with its place.
    package struct ListedName: Sendable, Equatable {
        package var text: String
        package var place: TextPlace

        /// Without the folders before it: lists name files with and without the folder.
        package var lastComponent: String { text.split(separator: "/").last.map(String.init) ?? text }

        package init(_ text: String, _ place: TextPlace) {
            self.text = text
            self.place = place
        }
    }

    /// What the environment's `migrations` says.
    package enum Migrations: Sendable, Equatable {
        /// The name of a folder, as written: relative to the migrations folder, or with that folder before it.
        case folder(ListedName)
        /// A list of files.
        case files([ListedName])
    }

    package var name: String
    /// Where the file declares it; nil without the file.
    package var place: TextPlace?
    package var description: String?
    /// nil where the file says nothing of migrations.
    package var migrations: Migrations?
    package var seedFiles: [ListedName] = []
    package var policy = EnvironmentPolicy()

    package init(_ name: String) { self.name = name }
}
