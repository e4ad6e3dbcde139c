internal import Glibc

/// The folders and files that a service begins with.
struct InitFiles {
    let migrations: String
    let seeds: String
    let backups: String
    /// The service's name, for environments.json.
    var service: String?

    init(migrations: String, seeds: String, backups: String) {
        self.migrations = migrations
        self.seeds = seeds
        self.backups = backups
    }

    /// Writes what is missing, and returns the paths of it.
    ///
    /// - Throws: `CommandError` with `.file`.
    func write() throws -> [String] {
        var written: [String] = []
        for folder in [migrations, seeds, backups] where try makeFolder(folder) {
            let keep = Folders.joined(folder, ".gitkeep")
            // git keeps no empty folders.
            if try create(keep, "") { written.append(keep) }
        }
        let files = [
            (Folders.joined(migrations, "environments.json"), environments),
            (Folders.joined(migrations, "dependencies.json"), Self.dependencies),
            ("granary.mk", GranaryMakefile.text),
        ]
        for (path, text) in files where try create(path, text) { written.append(path) }
        return written
    }

    /// Whether the folder is new. Backups are for the owner alone.
    private func makeFolder(_ path: String) throws -> Bool {
        if Folders.isFolder(path) { return false }
        var parent = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            parent += part
            let isLast = parent == path
            if !parent.isEmpty, !Folders.isFolder(parent), mkdir(parent, isLast && path == backups ? 0o700 : 0o777) != 0
            {
                throw failure(parent)
            }
            parent += "/"
        }
        return true
    }

    /// Never overwrites: O_EXCL.
    private func create(_ path: String, _ text: String) throws -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            if errno == EEXIST { return false }
            throw failure(path)
        }
        let failed = StandardOutput.write(text, to: descriptor) != 0
        guard close(descriptor) == 0, !failed else {
            // Half a file would be taken for a whole one by the next run.
            defer { unlink(path) }
            throw failure(path)
        }
        return true
    }

    private func failure(_ path: String) -> CommandError {
        CommandError(
            .file,
            "cannot write \(path): \(String(cString: strerror(errno)))",
            hint: "look at the rights of the folder; what was written before stays"
        )
    }

    private var environments: String {
        let first = service.map { "  \"service\": \"\($0)\",\n" } ?? ""
        return """
            {
            \(first)  "current_environment": "development",
              "environments": {
                "development": {
                  "description": "A developer's own machine",
                  "config": {
                    "allow_destructive_operations": true,
                    "require_approval": false,
                    "backup_required": false
                  }
                },
                "staging": {
                  "description": "The rehearsal",
                  "config": {
                    "allow_destructive_operations": true,
                    "require_approval": false,
                    "backup_required": true
                  }
                },
                "production": {
                  "description": "The real one",
                  "config": {
                    "allow_destructive_operations": false,
                    "require_approval": true,
                    "backup_required": true
                  }
                }
              },
              "migration_locking": {
                "enabled": true,
                "timeout_seconds": 300,
                "max_concurrent_migrations": 1
              }
            }

            """
    }

    private static let dependencies = """
        {
          "migrations": {},
          "global_config": {
            "max_parallel_migrations": 1,
            "require_approval_for_high_risk": true,
            "auto_backup_before_destructive": true,
            "validate_after_migration": true
          }
        }

        """
}
