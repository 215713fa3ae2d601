import StorageCore

/// Whether something is as it should be right now, and if not, why; the message is empty when it is.
package struct ConditionDocument: Hashable, Sendable, Codable {
    package var abnormal: Bool
    package var message: String

    package init(_ condition: Condition) {
        abnormal = condition.abnormal
        message = condition.message
    }
}
