extension Array where Element == String {
    /// `a, b, c and 7 more`: no sentence lists thousands of names.
    package func listed(atMost most: Int = 8) -> String {
        prefix(most).joined(separator: ", ") + (count > most ? " and \(count - most) more" : "")
    }
}
