internal import Glibc

/// What a process owes to others on the same machine, before it does anything.
enum ProcessHygiene {
    /// No file that a command makes can be written by others, whatever the umask that we were started with. Files with
    /// rows or secrets have modes of their own.
    static func guardNewFiles() {
        let given = umask(0o022)
        umask(given | 0o022)
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
