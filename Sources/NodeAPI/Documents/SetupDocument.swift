import StorageCore

/// How far two nodes are on the way to be a pair, as `GET` and `POST /v1/ha/setup` say.
package struct SetupDocument: Hashable, Sendable, Codable {
    package struct Task: Hashable, Sendable, Codable {
        package var node: NodeName
        /// What it does, in words.
        package var text: String
    }

    /// What the request did; nil if nothing was left, or nothing was asked for.
    package var done: Task?
    /// What is left, in its order.
    package var rest: [Task]

    package init(_ progress: SetupProgress) {
        done = progress.done.map(Task.init)
        rest = progress.rest.map(Task.init)
    }
}

extension SetupDocument.Task {
    init(_ task: SetupTask) { self.init(node: task.node, text: task.text) }
}
