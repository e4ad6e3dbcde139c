package import ArgumentParser
internal import Project
internal import Storage

/// Words that a shell can offer to complete a command line, read from files.
///
/// Never fails: if nothing can be read, nothing is offered.
package struct Candidates {
    private let backupsFolder: String
    private let migrationsFolder: String
    private let shell: CompletionShell?

    /// - Parameter words: The words of the command line so far.
    package init(
        _ words: [String],
        variables: [String: String] = ProcessEnvironment.current,
        shell: CompletionShell? = CompletionShell.requesting
    ) {
        func value(_ option: String, else usual: String) -> String {
            if let place = words.lastIndex(of: "--\(option)"), place + 1 < words.count, !words[place + 1].isEmpty {
                return words[place + 1]
            }
            return words.last { $0.hasPrefix("--\(option)=") }.map { String($0.dropFirst(option.utf8.count + 3)) }
                ?? variables[OptionVariables.variable(for: option)] ?? usual
        }
        backupsFolder = value("backups", else: "backups")
        migrationsFolder = value("migrations", else: "migrations")
        self.shell = shell
    }

    /// - Parameter endings: The extensions of suitable files, such as `.zip`.
    package func backups(_ prefix: String, endings: [String]) -> [String] {
        let isMeant = { (name: String) in endings.contains { name.hasSuffix($0) } }
        let known = prefix.contains("/") ? [] : names(in: backupsFolder).filter(isMeant)
        let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
        let entries = names(in: folder.isEmpty ? "." : folder).compactMap { name -> String? in
            if Files.isFolder(folder + name) { return folder + name + slash }
            return isMeant(name) ? folder + name : nil
        }
        return Set(known + entries).filter { $0.hasPrefix(prefix) }.sorted()
    }

    package var environments: [String] {
        (try? EnvironmentsFile.read(migrations: migrationsFolder).names) ?? []
    }

    package var versions: [String] {
        let layers = ((try? EnvironmentsFile.read(migrations: migrationsFolder).folders) ?? [:]).values
        let folders = [migrationsFolder] + layers.map { Files.joined(migrationsFolder, $0) }
        let files = folders.flatMap(names).filter { $0.hasSuffix(".up.sql") }
        return Set(files.map { String($0.prefix(while: \.isNumber)) }.filter { !$0.isEmpty }).sorted()
    }

    /// bash itself appends a slash to a folder.
    private var slash: String { shell == .bash ? "" : "/" }

    /// Excludes hidden files.
    private func names(in folder: String) -> [String] {
        Files.visibleNames(in: folder)
    }
}
