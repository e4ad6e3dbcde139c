internal import AgeEncryption
internal import Glibc
internal import Synchronization

/// A passphrase: from the file that a variable names, else typed by a person.
final class Passphrase: Sendable {
    static let fileVariable = "GRANARY_PASSPHRASE_FILE"
    /// Belongs to the flag `--passphrase`, like the variable of any option.
    static let flagVariable = "GRANARY_PASSPHRASE"

    private let console: Console
    private let asks: Bool
    /// What was typed, by the name of the file.
    private let typed = Mutex<[String: [UInt8]]>([:])
    /// What the file of the variable holds. It is read once, so that a note about it is printed once.
    private let read = Mutex<[UInt8]?>(nil)

    init(console: Console, asks: Bool = true) {
        self.console = console
        self.asks = asks
    }

    /// A passphrase in the variable of the flag would be visible to other processes of the user, and have no effect.
    ///
    /// - Throws: `CommandError` with `.usage`, which does not repeat the value.
    static func requireFlag(_ console: Console) throws {
        guard let value = console.environment[flagVariable], !["", "0", "1"].contains(value) else { return }
        throw CommandError(
            .usage,
            "\(flagVariable) is neither 1 nor 0; it turns --passphrase on and off, and takes no passphrase",
            hint: "\(fileVariable) names a file with the passphrase"
        )
    }

    /// The passphrase of a file that exists; nil without a file and without a terminal.
    ///
    /// - Throws: `AgeError.key`, `StorageError.io` for the file with the passphrase; `CancellationError`.
    func known(for file: String) throws -> [UInt8]? {
        if let fromFile = try fromFile() { return fromFile }
        if let known = typed.withLock({ $0[file] }) { return known }
        guard asks, let answer = try HiddenAnswer.ask("passphrase of \(file): ", console) else { return nil }
        typed.withLock { $0[file] = answer }
        return answer
    }

    /// The passphrase of a new file, typed twice.
    ///
    /// - Throws: `CommandError` with `.usage` without a file and without a terminal, and if the two differ.
    func new() throws -> [UInt8] {
        if let fromFile = try fromFile() { return fromFile }
        guard let first = try HiddenAnswer.ask("passphrase: ", console) else {
            throw CommandError(
                .usage,
                "--passphrase asks for the passphrase, and there is no terminal to ask on",
                hint: "\(Self.fileVariable) names a file with the passphrase"
            )
        }
        guard !first.isEmpty else {
            throw CommandError(.usage, "the passphrase is empty", hint: "type at least a word")
        }
        guard try HiddenAnswer.ask("the same again: ", console) == first else {
            throw CommandError(.usage, "the two passphrases differ", hint: "nothing was written; type it again")
        }
        return first
    }

    private func fromFile() throws -> [UInt8]? {
        guard let file = console.environment[Self.fileVariable], !file.isEmpty else { return nil }
        if let known = read.withLock(\.self) { return known }
        let text = try AgeKeyFile.passphrase(file, warn: { console.note("note: \($0)") })
        read.withLock { $0 = text }
        return text
    }
}

/// A line that is typed at the terminal without being shown.
private enum HiddenAnswer {
    /// - Returns: nil without a terminal.
    /// - Throws: `CancellationError`.
    static func ask(_ question: String, _ console: Console) throws -> [UInt8]? {
        guard Question.canBeAsked(console) else { return nil }
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
        guard terminal >= 0 else { return nil }
        defer { close(terminal) }
        var before = termios()
        guard tcgetattr(terminal, &before) == 0 else { return nil }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        guard tcsetattr(terminal, TCSAFLUSH, &silent) == 0 else { return nil }
        defer {
            tcsetattr(terminal, TCSAFLUSH, &before)
            console.screen.ask("\n")
        }
        console.screen.ask(Formatting.harmless(question))
        return try line(terminal)
    }

    /// Waits in short steps, so that an interrupt is noticed and the terminal shows what is typed again.
    private static func line(_ terminal: CInt) throws -> [UInt8] {
        var line: [UInt8] = []
        while true {
            try Task.checkCancellation()
            var input = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
            guard poll(&input, 1, 50) > 0 else { continue }
            var byte: UInt8 = 0
            let count = read(terminal, &byte, 1)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count == 1, byte != 0x0A else { return line }
            line.append(byte)
        }
    }
}
