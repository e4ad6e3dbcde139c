extension Sequence<Int> {
    /// The sum, or the largest possible number instead of an overflow. For sizes that an untrusted file claims.
    package var saturatedSum: Int {
        reduce(0) {
            let (sum, overflows) = $0.addingReportingOverflow($1)
            return overflows ? .max : sum
        }
    }
}
