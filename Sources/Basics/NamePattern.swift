/// A name in which `*` matches any characters.
package struct NamePattern: Sendable {
    private let bytes: [UInt8]

    package init(_ text: some StringProtocol) { bytes = Array(text.utf8) }

    package func fits(_ name: String) -> Bool {
        let name = Array(name.utf8)
        var (place, position) = (0, 0)
        // Where to continue if the text after the last `*` does not match: the `*` then matches one byte more.
        var retry: (place: Int, position: Int)?
        while position < name.count {
            if place < bytes.count, bytes[place] == UInt8(ascii: "*") {
                place += 1
                retry = (place, position)
            } else if place < bytes.count, bytes[place] == name[position] {
                (place, position) = (place + 1, position + 1)
            } else if let last = retry {
                retry = (last.place, last.position + 1)
                (place, position) = (last.place, last.position + 1)
            } else {
                return false
            }
        }
        return bytes[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
