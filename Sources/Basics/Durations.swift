extension Duration {
    /// Whole milliseconds, without what is left.
    package var milliseconds: Int { Int(self / .milliseconds(1)) }
}
