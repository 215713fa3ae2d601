import StorageCore

/// In a pair with an arbiter a node serves only as long as somebody vouches for it: what cuts it off from both has it let go, before the
/// other node can begin.
extension PairDriver {
    private static let arbiter = "the arbiter"
    private static let pause = Duration.seconds(1)

    func watchMandate() async {
        guard let arbitration = parts.arbitration else { return }
        repeat {
            guard isUp else { continue }
            // Before anything that takes time.
            if arbitration.mandate.rest == nil { handle(.unvouched) }
            await seekMandate()
            guard isUp, arbitration.mandate.rest != nil else { continue }
            await watching("the ports' time") { () async throws(StorageError) in try await arbitration.extend() }
        } while (try? await clock.sleep(for: Self.pause)) != nil
    }

    private var isUp: Bool { machine.role == .primary || machine.role == .promoting || isAdopting }

    /// Asks the arbiter, and tells it whether this node's copy alone counts.
    func seekMandate() async {
        guard let (arbiter, mandate) = parts.arbitration.map({ ($0.arbiter, $0.mandate) }) else { return }
        let asked = ContinuousClock.now
        if other.isOff || other.isLeftAlone { mandate.note(askedAt: asked) }
        await watching(Self.arbiter) { () async throws(StorageError) in
            let note = try await arbiter.hold()
            mandate.note(askedAt: asked)
            try await keep(note, arbiter)
        }
    }

    /// While it serves, what is written down is so: its own name while the other lacks something, and none once both are known to be the same.
    /// In between, as while writes wait for what is being written down, it stays. Another's name is overwritten by an operator's
    /// word only.
    private func keep(_ note: ArbiterNote, _ arbiter: any Arbiter) async throws(StorageError) {
        guard machine.role == .primary else { return }
        switch replicationState.data {
        case .current(other: .same) where note.ahead != nil && !isGoingAlone:
            try await arbiter.write(ahead: nil, over: note)
        // Files follow a moment behind all the time: that is no reason for the other not to begin.
        case .current(other: .outdated) where parts.following != nil:
            if note.ahead != nil { try await arbiter.write(ahead: nil, over: note) }
        case .current(other: .outdated) where note.ahead == nil || other.isLeftAlone && note.ahead != parts.node:
            try await arbiter.write(ahead: parts.node, over: note)
        case .current, .outdated, .unknown, .failed: break
        }
    }

    /// Of a service that an earlier life left up nothing is known but that the ports close with that life's mandate: whoever answers
    /// vouches. Returns without one after a term.
    func awaitMandate() async {
        guard let arbitration = parts.arbitration else { return }
        let end = ContinuousClock.now + arbitration.arbiter.term
        while arbitration.mandate.rest == nil, ContinuousClock.now < end {
            let asked = ContinuousClock.now
            let reply = await parts.peer.send(PairMessage(.report, report: machine.report), within: .seconds(1))
            note(reply, askedAt: asked)
            if arbitration.mandate.rest == nil { await seekMandate() }
            if arbitration.mandate.rest == nil { try? await Task.sleep(for: .milliseconds(200)) }
        }
    }

    /// The other node has vouched for this one by its answer, if it keeps to the same arbiter.
    func note(_ reply: PeerReply, askedAt instant: ContinuousClock.Instant) {
        guard let arbitration = parts.arbitration, let report = reply.answer?.report, !report.holdsStorage,
            report.arbiter == arbitration.arbiter.identity
        else { return }
        arbitration.mandate.note(askedAt: instant)
    }

    /// Lets the other node have the lease at once, unless this one serves by it meanwhile.
    func giveMandateBack() async {
        guard let arbiter = parts.arbitration?.arbiter, !isUp else { return }
        do throws(StorageError) { try await arbiter.release() } catch {
            logger.warning("the arbiter's lease ends by itself only: \(error)")
        }
    }

    /// What was written down of this node's data, that it alone counts, is so no more.
    func disownNote() async {
        guard let arbiter = parts.arbitration?.arbiter else { return }
        do throws(StorageError) {
            let note = try await arbiter.look()
            if note.ahead == parts.node { try await arbiter.write(ahead: nil, over: note) }
        } catch {
            logger.warning("the arbiter still has it that this node has gone on alone: \(error)")
        }
    }

    // MARK: Evidence

    /// By the arbiter's word, once the other node cannot count on this one's any more.
    func weighArbiter(for epoch: Epoch, _ arbitration: Arbitration) async -> EvidenceAnswer {
        let (arbiter, began) = (arbitration.arbiter, ContinuousClock.now)
        guard machine.record.otherArbiter == arbiter.identity else {
            return .missing(
                "as far as is known \(parts.otherName) has another arbiter than this node, or none: make cluster.arbiter the same on both"
            )
        }
        while true {
            let asked = ContinuousClock.now
            var pause = arbiter.term / 16
            do throws(StorageError) {
                if let refusal = refusal(try await arbiter.hold()) {
                    await giveMandateBack()
                    return refusal
                }
                arbitration.mandate.note(askedAt: asked)
                let now = ContinuousClock.now
                let rest = answeredAt + arbiter.term - now
                // An answer that took long says little of now.
                if rest <= .zero, now - asked < arbiter.term / 2 { return .found(.arbiter) }
                // The lease is to be this node's when the wait ends, too.
                pause = max(.milliseconds(1), min(rest, arbiter.term / 4, .seconds(1)))
            } catch {
                // The other's lease ends within a term, if it does not renew it.
                guard error.code == .conflict, asked - began < arbiter.term else {
                    return .missing("the arbiter does not let this node serve: \(error.message)")
                }
            }
            guard (try? await Task.sleep(for: pause)) != nil, machine.isClaiming(epoch),
                other.heardAt.map({ $0 < began }) ?? true
            else {
                await giveMandateBack()
                return .missing("\(parts.otherName) is heard again")
            }
        }
    }

    /// Of a node that is off, too, what it wrote alone is lost to whoever begins without it. Nil if it has not.
    func weighNote() async -> EvidenceAnswer? {
        guard let arbiter = parts.arbitration?.arbiter else { return nil }
        do throws(StorageError) { return refusal(try await arbiter.look()) } catch {
            return .missing(
                "\(parts.otherName) is off, and the arbiter does not say whether it has gone on alone: \(error.message). If it has not: "
                    + "convert2nfs ha promote --other-is-off")
        }
    }

    private func refusal(_ note: ArbiterNote) -> EvidenceAnswer? {
        guard let ahead = note.ahead, ahead != parts.node else { return nil }
        return .missing(
            "\(ahead) has gone on alone, so its data is newer than this node's. Bring it back. What it wrote is given up by: "
                + "convert2nfs ha promote --other-is-off")
    }

    /// Nil if the arbiter has not got it in writing, or has the other's name.
    func outdateByArbiter(_ arbitration: Arbitration) async -> OutdatedBy? {
        // Whatever was seen of the data before is not what is so then.
        isGoingAlone = true
        defer { isGoingAlone = false }
        let asked = ContinuousClock.now
        do throws(StorageError) {
            let note = try await arbitration.arbiter.hold()
            if refusal(note) != nil { return nil }
            // Written anew where it is there already, so that nothing that is on its way takes it away.
            try await arbitration.arbiter.write(ahead: parts.node, over: note)
        } catch { return nil }
        arbitration.mandate.note(askedAt: asked)
        await lookAtData()
        return .arbiter
    }
}
