import FoundationEssentials
import HostTools
import Logging
import StorageCore

/// One node of a pair at work: tells the machine what happens, and does what it says. Events are handled one after the other, and
/// what the machine wants remembered is on the disk before anything else of it is done.
package actor PairDriver {
    /// Writing what is to be remembered blocks.
    private nonisolated let executor = BlockingExecutor(label: "pair")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    nonisolated let parts: PairParts
    nonisolated let logger: Logger
    let clock: any Clock<Duration>
    var machine: FailoverMachine
    var moves: [ServiceMove]
    var replicationState = ReplicationState(data: .unknown, text: "not looked at yet")
    /// What is known of the other node beside what it says.
    var other = OtherNode()
    /// What does not work beside the data, by its name.
    var faults: [String: String] = [:]
    /// What is wrong with where the service address is, as it was looked at last.
    var displaced: String?
    /// How long it took to find out that the other node does not serve, under which epoch.
    var search: (epoch: Epoch, step: ServiceMove.Step)?
    /// A step of the set-up is being done.
    var isSettingUp = false
    /// The same, on this node.
    var isPerforming = false
    /// Made, or found whole, by the set-up.
    var hasGroup = false
    /// It tries to let writes go on that wait.
    var isGoingOn = false
    /// When this node has last answered the other, which may count on it from then on.
    var answeredAt = ContinuousClock.now
    /// It takes over the service that an earlier life of the program left up.
    var isAdopting = false
    /// Replication was ended, since the machine goes down.
    var hasLeft = false
    /// The arbiter is being told that this node's copy alone counts.
    var isGoingAlone = false
    private var told: FailoverMachine.Fitness?
    /// Before it is known whether the service is up, the address stays where it is.
    private var isSettled = false

    /// Reads what earlier lives have left. Throws `unavailable` if that cannot be done.
    package init(
        _ parts: PairParts, clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) throws(StorageError) {
        self.parts = parts
        self.clock = clock
        self.logger = logger
        machine = FailoverMachine(
            node: parts.node, record: try parts.files.readRecord(), remains: .parts, givesBack: parts.givesBack,
            shutsOut: parts.storageShutsOut, arbiter: parts.arbitration?.arbiter.identity)
        moves = parts.files.readHistory()
    }

    // MARK: Its life

    /// Runs until the task is cancelled. The service stays as it is then: the data path outlives the program. What was on its way down
    /// does not keep the address.
    package func run() async {
        defer { if isSettled, machine.role == .demoting { tell(.unfit) } }
        await withTaskGroup { group in
            group.addTask { await self.watchMandate() }
            await settle()
            // The service is left as it is.
            guard !Task.isCancelled else { return }
            isSettled = true
            perform(machine.start)
            group.addTask { await self.watchAddress() }
            group.addTask { await self.watchOther() }
            group.addTask { await self.watchWays() }
            group.addTask { await self.tick() }
            group.addTask { await self.follow() }
        }
    }

    /// A service that an earlier life has left up is taken over as it is; what is left of one goes down.
    private func settle() async {
        await keepUp()
        await lookAtData()
        guard let epoch = parts.files.readMarker(), epoch == machine.record.served, replicationState.isPrimary else {
            return
        }
        isAdopting = true
        defer { isAdopting = false }
        await awaitMandate()
        let passage = await parts.service.raise(Occasion(epoch: machine.record.served))
        // What was given up on the way says nothing of the service.
        guard !Task.isCancelled else { return }
        note(.up, epoch, passage)
        guard passage.failure == nil else { return }
        machine = FailoverMachine(
            node: parts.node, record: machine.record, remains: .service, givesBack: parts.givesBack,
            shutsOut: parts.storageShutsOut, arbiter: parts.arbitration?.arbiter.identity)
        await lookAtData()
    }

    private func tick() async {
        var count = 0
        while (try? await clock.sleep(for: .seconds(1))) != nil {
            count += 1
            if count.isMultiple(of: Self.upkeepTicks) { await keepUp() }
            if !machine.report.holdsStorage, machine.peer?.role == .primary { await parts.following?.hear() }
            await lookAtData()
            handle(.address(await parts.address.look()))
            handle(.tick)
        }
    }

    private func watchAddress() async {
        handle(.address(await parts.address.look()))
        for await _ in parts.address.changes { handle(.address(await parts.address.look())) }
    }

    private func watchOther() async {
        repeat {
            let asked = ContinuousClock.now
            let reply = await parts.peer.send(PairMessage(.report, report: machine.report), within: .seconds(1))
            note(reply, askedAt: asked)
            hear(reply.answer?.report)
            other.isSilent = reply == .silence
            note(fault: reply.refusal.map { "\(parts.otherName) \($0)" }, of: Self.otherNode)
        } while (try? await clock.sleep(for: parts.policy.interval)) != nil
    }

    func hear(_ report: PairReport?) {
        if report != nil { other = OtherNode(heardAt: .now) }
        var report = report
        // What it has served under is for the set-up to take over.
        if isToBeSetUp { report?.record = PairRecord() }
        handle(.peer(report))
    }

    func lookAtData() async {
        replicationState = await look()
        other.note(isConnected: replicationState.isConnected)
        if !isToBeSetUp, let hold = replicationState.hold { handle(.hold(hold)) }
        handle(.data(replicationState.data))
        disownCopied()
    }

    /// A node that copies the other's files has taken that for what counts, also where not all of them are here yet.
    private func disownCopied() {
        guard parts.following != nil, !hasLeft, machine.record.isAhead, !machine.report.holdsStorage else { return }
        if case .outdated = replicationState.data { take { $0.disown() } }
    }

    /// Before the set-up has ended the copy is nobody's to serve, whatever replication says of it.
    private func look() async -> ReplicationState {
        var state = await parts.replication.look()
        if isToBeSetUp { state.data = .failed(Self.notSetUp) }
        if hasLeft {
            state.isParted = false
            if case .current = state.data { state.data = .outdated(Self.left) }
        }
        return state
    }

    // MARK: From events to deeds

    /// Answers whether what the other node asked for is granted. An event whose memory cannot be written has not happened.
    @discardableResult
    func handle(_ event: FailoverMachine.Event) -> Bool { take { $0.handle(event) } ?? false }

    /// Does what `change` of the machine says; nil if it could not be remembered, and so has not happened.
    @discardableResult
    func take(_ change: (inout FailoverMachine) -> [FailoverMachine.Action]) -> Bool? {
        var next = machine
        let actions = change(&next)
        if next.record != machine.record {
            do throws(StorageError) { try parts.files.write(next.record) } catch {
                logger.critical("what this node of the pair may do cannot be kept, so it does nothing new: \(error)")
                return nil
            }
        }
        if next.role != machine.role { logger.notice("this node of the pair is \(next.role.rawValue)") }
        if let obstacle = next.obstacle, obstacle != machine.obstacle { logger.warning("\(obstacle)") }
        machine = next
        return perform(actions)
    }

    @discardableResult
    private func perform(_ actions: [FailoverMachine.Action]) -> Bool {
        var isGranted = false
        for action in actions {
            switch action {
            case .remember: break
            case .answer(let answer): isGranted = answer
            case .seek(let epoch): begin { await $0.seek(epoch) }
            case .promote(let epoch, let isForced): begin { await $0.promote(epoch, isForced) }
            case .demote: begin { await $0.demote() }
            case .handOver(let epoch): begin { await $0.handOver(epoch) }
            }
        }
        tellFitness()
        parts.tellPrimary(summary.primary)
        return isGranted
    }

    private func begin(_ body: @escaping @Sendable (PairDriver) async -> Void) {
        Task { await body(self) }
    }

    private func tellFitness() {
        guard isSettled, machine.fitness != told else { return }
        tell(machine.fitness)
    }

    private func tell(_ fitness: FailoverMachine.Fitness) {
        do throws(StorageError) {
            try parts.address.tell(fitness)
            told = fitness
        } catch {
            logger.error("keepalived could not be told what this node is fit for: \(error)")
        }
    }

    // MARK: Up and down

    private func promote(_ epoch: Epoch, _ isForced: Bool) async {
        if isForced { other.isLeftAlone = true }
        takePartAgain()
        if parts.arbitration?.mandate.rest == nil { await seekMandate() }
        let passage = await parts.service.raise(
            Occasion(epoch: epoch, isForced: isForced, isOtherOff: other.isOff),
            after: search?.epoch == epoch ? search?.step : nil)
        var failure = passage.failure?.message
        if failure == nil {
            do throws(StorageError) { try parts.files.write(marker: epoch) } catch { failure = error.message }
        }
        note(.up, epoch, passage)
        await insist(.promoted(epoch, failure: failure))
    }

    private func demote() async {
        await watching("the service's marker") { () async throws(StorageError) in try parts.files.write(marker: nil) }
        let isToEnd = machine.isToEnd
        let isHandOver = machine.stage == .demoting(.handOver)
        let passage = await parts.service.lower(within: loweringPatience) { await self.handle(.silent) }
        note(.down, nil, passage)
        if isHandOver, passage.failure == nil { await bringOtherUp() }
        if passage.failure == nil { await giveMandateBack() }
        replicationState = await look()
        if isToEnd, passage.failure != nil, replicationState.isPrimary { parts.lastResort() }
        await insist(.demoted(replicationState.data, failure: passage.failure?.message))
    }

    /// What waits for storage that is silent does not end, and need not where whoever opens that next shuts this node out.
    private var loweringPatience: Duration {
        if case .current = replicationState.data { return ServiceStack.patience }
        return parts.storageShutsOut ? .seconds(5) : ServiceStack.patience
    }

    /// What has come of a way up or down is the machine's to know, however long it cannot be written.
    private func insist(_ event: FailoverMachine.Event) async {
        while take({ $0.handle(event) }) == nil {
            guard (try? await clock.sleep(for: .seconds(1))) != nil else { return }
        }
    }

    private func note(_ direction: ServiceMove.Direction, _ epoch: Epoch?, _ passage: Passage) {
        let took = passage.steps.reduce(0) { $0 + $1.milliseconds }
        let move = ServiceMove(
            direction: direction, epoch: epoch, beganAt: Date().timeIntervalSince1970 - Double(took) / 1000,
            steps: passage.steps, failure: passage.failure?.message)
        let steps = passage.steps.map { "\($0.name) \($0.milliseconds) ms" }.joined(separator: ", ")
        let way = direction == .up ? "up" : "down"
        if let failure = passage.failure {
            logger.error("the service did not come \(way) in whole: \(failure) (\(steps))")
        } else {
            logger.notice("the service is \(way): \(steps)", metadata: ["duration": "\(took)ms"])
        }
        moves = (moves + [move]).suffix(PairFiles.historyLength)
        do throws(StorageError) { try parts.files.write(moves) } catch {
            logger.warning("the history of the pair could not be written: \(error)")
        }
    }

    package func status() async -> PairStatus {
        var status = summary
        if let following = parts.following { status.copies = await following.copies }
        return status
    }

    private var summary: PairStatus {
        PairStatus(
            own: machine.report, other: machine.peer, otherName: parts.otherName, preferred: parts.policy.preferred,
            isParted: isParted,
            obstacle: machine.obstacle,
            faults: faults.sorted { $0.key < $1.key }.map(\.value), replication: replicationState.text,
            syncPercent: replicationState.syncPercent, moves: moves)
    }
}
