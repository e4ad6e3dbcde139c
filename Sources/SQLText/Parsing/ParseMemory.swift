internal import CPgQuery

/// The memory that parse trees take from the system.
package enum ParseMemory {
    /// Lets the memory of each thread of this process grow by 4 MiB at a time.
    ///
    /// For a command that parses many files on several threads and keeps their trees: 1,000 migrations are validated
    /// with an eighth less processor time. Memory that is not used is only reserved.
    package static func growInLargeSteps() { CPgQuery_growInLargeSteps() }
}
