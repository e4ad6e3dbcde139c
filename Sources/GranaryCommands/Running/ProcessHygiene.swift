internal import Glibc

/// What a process owes to others on the same machine, before it does anything.
enum ProcessHygiene {
    /// A standard stream that was closed when we were started gets a descriptor that can be neither read nor written;
    /// else the next thing that is opened would get its number, and a result would be sent to the database.
    static func fillClosedStreams() {
        for (number, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(number, F_GETFD) < 0 {
            _ = open("/dev/null", mode)
        }
    }

    /// No file that a command makes can be written by others, whatever the umask that we were started with. Files with
    /// rows or secrets have modes of their own.
    static func guardNewFiles() {
        let given = umask(0o022)
        umask(given | 0o022)
    }

    /// Swift's texts are Unicode: a name that is not would be read as another one, and a file of that name be made.
    ///
    /// - Returns: What to say of the first argument or variable of ours that is not Unicode; nil if all are.
    static func unreadableText() -> CommandError? {
        // Swift reads the arguments from there. Without any, help would be printed and the job counted as done.
        guard access("/proc/self/cmdline", R_OK) == 0 else {
            return CommandError(
                .limits,
                "the arguments cannot be read, because /proc is not mounted",
                hint: "mount it, as with `mount -t proc proc /proc`"
            )
        }
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let place = CommandLine.unsafeArgv[index], String(validatingCString: place) == nil else { continue }
            return CommandError(
                .usage,
                "argument \(index) is not UTF-8: \(CommandLine.arguments[index])",
                hint: "take another name, or rename the file"
            )
        }
        var entry = environ
        while let text = entry.pointee {
            if String(validatingCString: text) == nil, strncmp(text, "GRANARY_", 8) == 0 {
                let name = String(cString: text).prefix { $0 != "=" }
                return CommandError(.usage, "the variable \(name) is not UTF-8", hint: "take another name, or unset it")
            }
            entry += 1
        }
        return nil
    }

    /// Takes passwords out of the arguments as `ps` shows them to everyone (`/proc/<pid>/cmdline`): they are overwritten
    /// where the kernel reads them. For the moment before that, a variable or a password file is the better place.
    ///
    /// `CommandLine.arguments` has its copies by then.
    static func hidePasswords() {
        let arguments = CommandLine.arguments
        for (index, argument) in arguments.enumerated() {
            guard index < Int(CommandLine.argc), let place = CommandLine.unsafeArgv[index] else { continue }
            let masked = Masking.masked(argument)
            guard masked != argument else { continue }
            let count = strlen(place)
            let shown = Array(masked.utf8.prefix(count))
            memset(place, 0, count)
            for (offset, byte) in shown.enumerated() { place[offset] = CChar(bitPattern: byte) }
        }
    }
}
