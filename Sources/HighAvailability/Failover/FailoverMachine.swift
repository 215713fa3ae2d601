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
        /// What keepalived says now.
        case address(AddressState)
        /// The other node's answer; nil if it did not answer in time.
        case peer(PairReport?)
        /// The other node asks whether it may serve. `answer` is among what is to be done.
        case claim(PairClaim, PairReport)
        /// The other node has let go of the service, and wants this one to take it. `answer` is among what is to be done.
        case takeOver(Epoch, PairReport)
        /// What came of `seek`.
        case evidence(Epoch, EvidenceAnswer)
        /// What came of `promote`; the text is why it failed.
        case promoted(Epoch, failure: String?)
        /// What came of `demote`; the text is why it failed.
        case demoted(failure: String?)
        /// What came of `handOver`; nil if the other node did not answer.
        case handedOver(Epoch, isTaken: Bool?)
        /// Some time has passed: what was in the way may be so no more.
        case tick
    }

    package enum Action: Hashable, Sendable {
        /// Written durably before anything that comes after it is done.
        case remember(PairRecord)
        /// Find out that the other node does not serve, and will not.
        case seek(Epoch)
        /// Bring the service up, the open port last.
        case promote(Epoch)
        /// Take the service down, the port first. Of what is not up, nothing is to be done.
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
        /// A life of the program that ended on its way.
        case remains
    }

    /// What the program finds of the service when it starts.
    package enum Remains: Hashable, Sendable {
        case nothing
        /// It serves: an earlier life of the program promoted it, and it was not taken down since.
        case service(Epoch)
        case parts
    }

    package let node: NodeName
    package let priority: Int
    package internal(set) var record: PairRecord
    var stage = Stage.resting
    package internal(set) var data = DataState.unknown
    package internal(set) var address = AddressState.unknown
    /// What the other node said last, if it answered.
    package internal(set) var peer: PairReport?
    /// Why this node does not serve although it should; for its operator.
    package internal(set) var obstacle: String?
    /// It has let go of the service and leaves the address to the other node, for so many ticks at most.
    var yieldedTicks = 0
    /// What was in the way a moment ago is not looked at again before some time has passed.
    var pauses = false
    var isMoveAsked = false

    /// The first thing to be done with one that has `parts` is in `start`.
    package init(node: NodeName, priority: Int, record: PairRecord, remains: Remains) {
        self.node = node
        self.priority = priority
        self.record = record
        switch remains {
        case .nothing: stage = .resting
        case .service(let epoch): stage = .primary(epoch)
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
            case .current: record.isOutdated || peer?.record.isAhead == true ? .outdated : .standby
            }
        }
    }

    package var report: PairReport {
        PairReport(node: node, role: role, record: record, data: data, address: address)
    }

    package var fitness: Fitness {
        switch stage {
        case .primary: .serving
        case .promoting, .claiming: .fit
        case .demoting, .stuck: .unfit
        // Where both have the address, because they do not hear each other's adverts, the one that serves keeps it.
        case .resting: role == .standby && yieldedTicks == 0 && !(isPeerServing && address == .held) ? .fit : .unfit
        }
    }

    package mutating func handle(_ event: Event) -> [Action] {
        var actions: [Action] = []
        let before = record
        switch event {
        case .data(let state): data = state
        case .address(let state): address = state
        case .peer(let report): note(report)
        case .claim(let claim, let report):
            note(report)
            actions.append(.answer(isGranted: grant(claim)))
        case .takeOver(let epoch, let report):
            note(report)
            actions += take(epoch)
        case .evidence(let epoch, let answer): actions += weigh(answer, for: epoch)
        case .promoted(let epoch, let failure): actions += end(promotion: epoch, failure)
        case .demoted(let failure): actions += end(demotion: failure)
        case .handedOver(let epoch, let isTaken): note(handedOver: epoch, isTaken)
        case .tick:
            pauses = false
            yieldedTicks = max(0, yieldedTicks - 1)
        }
        noteCopies()
        actions += next()
        return (record == before ? [] : [.remember(record)]) + actions
    }

    private mutating func noteCopies() {
        switch data {
        case .current(other: .same):
            record.isAhead = false
            // What is on both nodes holds all that was ever acknowledged.
            if !role.holdsStorage { record.data = max(record.data, record.seen) }
        case .current(other: .outdated): record.isAhead = true
        case .current(other: .unknown), .unknown, .outdated, .failed: break
        }
    }

    var isPeerServing: Bool { peer.map { $0.role.holdsStorage } ?? false }
}
