/// The words of generated rows, by locale. Written for this purpose: they name no one in particular.
package enum WordLists {
    package static let locales = ["en", "de", "ja"]
}
