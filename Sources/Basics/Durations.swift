extension Duration {
    /// Whole milliseconds, rounded towards zero.
    package var milliseconds: Int { Int(self / .milliseconds(1)) }
}
