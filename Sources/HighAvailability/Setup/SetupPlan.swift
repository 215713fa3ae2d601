import StorageCore

/// What is left to be done until two nodes are a pair. Pure.
struct SetupPlan {
    let tasks: [SetupTask]

    /// `own` is the node that was asked; `preferred` joins first, and so serves. Throws `conflict` with all that an operator has to see to first.
    init(
        _ own: SetupSurvey, _ other: SetupSurvey, preferred: NodeName, text: (SetupStep) -> String
    ) throws(StorageError) {
        let obstacles = Self.obstacles(own, other)
        guard obstacles.isEmpty else { throw StorageError(.conflict, obstacles.joined(separator: "; ")) }
        var tasks: [SetupTask] = []
        // A step goes after the same one on the other node, and before the next one on either.
        for step in [SetupStep.resource, .filter, .units, .metadata, .start, .ownGroup] {
            tasks += (own.tasks + other.tasks).filter { $0.step == step }
        }
        func add(_ step: SetupStep, on node: NodeName) {
            tasks.append(SetupTask(node: node, step: step, text: text(step)))
        }
        let isNew = !own.isJoined && !other.isJoined
        let isShared = isNew && !own.isApart
        if isShared, own.copy != .data, other.copy != .data { add(.sameData, on: own.node) }
        if isShared, !own.hasGroup, !other.hasGroup {
            add(.group, on: own.copy != .data && other.copy == .data ? other.node : own.node)
        }
        let epoch = isNew ? Epoch(1, of: own.node) : max(own.seen, other.seen)
        let order = own.node == preferred ? [own, other] : [other, own]
        for survey in order where !survey.isJoined { add(.join(epoch), on: survey.node) }
        self.tasks = tasks
    }

    private static func obstacles(_ own: SetupSurvey, _ other: SetupSurvey) -> [String] {
        var obstacles = [own, other].flatMap { survey in survey.obstacles.map { "\(survey.node): \($0)" } }
        guard let disk = own.disk, let otherDisk = other.disk, disk != otherDisk else { return obstacles }
        let sizes = "\(own.node)'s has \(disk), \(other.node)'s \(otherDisk)"
        if own.copy != .data, other.copy != .data {
            obstacles.append("the disks are not of one size: \(sizes); give both nodes disks or partitions of the same")
        } else if own.copy == .data ? otherDisk < disk : disk < otherDisk {
            obstacles.append("the new disk is smaller than the one that holds the data: \(sizes)")
        }
        return obstacles
    }
}
