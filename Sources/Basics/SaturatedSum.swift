extension Sequence<Int> {
    /// The sum, or the largest number if it is larger: for sizes that a file claims.
    package var saturatedSum: Int {
        reduce(0) {
            let (sum, overflows) = $0.addingReportingOverflow($1)
            return overflows ? .max : sum
        }
    }
}
