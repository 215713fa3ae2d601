import StorageCore

/// The way to the other node of a pair.
package protocol PairPeer: Sendable {
    func send(_ message: PairMessage, within patience: Duration) async -> PeerReply

    /// The addresses of it by which no answer to `message`, which only asks, comes in time, while one comes by another.
    func silentWays(_ message: PairMessage, within patience: Duration) async -> [String]
}

/// What comes of asking the other node.
package enum PeerReply: Hashable, Sendable {
    case answer(PairAnswer)
    /// Its program runs, and does not take this node for the other one of its pair; the text says why.
    case refusal(String)
    /// Nothing came in time.
    case silence

    package var answer: PairAnswer? {
        switch self {
        case .answer(let answer): answer
        case .refusal, .silence: nil
        }
    }

    /// What the other node does, for its operator.
    var refusal: String? {
        switch self {
        case .refusal(let reason): "does not take this node for the other one of its pair: \(reason)"
        case .answer, .silence: nil
        }
    }
}

/// Where a node of a pair reads whether it has the service address, and says whether it may.
package protocol AddressHolder: Sendable {
    /// Ensures that keepalived runs with our settings. Called again and again, since it may end.
    func start() async throws(StorageError)

    /// Why `start` cannot be done before an operator has seen to something; nil if nothing is known to be in the way.
    func obstacle() -> String?

    /// What is so now.
    func look() async -> AddressState

    /// When it may have changed; ends with the program.
    var changes: AsyncStream<Void> { get }

    /// Tells it of this node, durably enough for the next life of the program, not for the next boot.
    func tell(_ fitness: FailoverMachine.Fitness) throws(StorageError)
}

/// What vouches for it that the other node is off.
package protocol Fence: Sendable {
    /// Ends well once it is. Throws with what the command said.
    func run() async throws(StorageError)
}

/// What a node of a pair is made of.
package struct PairParts: Sendable {
    package var node: NodeName
    package var otherName: NodeName
    package var peer: any PairPeer
    package var replication: any Replication
    /// The same, where it is files that are copied; nil where the storage itself is replicated.
    package var following: FileReplication?
    package var address: any AddressHolder
    package var fence: (any Fence)?
    /// The storage itself keeps a node from writing that cannot let go of it, once the other opens it.
    package var storageShutsOut: Bool
    /// Nil in a pair without an arbiter, where a node serves until it hears that it is not to.
    package var arbitration: Arbitration?
    package var service: ServiceStack
    /// Ensures once more that no client is let in; called now and then while the service is down, since others change the host's rules
    /// too.
    package var shut: @Sendable () async throws(StorageError) -> Void
    /// Throws with what is wrong with the disk of what moves with the service; called now and then while that is up.
    package var lookAtRoom: @Sendable () async throws(StorageError) -> Void
    /// Nil where the storage is made by hand.
    package var setup: (any NodeSetup)?
    package var files: PairFiles
    package var policy: PairPolicy
    /// Called when this node may still write although the other one serves, or may begin.
    package var lastResort: @Sendable () -> Void
    /// Hears who serves, as far as this node knows, after each event.
    package var tellPrimary: @Sendable (NodeName?) -> Void

    package init(
        node: NodeName, otherName: NodeName, peer: any PairPeer, replication: any Replication,
        following: FileReplication? = nil, address: any AddressHolder, fence: (any Fence)?,
        storageShutsOut: Bool = false, arbitration: Arbitration? = nil, service: ServiceStack,
        shut: @escaping @Sendable () async throws(StorageError) -> Void,
        lookAtRoom: @escaping @Sendable () async throws(StorageError) -> Void, setup: (any NodeSetup)? = nil,
        files: PairFiles, policy: PairPolicy, lastResort: @escaping @Sendable () -> Void = {},
        tellPrimary: @escaping @Sendable (NodeName?) -> Void
    ) {
        self.node = node
        self.otherName = otherName
        self.peer = peer
        self.replication = replication
        self.following = following
        self.address = address
        self.fence = fence
        self.storageShutsOut = storageShutsOut
        self.arbitration = arbitration
        self.service = service
        self.shut = shut
        self.lookAtRoom = lookAtRoom
        self.setup = setup
        self.files = files
        self.policy = policy
        self.lastResort = lastResort
        self.tellPrimary = tellPrimary
    }
}

extension PairParts {
    /// Whether the service, while it is here, goes back to the other node by itself.
    var givesBack: Bool { policy.failsBack && policy.preferred != node }
}

/// What an operator decides about a pair.
package struct PairPolicy: Hashable, Sendable {
    /// What a node does that may serve, does not reach the other, and has no means to make sure of it.
    package enum Unreachable: String, Sendable, CaseIterable {
        /// It waits for an operator.
        case wait
        /// It serves. In a partition both may serve then, and what one of them acknowledged is lost.
        case promote
    }

    package var unreachable: Unreachable
    /// The node that is to serve while both could.
    package var preferred: NodeName
    /// It gets the service back by itself, once it has caught up and has been well for a while.
    package var failsBack: Bool
    /// How often the other node is asked how it is.
    package var interval: Duration

    package init(
        unreachable: Unreachable, preferred: NodeName, failsBack: Bool = false,
        interval: Duration = .milliseconds(500)
    ) {
        self.unreachable = unreachable
        self.preferred = preferred
        self.failsBack = failsBack
        self.interval = interval
    }
}
