@_exported public import Basics

/// Why the nodes of a cluster were not read at one moment.
package typealias CitusError = Failure<CitusFailure>

package enum CitusFailure: FailureCode {
    /// Writers held the lock that ends their transactions on all nodes, or the nodes answered too slowly.
    case busy

    package var exitStatus: ExitStatus { .busy }
}
