import StorageCore

/// From what is known to what is done.
extension FailoverMachine {
    /// What the facts want next.
    mutating func next() -> [Action] {
        switch stage {
        case .resting where wantsService:
            let epoch = max(record.seen, peer?.record.seen ?? .none).next
            stage = .claiming(epoch)
            return [.seek(epoch)]
        case .primary(let epoch) where isSuperseded(epoch): return demote(.superseded)
        case .primary where isToMove && peer?.isFit == true: return demote(.handOver)
        default: return []
        }
    }

    private var wantsService: Bool {
        role == .standby && address == .held && !isPeerServing && yieldedTicks == 0 && !pauses
    }

    /// Whoever serves under a higher epoch had evidence that nobody serves under this one.
    private func isSuperseded(_ epoch: Epoch) -> Bool {
        guard let peer else { return false }
        return peer.record.data > epoch || peer.role.holdsStorage && peer.record.seen > epoch
    }

    private var isToMove: Bool {
        if isMoveAsked { return true }
        if case .failed = data { return true }
        return address != .held && peer?.address == .held
    }

    private mutating func demote(_ ending: Ending) -> [Action] {
        isMoveAsked = false
        stage = .demoting(ending)
        return [.demote]
    }

    /// In ticks.
    private static var patience: Int { 10 }

    // MARK: What the other node says

    mutating func note(_ report: PairReport?) {
        peer = report
        guard let report else {
            yieldedTicks = 0
            return
        }
        // What it only let another take, or has tried to take, is not served under.
        let served = report.role.holdsStorage ? report.record.seen : report.record.data
        record.seen = max(record.seen, served)
        // It serves, has tried to, or cannot.
        if report.record.data >= record.seen || !report.isFit && !report.role.holdsStorage { yieldedTicks = 0 }
    }

    /// Whether the other node may have the epoch: not if it would serve without what is here. Of two that claim the same the one with the higher priority goes on.
    mutating func grant(_ claim: PairClaim) -> Bool {
        switch stage {
        case .resting: break
        case .claiming(let own):
            guard claim.epoch > own || claim.epoch == own && claim.priority > priority else { return false }
        // One that is stuck may still have the storage open.
        case .promoting, .primary, .demoting, .stuck: return false
        }
        guard claim.epoch > record.seen, data != .unknown, !record.isAhead else { return false }
        record.seen = claim.epoch
        stage = .resting
        pauses = true
        return true
    }

    mutating func take(_ epoch: Epoch) -> [Action] {
        // It is standby only while it rests or claims.
        guard role == .standby, epoch > record.seen else { return [.answer(isGranted: false)] }
        return [.answer(isGranted: true)] + promote(epoch)
    }

    // MARK: What came of what was done

    mutating func weigh(_ answer: EvidenceAnswer, for epoch: Epoch) -> [Action] {
        // What was let go since, by a grant to the other, is not taken up again.
        guard stage == .claiming(epoch) else { return [] }
        switch answer {
        case .found: return promote(epoch)
        case .refused(let report):
            rest("\(report.node) is \(report.role.rawValue), and lets nobody else serve")
            note(report)
        case .missing(let reason): rest(reason)
        }
        return []
    }

    private mutating func promote(_ epoch: Epoch) -> [Action] {
        record.seen = epoch
        obstacle = nil
        stage = .promoting(epoch)
        return [.promote(epoch)]
    }

    mutating func end(promotion epoch: Epoch, _ failure: String?) -> [Action] {
        guard stage == .promoting(epoch) else { return [] }
        // Nobody else can have served under it.
        record.data = max(record.data, epoch)
        guard let failure else {
            stage = .primary(epoch)
            return []
        }
        obstacle = failure
        stage = .demoting(.failedPromotion)
        return [.demote]
    }

    mutating func end(demotion failure: String?) -> [Action] {
        guard case .demoting(let ending) = stage else { return [] }
        if let failure {
            stage = .stuck(failure)
            obstacle = failure
            return []
        }
        stage = .resting
        pauses = true
        switch ending {
        case .handOver:
            yieldedTicks = Self.patience
            record.seen = max(record.seen, peer?.record.seen ?? .none).next
            return [.handOver(record.seen)]
        // Whoever could do better may try.
        case .failedPromotion: yieldedTicks = peer?.isFit == true ? Self.patience : 0
        case .superseded, .remains: break
        }
        return []
    }

    mutating func note(handedOver epoch: Epoch, _ isTaken: Bool?) {
        guard record.seen == epoch, isTaken != true else { return }
        yieldedTicks = 0
        // It says itself that it has not begun.
        if isTaken == false { record.data = max(record.data, epoch) }
    }

    private mutating func rest(_ reason: String?) {
        stage = .resting
        obstacle = reason
        pauses = true
    }
}
