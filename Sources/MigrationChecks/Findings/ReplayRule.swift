/// The rules of a replay; `docs/migrations.md` explains each.
package enum ReplayRule: String, Sendable, CaseIterable {
    /// The migrations cannot be run in any order.
    case replay
    case upFails = "up-fails"
    case upFailsOnRows = "up-fails-on-rows"
    case downFails = "down-fails"
    case downDoesNotUndo = "down-does-not-undo"
    case downLosesRows = "down-loses-rows"
    case upAgainFails = "up-again-fails"
    case upAgainDiffers = "up-again-differs"
    case estimatedDuration = "estimated-duration"
    case withoutCitus = "replayed-without-citus"

    static let names = Set(allCases.map(\.rawValue))
}
