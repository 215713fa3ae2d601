/// One step of what makes two nodes a pair. Each ensures what it is about, and is safe to repeat.
package enum SetupStep: Hashable, Sendable, Codable {
    /// DRBD's configuration of the resource.
    case resource
    /// LVM is kept from the disk below the replicated device.
    case filter
    /// The host starts nothing by itself that is the daemon's to start.
    case units
    /// DRBD's metadata on the empty disk.
    case metadata
    /// Replication, on this node.
    case start
    /// Both disks are new, so nothing has to be copied.
    case sameData
    /// The volume group, and the service's own volume in it.
    case group
    /// This node's own volume group.
    case ownGroup
    /// From now on the node may serve: in a pair whose first epoch is this, or is over already.
    case join(Epoch)
}

/// A step that is still to be done, and where; or that was.
package struct SetupTask: Hashable, Sendable, Codable {
    package let node: NodeName
    package let step: SetupStep
    /// For people: "write DRBD's metadata on /dev/sdb".
    package let text: String

    package init(node: NodeName, step: SetupStep, text: String) {
        self.node = node
        self.step = step
        self.text = text
    }
}

/// What a node finds of itself before it is part of a pair.
package struct SetupSurvey: Hashable, Sendable, Codable {
    package enum Copy: String, Sendable, Codable {
        /// Replication is not set up here.
        case none
        /// It is, on a disk that nothing was written to.
        case fresh
        case data
    }

    package var node: NodeName
    /// What an operator has to see to first.
    package var obstacles: [String]
    /// In their order.
    package var tasks: [SetupTask]
    /// The disk's size; nil if it cannot be looked at.
    package var disk: ByteCount?
    package var copy: Copy
    /// This node has made the volume group in this life of its program, or found it whole.
    package var hasGroup: Bool
    /// Each node has a volume group of its own, and what is in it is replicated.
    package var isApart: Bool
    /// The highest epoch it has seen; `none` as long as it is part of no pair.
    package var seen: Epoch

    package init(
        node: NodeName, obstacles: [String] = [], tasks: [SetupTask] = [], disk: ByteCount? = nil, copy: Copy = .none,
        hasGroup: Bool = false, isApart: Bool = false, seen: Epoch = .none
    ) {
        self.node = node
        self.obstacles = obstacles
        self.tasks = tasks
        self.disk = disk
        self.copy = copy
        self.hasGroup = hasGroup
        self.isApart = isApart
        self.seen = seen
    }

    package var isJoined: Bool { seen != .none }
}

/// How far a set-up has come.
package struct SetupProgress: Hashable, Sendable {
    /// What was just done; nil if nothing was left.
    package let done: SetupTask?
    /// What is left, as far as is known now.
    package let rest: [SetupTask]

    package init(done: SetupTask?, rest: [SetupTask]) {
        self.done = done
        self.rest = rest
    }
}
