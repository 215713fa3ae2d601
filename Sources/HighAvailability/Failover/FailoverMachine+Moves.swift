import StorageCore

/// From what is known to what is done.
extension FailoverMachine {
    /// What the facts want next.
    mutating func next() -> [Action] {
        switch stage {
        case .resting where wantsService:
            let epoch = highest.next(of: node)
            stage = .claiming(epoch)
            return [.seek(epoch)]
        case .primary(let epoch) where isSuperseded(epoch) || isShutOut: return demote(.superseded)
        case .primary where isToMove && peer?.isFit == true: return demote(.handOver)
        default: return []
        }
    }

    private var wantsService: Bool {
        role == .standby && address == .held && !isPeerServing && promisedTicks == 0 && pausedTicks == 0
    }

    /// No node of the pair is known to have seen a higher one.
    var highest: Epoch { max(record.seen, peer?.record.seen ?? .none) }

    /// Whoever has served under a higher epoch had evidence that nobody serves under this one.
    private func isSuperseded(_ epoch: Epoch) -> Bool { peer.map { $0.record.served > epoch } ?? false }

    private var isToMove: Bool {
        if isMoveAsked { return true }
        if case .failed = data { return failingTicks >= (shutsOut ? Self.sharedPatience : 0) }
        // For more than a moment, in which the address may be on its way here.
        return strandedTicks > 1
    }

    private mutating func demote(_ ending: Ending) -> [Action] {
        isMoveAsked = false
        isSilent = false
        answeringTicks = ending == .handOver && address == .held ? Self.answerPatience : 0
        stage = .demoting(ending)
        return [.demote]
    }

    // MARK: What the other node says

    mutating func note(_ report: PairReport?) {
        peer = report
        noteAddresses()
        guard let report else { return }
        record.otherArbiter = report.arbiter
        record.seen = max(record.seen, report.record.served)
        if report.record.served > record.served { answeringTicks = 0 }
        if hasGivenUp(report) { record.data = max(record.data, record.seen) }
        // It serves under what it was given, or cannot take it any more.
        if report.record.served >= record.seen || !report.isFit && !report.holdsStorage { promisedTicks = 0 }
    }

    /// What the other node wrote counts no more, or never was: what this one has written without it is all that counts.
    private func hasGivenUp(_ report: PairReport) -> Bool {
        guard record.isAhead, case .current = data, case .outdated = report.data else { return false }
        return !report.record.isAhead && !report.holdsStorage
    }

    /// Whether the other node may have the epoch: not if it would serve without what is here. Of two that claim at once the one with
    /// the higher epoch goes on.
    mutating func grant(_ epoch: Epoch) -> Bool {
        switch stage {
        case .resting: break
        case .claiming(let own): guard epoch > own else { return false }
        case .promoting, .primary, .demoting, .stuck: return false
        }
        guard epoch > record.seen, data != .unknown, !record.isAhead else { return false }
        stage = .resting
        promise(epoch)
        return true
    }

    private mutating func promise(_ epoch: Epoch) {
        record.seen = epoch
        promisedTicks = Self.patience
    }

    mutating func take(_ epoch: Epoch) -> [Action] {
        if stage == .promoting(epoch) || stage == .primary(epoch) { return [.answer(isGranted: true)] }
        // It is standby only while it rests or claims.
        guard role == .standby, epoch > record.seen else { return [.answer(isGranted: false)] }
        return [.answer(isGranted: true)] + promote(epoch)
    }

    // MARK: What came of what was done

    mutating func weigh(_ answer: EvidenceAnswer, for epoch: Epoch) -> [Action] {
        // What was let go since, by a grant to the other, is not taken up again.
        guard stage == .claiming(epoch) else { return [] }
        switch answer {
        case .found:
            // Much may have changed while it was looked for.
            guard role == .standby, !isPeerServing, epoch > record.seen else {
                rest(nil)
                return []
            }
            return promote(epoch)
        case .refused(let report):
            rest("\(report.node) is \(report.role.rawValue), and lets nobody else serve")
            note(report)
        case .missing(let reason): rest(reason)
        }
        return []
    }

    private mutating func rest(_ reason: String?) {
        stage = .resting
        obstacle = reason
        pausedTicks = 1
    }

    mutating func promote(_ epoch: Epoch, isForced: Bool = false) -> [Action] {
        // It is this node's alone: nobody else will write under it.
        if !record.isOutdated { record.data = epoch }
        record.seen = epoch
        obstacle = nil
        stage = .promoting(epoch)
        return [.promote(epoch, isForced: isForced)]
    }

    mutating func end(promotion epoch: Epoch, _ failure: String?) -> [Action] {
        guard stage == .promoting(epoch) else { return [] }
        guard let failure else {
            // What was forced is from now on what counts.
            record.data = max(record.data, epoch)
            record.served = epoch
            stage = .primary(epoch)
            return []
        }
        obstacle = failure
        return demote(.failedPromotion)
    }

    mutating func end(demotion failure: String?) -> [Action] {
        guard case .demoting(let ending) = stage else { return [] }
        if let failure {
            stage = .stuck(failure)
            obstacle = failure
            return []
        }
        stage = .resting
        pausedTicks = 1
        switch ending {
        case .handOver where record.isAhead:
            obstacle = "the other node lacks what was written here, so it did not get the service"
        case .handOver:
            guard let peer else { break }
            promise(highest.next(of: peer.node))
            return [.handOver(record.seen)]
        // Whoever could do better may try.
        case .failedPromotion:
            pausedTicks = Self.patience
            promisedTicks = peer?.isFit == true ? Self.patience : 0
        case .unvouched: obstacle = Self.alone
        case .superseded, .remains: break
        }
        return []
    }

    /// It is to end now, whatever that takes: the other node serves, or may begin.
    var isToEnd: Bool {
        switch stage {
        case .demoting(.unvouched), .demoting(.superseded): true
        default: false
        }
    }

    static let alone =
        "this node has let go of the service, since it reaches neither the other node nor the arbiter: see to its network"

    /// A promotion is left to end: its ports do not open, or close by themselves.
    mutating func giveUp() -> [Action] {
        guard case .primary = stage else { return [] }
        return demote(.unvouched)
    }

    mutating func note(handedOver epoch: Epoch, _ isTaken: Bool?) {
        guard record.seen == epoch, isTaken == false else { return }
        // It says itself that it has not begun, and does not.
        promisedTicks = 0
        record.data = max(record.data, epoch)
    }
}
