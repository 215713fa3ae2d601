import StorageCore

/// In a pair with an arbiter a node serves only as long as somebody vouches for it: what cuts it off from both has it let go, before the
/// other node can begin.
extension PairDriver {
    private static let arbiter = "the arbiter"
    private static let pause = Duration.seconds(1)

    func watchMandate() async {
        guard let arbitration = parts.arbitration else { return }
        repeat {
            guard machine.role == .primary || machine.role == .promoting else { continue }
            await seekMandate()
            if arbitration.mandate.rest == nil {
                handle(.unvouched)
            } else if machine.role == .primary {
                await watching("the ports' time") { () async throws(StorageError) in try await arbitration.extend() }
            }
        } while (try? await clock.sleep(for: Self.pause)) != nil
    }

    /// Asks the arbiter, and tells it whether this node's copy alone counts.
    func seekMandate() async {
        guard let (arbiter, mandate) = parts.arbitration.map({ ($0.arbiter, $0.mandate) }) else { return }
        let asked = ContinuousClock.now
        if other.isOff || other.isLeftAlone { mandate.note(askedAt: asked) }
        await watching(Self.arbiter) { () async throws(StorageError) in
            let ahead = try await arbiter.hold()
            mandate.note(askedAt: asked)
            guard case .primary = machine.role else { return }
            let own = machine.record.isAhead ? parts.node : nil
            if ahead != own { try await arbiter.note(ahead: own) }
        }
    }

    /// The other node has vouched for this one by its answer.
    func note(_ reply: PeerReply, askedAt instant: ContinuousClock.Instant) {
        guard let report = reply.answer?.report, !report.holdsStorage else { return }
        parts.arbitration?.mandate.note(askedAt: instant)
    }

    /// Lets the other node have the lease at once.
    func giveMandateBack() async {
        guard let arbiter = parts.arbitration?.arbiter else { return }
        do throws(StorageError) { try await arbiter.release() } catch {
            logger.warning("the arbiter's lease ends by itself only: \(error)")
        }
    }

    // MARK: Evidence

    /// By the arbiter's word, once the other node cannot count on this one's any more.
    func weighArbiter(for epoch: Epoch, _ arbitration: Arbitration) async -> EvidenceAnswer {
        let (arbiter, began) = (arbitration.arbiter, ContinuousClock.now)
        while true {
            let asked = ContinuousClock.now
            do throws(StorageError) {
                if let ahead = try await arbiter.hold(), ahead != parts.node {
                    await giveMandateBack()
                    return .missing(
                        "\(ahead) has gone on alone, so its data is newer than this node's. Bring it back. What it wrote is given up "
                            + "by: convert2nfs ha promote --other-is-off")
                }
            } catch {
                return .missing("the arbiter does not let this node serve: \(error.message)")
            }
            arbitration.mandate.note(askedAt: asked)
            let rest = answeredAt + arbiter.term - .now
            if rest <= .zero { return .found(.arbiter) }
            // The lease is to be this node's when the wait ends, too.
            guard (try? await Task.sleep(for: min(rest, arbiter.term / 4))) != nil, machine.isClaiming(epoch),
                other.heardAt.map({ $0 < began }) ?? true
            else {
                await giveMandateBack()
                return .missing("\(parts.otherName) is heard again")
            }
        }
    }

    /// Nil if the arbiter has not got it in writing.
    func outdateByArbiter(_ arbitration: Arbitration) async -> OutdatedBy? {
        let asked = ContinuousClock.now
        do throws(StorageError) {
            _ = try await arbitration.arbiter.hold()
            try await arbitration.arbiter.note(ahead: parts.node)
        } catch { return nil }
        arbitration.mandate.note(askedAt: asked)
        return .arbiter
    }
}
