/// One statement of a script.
///
/// A class, because checks pass it to each other, and copying a struct would retain every field.
package final class SQLStatement: Sendable {
    let source: ScriptSource
    /// Its bytes in the script, without comments before it and without its semicolon.
    package let range: Range<Int>
    private let commentsBefore: [Range<Int>]
    private let commentBehind: Range<Int>?
    /// PostgreSQL's parse tree; nil if the parser does not know the statement. Then `syntaxError` has the reason.
    package let tree: ParseNode?
    package let syntaxError: SQLTextError?
    /// The rows after a `COPY … FROM STDIN`; nil for other statements, and if nothing follows.
    package let rows: CopyRows?

    init(
        source: ScriptSource,
        range: Range<Int>,
        commentsBefore: [Range<Int>],
        commentBehind: Range<Int>?,
        tree: ParseNode?,
        syntaxError: SQLTextError? = nil,
        rows: CopyRows? = nil
    ) {
        self.source = source
        self.range = range
        self.commentsBefore = commentsBefore
        self.commentBehind = commentBehind
        self.tree = tree
        self.syntaxError = syntaxError
        self.rows = rows
    }

    package var text: String { source.text(range) }
    /// The text and the position, without the tree.
    package var place: StatementText { StatementText(source: source, range: range) }
    /// The name in SAVEPOINT, RELEASE and ROLLBACK TO.
    package var savepoint: String? { tree?["savepoint_name"].string }
    /// The offset of the first word, in bytes from 0.
    package var offset: Int { range.lowerBound }
    /// The line of the first word, from 1.
    package var line: Int { source.line(at: range.lowerBound) }
    /// The column of the first word, in characters from 1.
    package var column: Int { source.column(at: range.lowerBound) }

    /// The line and column of an offset in the script, such as that of a touch.
    package func place(ofOffset offset: Int) -> (line: Int, column: Int) {
        (source.line(at: offset), source.column(at: offset))
    }

    /// The comments between the previous statement and this one, unchanged. A comment on the last line of the previous
    /// statement belongs to that one.
    package var leadingComments: [String] { commentsBefore.map(source.text) }

    /// The comment after its semicolon, on the same line.
    package var trailingComment: String? { commentBehind.map(source.text) }

    /// The first line of its text, for messages.
    package var firstLine: String { place.firstLine }

    /// `COPY … FROM STDIN`, which reads rows from the client.
    package var readsRowsFromClient: Bool {
        guard let copy = tree, copy.isKind("CopyStmt") else { return false }
        return copy["is_from"].isTrue && !copy["filename"].exists && !copy["is_program"].isTrue
    }

    /// Whether it reads rows from the client that the script does not contain completely.
    package var lacksRows: Bool { readsRowsFromClient && rows?.isEnded != true }

    /// The name of the command as the server reports it: `CREATE TABLE`, `ALTER TABLE`, `UPDATE`. For a statement that
    /// the parser does not know, its first two words.
    package var tag: String {
        tree.map(CommandTag.name) ?? StatementWords.first(2, of: Array(source.bytes[range])).joined(separator: " ")
    }
}
