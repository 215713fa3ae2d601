/// What an "ensure" operation did. Asking again for a state that is already there answers `.unchanged`.
package enum Outcome: String, Sendable, Codable {
    case changed
    case unchanged

    package static func | (lhs: Outcome, rhs: Outcome) -> Outcome {
        lhs == .changed || rhs == .changed ? .changed : .unchanged
    }
}
