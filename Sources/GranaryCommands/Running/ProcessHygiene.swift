internal import Glibc

/// Measures at the start of the process that protect other users of the machine.
enum ProcessHygiene {
    /// A standard stream that was closed at the start gets a descriptor that can be neither read nor written. Otherwise
    /// the next open file or socket would get its number, and a result could be sent to the database.
    static func fillClosedStreams() {
        for (number, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(number, F_GETFD) < 0 {
            _ = open("/dev/null", mode)
        }
    }

    /// Other users cannot write to any file that a command creates, whatever the umask. Files with rows or secrets have
    /// stricter modes.
    static func guardNewFiles() {
        let given = umask(0o022)
        umask(given | 0o022)
    }

    /// Swift's strings are Unicode. A name that is not Unicode would be changed, and a file with another name created.
    ///
    /// - Returns: A message about the first argument or variable that is not valid; nil if all are.
    static func unreadableText() -> CommandError? {
        // Swift reads the arguments from /proc. If they were missing, granary would print help and the job would seem
        // successful.
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

    /// Overwrites passwords and the URL of pings in the arguments that `ps` shows to everyone (`/proc/<pid>/cmdline`). They are visible for
    /// a moment before that, so a variable or a password file is safer.
    ///
    /// `CommandLine.arguments` has already copied them.
    static func hidePasswords() {
        let arguments = CommandLine.arguments
        for (index, (argument, masked)) in zip(arguments, Masking.masked(arguments: arguments)).enumerated() {
            guard index < Int(CommandLine.argc), let place = CommandLine.unsafeArgv[index] else { continue }
            guard masked != argument else { continue }
            let count = strlen(place)
            let shown = Array(masked.utf8.prefix(count))
            memset(place, 0, count)
            for (offset, byte) in shown.enumerated() { place[offset] = CChar(bitPattern: byte) }
        }
    }
}
