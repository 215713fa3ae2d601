import StorageCore
import Testing

/// Waits until `condition` holds; records an issue if it does not within `deadline`.
package func eventually(
    within deadline: Duration = .seconds(30), every interval: Duration = .milliseconds(20), _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + deadline
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: interval)
    }
    Issue.record(comment ?? "the condition did not come to hold within \(deadline)", sourceLocation: sourceLocation)
}
