/// `1 table`, `8,000 tables`.
///
/// - Parameter isGrouped: Write a large number with commas.
package func counted(_ number: Int, _ noun: String, isGrouped: Bool = true) -> String {
    "\(isGrouped ? grouped(number) : String(number)) \(noun)\(number == 1 ? "" : "s")"
}

/// `1,234,567`
package func grouped(_ number: Int) -> String {
    let digits = String(number.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return number < 0 ? "-" + text : text
}

extension Array where Element == String {
    /// `a, b, c and 7 more`, so that no sentence lists thousands of names.
    package func listed(atMost most: Int = 8) -> String {
        prefix(most).joined(separator: ", ") + (count > most ? " and \(count - most) more" : "")
    }
}
