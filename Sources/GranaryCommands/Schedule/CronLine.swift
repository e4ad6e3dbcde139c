internal import PostgresClient

/// A line for `/etc/cron.d`.
///
/// Source: `crontab(5)`.
struct CronLine: Sendable {
    let command: ScheduledCommand
    let fields: String
    let name: String
    let account: String
    let program: String

    /// Longer commands are cut off by cron of Debian, without a message.
    private static let bytesMax = 998

    /// - Throws: `CommandError` with `.usage` if the line is too long.
    func file() throws -> ScheduleFile {
        let words = ([program] + command.words).map(Self.word).joined(separator: " ")
        // Without `exec`, the shell ends with the code of the last command.
        let line = """
            cd /var/lib/granary && set -a && . /etc/granary/\(name).env && set +a && for try in 1 2 3 4 5 6; do \
            \(words) >/dev/null; code=$?; [ $code -eq 5 ] || exit $code; sleep 300; done; exit 5
            """
        guard line.utf8.count <= Self.bytesMax else {
            throw CommandError(
                .usage,
                "the line for cron would have \(line.utf8.count) bytes, and cron reads \(Self.bytesMax)",
                hint: "write the command into a script, and the script into the line"
            )
        }
        return ScheduleFile(
            name: "granary-\(name)",
            folder: "/etc/cron.d",
            content: """
                # Cron sends what is printed on standard error; with --quiet that is nothing unless something is wrong.
                # /etc/granary/\(name).env holds DATABASE_URL=…, GRANARY_ENV=production and so on, with quotes as in a
                # shell; only \(account) may read it. After exit code 5, busy, the command is tried again.
                SHELL=/bin/sh
                \(fields) \(account) \(line)

                """
        )
    }

    /// A word for the shell, in which cron leaves `%` alone: it takes `\%` for `%`, and another `%` for a line break.
    static func word(_ word: String) -> String {
        var (text, previous): (String.UnicodeScalarView, Unicode.Scalar?) = ("".unicodeScalars, nil)
        for scalar in QuotedText.shellWord(word).unicodeScalars {
            if scalar == "%" {
                // Cron would take `\\%` for a backslash and a line break. Quotes that end and begin separate them.
                if previous == "\\" { text.append(contentsOf: "''".unicodeScalars) }
                text.append("\\")
            }
            text.append(scalar)
            previous = scalar
        }
        return String(text)
    }
}
