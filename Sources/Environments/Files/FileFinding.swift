/// Something about a file that stops nobody and that its author will want to know.
package struct FileFinding: Sendable, Equatable {
    package var place: TextPlace
    package var message: String
    package var hint: String?

    package init(_ place: TextPlace, _ message: String, hint: String? = nil) {
        self.place = place
        self.message = message
        self.hint = hint
    }
}
