import StorageCore

/// What goes to the other node, and comes from it.
extension PairDriver: PairNode {
    private static let patience = Duration.seconds(2)

    package func hear(_ message: PairMessage) async -> PairAnswer {
        hear(message.report)
        answeredAt = .now
        defer { answeredAt = .now }
        if isToBeSetUp, message.request.isForMembers {
            return PairAnswer(isGranted: false, report: machine.report, refusal: Self.notSetUp)
        }
        let isGranted: Bool
        switch message.request {
        case .report: isGranted = true
        case .claim(let epoch):
            await lookAtData()
            isGranted = handle(.claim(epoch, message.report))
        case .takeOver(let epoch):
            await lookAtData()
            // It has let go just now.
            parts.arbitration?.mandate.note(askedAt: .now)
            isGranted = handle(.takeOver(epoch, message.report))
        case .outdate: isGranted = await outdate()
        case .survey: return await answerSurvey()
        case .setUp(let step):
            return await answer { (driver) async throws(StorageError) in try await driver.perform(step) }
        case .stake: return PairAnswer(isGranted: true, report: machine.report, stake: stake)
        case .discard: return await answer { (driver) async throws(StorageError) in try await driver.discardOwn() }
        case .copy(let request): return await answer(request)
        case .reconnect:
            return await answer { (driver) async throws(StorageError) in try await driver.parts.replication.reconnect()
            }
        }
        return PairAnswer(isGranted: isGranted, report: machine.report)
    }

    private func answer(
        _ body: (isolated PairDriver) async throws(StorageError) -> Void
    ) async -> PairAnswer {
        do throws(StorageError) { try await body(self) } catch {
            return PairAnswer(isGranted: false, report: machine.report, refusal: error.message)
        }
        return PairAnswer(isGranted: true, report: machine.report)
    }

    /// What the other node answers. Throws `unavailable` if it does not, or has not done it.
    @discardableResult
    func ask(
        _ request: PairMessage.Request, within patience: Duration
    ) async throws(StorageError) -> PairAnswer {
        let reply = await parts.peer.send(PairMessage(request, report: machine.report), within: patience)
        guard let answer = reply.answer else {
            throw StorageError(
                .unavailable,
                "\(parts.otherName) \(reply.refusal ?? "does not answer: see whether its convert2nfsd runs")")
        }
        guard answer.isGranted else {
            throw StorageError(.conflict, "\(parts.otherName): \(answer.refusal ?? "it refuses")")
        }
        return answer
    }

    /// Answers whether this node's copy counts as outdated, and it does not serve.
    private func outdate() async -> Bool {
        guard !machine.report.holdsStorage else { return false }
        do throws(StorageError) { try await parts.replication.outdate() } catch { return false }
        // Marking may have connected it again.
        if hasLeft { try? await parts.replication.leave() }
        await lookAtData()
        return !machine.report.holdsStorage
    }

    package func move() throws(StorageError) -> Outcome {
        try ask { (machine) throws(StorageError) in try machine.move() }
    }

    package func force() throws(StorageError) -> Outcome {
        if machine.role == .primary, replicationState.isSuspended {
            guard machine.peer == nil else {
                throw StorageError(.conflict, "\(parts.otherName) answers, so it is not off; \(FailoverMachine.advice)")
            }
            other.isLeftAlone = true
            letWritesGoOn()
            return .changed
        }
        return try ask { (machine) throws(StorageError) in try machine.force() }
    }

    private func ask(
        _ request: (inout FailoverMachine) throws(StorageError) -> (Outcome, [FailoverMachine.Action])
    ) throws(StorageError) -> Outcome {
        // What it throws has changed nothing.
        var asked = machine
        let (outcome, actions) = try request(&asked)
        let isRemembered = take {
            $0 = asked
            return actions
        }
        guard isRemembered != nil else {
            throw StorageError(.unavailable, "this node cannot keep what it has to remember; see its log")
        }
        return outcome
    }

    // MARK: Evidence

    /// Finds out whether the other node serves: by asking it, or by the fence command, or by what the configuration says.
    func seek(_ epoch: Epoch) async {
        let asked = ContinuousClock.now
        // One that did not answer a moment ago is not waited for where there is another way to make sure.
        let hasAnother = parts.fence != nil || parts.storageShutsOut
        let patience: Duration = other.isSilent && hasAnother ? .milliseconds(200) : .seconds(1)
        let reply = other.isOff ? .silence : await parts.peer.send(claim(epoch), within: patience)
        note(reply, askedAt: asked)
        let found = await weigh(reply, asked: asked, for: epoch)
        search = (epoch, ServiceMove.Step("evidence", since: asked))
        if take({ $0.handle(.evidence(epoch, found)) }) == nil {
            // It may be tried again once there is room.
            handle(.evidence(epoch, .missing("this node cannot keep what it has to remember; see its log")))
        }
    }

    private func claim(_ epoch: Epoch) -> PairMessage { PairMessage(.claim(epoch), report: machine.report) }

    private func weigh(
        _ reply: PeerReply, asked: ContinuousClock.Instant, for epoch: Epoch
    ) async -> EvidenceAnswer {
        switch reply {
        case .answer(let answer):
            if answer.isGranted {
                let age = ContinuousClock.now - asked
                return age < .seconds(FailoverMachine.grantLasts)
                    ? .found(.granted) : .missing("\(parts.otherName) answered too late")
            }
            if parts.storageShutsOut, answer.report.cannotLetGo { return .found(.storage) }
            let isStuck = answer.report.role == .fault && answer.report.holdsStorage
            guard isStuck, parts.fence != nil else { return .refused(answer.report) }
        // It runs, and may serve.
        case .refusal: return .missing("\(parts.otherName) \(reply.refusal ?? "")")
        case .silence: break
        }
        return await weighSilence(reply, asked: asked, for: epoch)
    }

    /// Of a node that does not answer, or is stuck.
    private func weighSilence(
        _ reply: PeerReply, asked: ContinuousClock.Instant, for epoch: Epoch
    ) async -> EvidenceAnswer {
        if other.isOff { return await weighNote() ?? .found(.fenced) }
        // It may have asked for the service itself meanwhile, or been let have it: then it is not to be switched off.
        let isHeard = reply == .silence && other.heardAt.map { $0 > asked } ?? false
        guard machine.isClaiming(epoch), !isHeard else { return .missing("\(parts.otherName) is heard again") }
        var tried = "\(parts.otherName) does not answer"
        // It runs, then, and only its daemon is silent, or is none of this pair's.
        if replicationState.isOtherIdle, reply == .silence {
            return .missing(
                "\(tried), although replication is connected to it: see whether its convert2nfsd runs, and has the same secret"
            )
        }
        if let fence = parts.fence {
            do throws(StorageError) {
                try await switchOff(with: fence)
                return await weighNote() ?? .found(.fenced)
            } catch {
                tried += ", and the fence command failed: \(error.message)"
            }
        }
        if let arbitration = parts.arbitration {
            switch await weighArbiter(for: epoch, arbitration) {
            case .missing(let reason): tried += ", and \(reason)"
            case let found: return found
            }
        }
        if parts.policy.unreachable == .promote {
            other.isLeftAlone = true
            return .found(.policy)
        }
        return .missing(
            "\(tried). If you have made sure that \(parts.otherName) is off: convert2nfs ha promote --other-is-off")
    }

    private func switchOff(with fence: any Fence) async throws(StorageError) {
        logger.warning("\(parts.otherName) is being switched off by the fence command")
        try await fence.run()
        other.isOff = true
        logger.notice("\(parts.otherName) is off")
    }

    // MARK: Going on alone

    package func outdateOther() async -> OutdatedBy? {
        if other.isOff { return .fence }
        if other.isLeftAlone { return .policy }
        let end = ContinuousClock.now + .seconds(20)
        let patience: Duration = other.isSilent && parts.fence != nil ? .seconds(1) : .seconds(5)
        // One that has just been started may do it in a moment.
        while true {
            let reply = await parts.peer.send(PairMessage(.outdate, report: machine.report), within: patience)
            // It runs: it is not switched off for what keeps both apart.
            if case .refusal = reply { return nil }
            guard let answer = reply.answer else { break }
            if answer.isGranted { return .itself }
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .seconds(1))) != nil else { return nil }
        }
        if let fence = parts.fence {
            do throws(StorageError) {
                try await switchOff(with: fence)
                return .fence
            } catch {
                guard parts.arbitration != nil else { return nil }
            }
        }
        if let arbitration = parts.arbitration { return await outdateByArbiter(arbitration) }
        // Without means to make sure, the other node serves only by an operator, or by the same written policy.
        return .policy
    }

    func handOver(_ epoch: Epoch) async {
        for _ in 0..<3 {
            // That vouches for the other node from the moment at which it hears of it.
            defer { answeredAt = .now }
            answeredAt = .now
            let reply = await parts.peer.send(
                PairMessage(.takeOver(epoch), report: machine.report), within: Self.patience)
            if let answer = reply.answer {
                handle(.handedOver(epoch, isTaken: answer.isGranted))
                hear(answer.report)
                return
            }
        }
        handle(.handedOver(epoch, isTaken: nil))
    }
}
