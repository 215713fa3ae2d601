import StorageCore

/// What a node of a pair does about the service, as a pure value: what happened goes in, what is to be done comes out. keepalived
/// decides where the address is; this decides where the data is.
///
/// A node serves only under an epoch for which it has evidence that the other does not serve and will not: so there are never two.
/// It serves only data that holds all that any earlier epoch has acknowledged, unless an operator forces it.
package struct FailoverMachine: Sendable, Hashable {
    package enum Event: Hashable, Sendable {
        /// What replication says now.
        case data(DataState)
        /// What this node has of storage that both reach, and under which epoch that was opened last: nobody has served under a higher one.
        case hold(SharedHold)
        /// What keepalived says now.
        case address(AddressState)
        /// The other node's answer; nil if it did not answer in time.
        case peer(PairReport?)
        /// The other node asks whether it may serve; the data was looked at since. `answer` is among what is to be done.
        case claim(Epoch, PairReport)
        /// The other node has let go of the service, and wants this one to take it; the data was looked at since. `answer` is among what is
        /// to be done. It comes again if the answer was lost.
        case takeOver(Epoch, PairReport)
        /// What came of `seek`.
        case evidence(Epoch, EvidenceAnswer)
        /// What came of `promote`; the text is why it failed.
        case promoted(Epoch, failure: String?)
        /// On its way down: the server has ended, and no client hears anything from it any more.
        case silent
        /// What came of `demote`, and what replication says after it; the text is why it failed.
        case demoted(DataState, failure: String?)
        /// What came of `handOver`; nil if the other node did not answer.
        case handedOver(Epoch, isTaken: Bool?)
        /// Nobody vouches any more for it that the other node does not serve.
        case unvouched
        /// A second has passed: what was in the way may be so no more.
        case tick
    }

    package enum Action: Hashable, Sendable {
        /// Written durably before anything that comes after it is done.
        case remember(PairRecord)
        /// Find out that the other node does not serve, and will not.
        case seek(Epoch)
        /// Bring the service up, the open port last. Replication refuses data that is not current, unless an operator forces it.
        case promote(Epoch, isForced: Bool)
        /// Take the service down, the port first. Of what is not up, nothing is to be done. It ends within a deadline, with the last
        /// resort of the configuration if need be.
        case demote
        /// Tell the other node to take the service.
        case handOver(Epoch)
        /// Of `claim` and `takeOver`.
        case answer(isGranted: Bool)
    }

    /// What keepalived is told of this node.
    package enum Fitness: Hashable, Sendable {
        /// It must not have the address.
        case unfit
        case fit
        /// It is to have the address, whatever the priorities.
        case serving
    }

    enum Stage: Hashable, Sendable {
        case resting
        /// It looks for evidence.
        case claiming(Epoch)
        case promoting(Epoch)
        case primary(Epoch)
        case demoting(Ending)
        /// What came down only in part.
        case stuck(String)
    }

    /// Why the service is taken down, and what comes then.
    enum Ending: Hashable, Sendable {
        case handOver
        /// The other node has begun to serve under a higher epoch.
        case superseded
        case failedPromotion
        /// Nobody vouches for this node any more.
        case unvouched
        /// A life of the program that ended on its way.
        case remains
    }

    /// What the program finds of the service when it starts.
    package enum Remains: Hashable, Sendable {
        case nothing
        /// It serves: an earlier life of the program promoted it, and it was not taken down since.
        case service
        case parts
    }

    /// In ticks. What a node has let the other have it does not take by other means for longer than an answer may be on its way.
    package static let grantLasts = 5
    static let patience = 10
    static let addressPatience = 30
    static let answerPatience = 5
    /// Storage that both reach may be heard of again by one a moment before the other.
    static let sharedPatience = 4

    package let node: NodeName
    package internal(set) var record: PairRecord
    var stage = Stage.resting
    package internal(set) var data = DataState.unknown
    package internal(set) var address = AddressState.unknown
    /// What the other node said last, if it answered.
    package internal(set) var peer: PairReport?
    /// Why this node does not serve although it should; for its operator.
    package internal(set) var obstacle: String?
    /// It has let the other node have the service and leaves it and the address to it, for so many ticks at most.
    var promisedTicks = 0
    /// What was in the way is not looked at again for so many ticks.
    var pausedTicks = 0
    /// The other node serves and has the address too: it is left to it for so many ticks at most.
    var leavingTicks = 0
    /// For so many ticks it has served without the address, which the other node has.
    var strandedTicks = 0
    /// For so many ticks its storage has not worked, while the other could serve.
    var failingTicks = 0
    var isMoveAsked = false
    /// What clients asked before the ports were shut is still answered, from the address: for so many ticks at most.
    var answeringTicks = 0
    /// On its way down the server has ended.
    var isSilent = false
    /// The other node has opened the storage since this one did, whether it is heard or not.
    var isShutOut = false
    /// The service belongs to the other node, and goes back to it once that could have had it for `givingBackTicks`.
    let givesBack: Bool
    /// One that cannot let go of the storage is shut out of it by whoever opens it.
    let shutsOut: Bool
    /// By whose word it serves when it does not hear the other.
    let arbiter: String?
    var fitTicks = 0
    /// The other node has been away while this one served: so the service was lost there, and not moved away on purpose.
    var wasOtherAway = false
    /// Twice as long after each time, so that a node that cannot keep it does not get it again and again.
    var givingBackTicks = 30

    /// What is to be done first is in `start`.
    package init(
        node: NodeName, record: PairRecord, remains: Remains, givesBack: Bool = false, shutsOut: Bool = false,
        arbiter: String? = nil
    ) {
        self.node = node
        self.givesBack = givesBack
        self.shutsOut = shutsOut
        self.arbiter = arbiter
        self.record = record
        switch remains {
        case .nothing: stage = .resting
        case .service: stage = .primary(record.served)
        case .parts: stage = .demoting(.remains)
        }
    }

    /// What is to be done before anything has happened.
    package var start: [Action] { stage == .demoting(.remains) ? [.demote] : [] }

    package var role: PairRole {
        switch stage {
        case .promoting: .promoting
        case .primary: .primary
        case .demoting: .demoting
        case .stuck: .fault
        case .resting, .claiming:
            switch data {
            case .failed: .fault
            case .unknown, .outdated: .outdated
            case .current: record.isOutdated || isLeftBehind ? .outdated : .standby
            }
        }
    }

    /// The other node has acknowledged what is not here, and could serve it. A copy that follows another lacks the last of it as a rule,
    /// and leaves the service to the original while that is there.
    private var isLeftBehind: Bool {
        guard let peer, peer.record.isAhead else { return false }
        return data != .current(other: .followed) || !peer.holdsStorage
    }

    package var report: PairReport {
        // What keepalived calls a fault is its own doing while it leaves the address to the other: it could have it.
        let isLeaving = address == .fault && leavingTicks > 0
        return PairReport(
            node: node, role: role, record: record, data: data, address: isLeaving ? .notHeld : address,
            holdsStorage: holdsStorage, arbiter: arbiter, isSilent: isSilent)
    }

    private var holdsStorage: Bool {
        switch stage {
        case .resting, .claiming: false
        case .promoting, .primary, .demoting, .stuck: true
        }
    }

    package var fitness: Fitness {
        switch stage {
        case .primary: .serving
        case .promoting: .fit
        // nfsd ends the connections to an address that goes, and what it was doing for them is done and never answered.
        case .demoting where answeringTicks > 0: .serving
        case .demoting, .stuck: .unfit
        case .resting, .claiming: role == .standby && !leavesAddress ? .fit : .unfit
        }
    }

    /// The other node has been let have it, has it, or is about to.
    private var leavesAddress: Bool { promisedTicks > 0 || leavingTicks > 0 || peer?.role == .promoting }

    package mutating func handle(_ event: Event) -> [Action] {
        var actions: [Action] = []
        let before = record
        switch event {
        case .data(let state): noteData(state)
        case .hold(let hold):
            isShutOut = hold.state == .lost
            record.seen = max(record.seen, hold.epoch)
            // There is one copy, and what was written under that epoch is in it.
            noteData(data)
        case .address(let state): address = state
        case .peer(let report): note(report)
        case .claim(let epoch, let report):
            note(report)
            actions.append(.answer(isGranted: grant(epoch)))
        case .takeOver(let epoch, let report):
            note(report)
            actions += take(epoch)
        case .evidence(let epoch, let answer): actions += weigh(answer, for: epoch)
        case .promoted(let epoch, let failure): actions += end(promotion: epoch, failure)
        case .silent:
            answeringTicks = 0
            isSilent = true
        case .demoted(let state, let failure):
            answeringTicks = 0
            noteData(state)
            actions += end(demotion: failure)
        case .handedOver(let epoch, let isTaken): note(handedOver: epoch, isTaken)
        case .unvouched:
            answeringTicks = 0
            actions += giveUp()
        case .tick: actions += tick()
        }
        actions += next()
        return (record == before ? [] : [.remember(record)]) + actions
    }

    private mutating func noteData(_ state: DataState) {
        data = state
        switch state {
        case .current(other: .same), .current(other: .followed):
            record.isAhead = false
            // What is on both nodes holds all that was ever acknowledged; with files that are copied now and then, all that has to be.
            if !holdsStorage { record.data = max(record.data, record.seen) }
        case .current(other: .outdated): record.isAhead = true
        case .current(other: .unknown), .unknown, .outdated, .failed: break
        }
    }

    /// Where both have the address, because they do not hear each other's adverts, the one that serves keeps it.
    /// Only what it says after this node has got the address counts: it may have ended since it said the last.
    mutating func noteAddresses() {
        guard let peer, peer.role == .primary, peer.address == .held else {
            leavingTicks = 0
            return
        }
        if !holdsStorage, address == .held { leavingTicks = Self.addressPatience }
    }

    private mutating func tick() -> [Action] {
        promisedTicks = max(0, promisedTicks - 1)
        pausedTicks = max(0, pausedTicks - 1)
        leavingTicks = max(0, leavingTicks - 1)
        answeringTicks = max(0, answeringTicks - 1)
        if case .primary = stage, address != .held, peer?.address == .held {
            strandedTicks += 1
        } else {
            strandedTicks = 0
        }
        if case .failed = data, peer?.isFit == true { failingTicks += 1 } else { failingTicks = 0 }
        countToGivingBack()
        guard case .stuck = stage else { return [] }
        // What was in use may be so no more.
        stage = .demoting(.remains)
        return [.demote]
    }

    private mutating func countToGivingBack() {
        guard givesBack, case .primary = stage else {
            (fitTicks, wasOtherAway) = (0, false)
            return
        }
        if peer == nil { wasOtherAway = true }
        guard wasOtherAway, isOtherReady, peer?.isFollowing == true || data == .current(other: .same) else {
            fitTicks = 0
            return
        }
        fitTicks += 1
        guard fitTicks > givingBackTicks else { return }
        givingBackTicks = min(2 * givingBackTicks, 3600)
        isMoveAsked = true
    }

    func isClaiming(_ epoch: Epoch) -> Bool { stage == .claiming(epoch) && role == .standby }

    var isPeerServing: Bool {
        guard let peer, peer.holdsStorage else { return false }
        return !(shutsOut && peer.cannotLetGo)
    }
}
