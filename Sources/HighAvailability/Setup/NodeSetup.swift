import StorageCore

/// Makes a node's storage one half of a pair's.
package protocol NodeSetup: Sendable {
    /// What is in the way on this node, and what is to be done on it. Changes nothing.
    func survey() async -> SetupSurvey

    /// What `step` does here, for people.
    func text(of step: SetupStep) -> String

    /// Ensures `step`. Throws `conflict` rather than overwrite what is there.
    func perform(_ step: SetupStep) async throws(StorageError)
}
