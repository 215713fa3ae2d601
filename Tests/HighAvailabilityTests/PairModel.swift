import HighAvailability
import StorageCore
import Testing

/// Two nodes with their machines, on replication that behaves like DRBD's protocol C with fencing: pure, with every delay, loss and
/// crash chosen by whoever drives it.
struct PairModel {
    enum Link: CaseIterable {
        /// Over which the nodes talk.
        case peer
        case replication
        /// Over which keepalived hears the other, and clients come.
        case adverts
    }

    /// How a node makes sure of another that does not answer.
    enum Means: CaseIterable, CustomTestStringConvertible {
        case fence
        case wait

        var testDescription: String { "\(self)" }
    }

    struct Disk: Hashable {
        enum State { case upToDate, consistent, outdated }
        /// What was written, in its order.
        var writes: [Int] = []
        var state = State.upToDate
        /// It knows durably that the other has less.
        var isPeerOutdated = false
        var isPrimary = false
        /// Writes wait until the other is known not to go on without them.
        var isSuspended = false
    }

    enum Job: Hashable {
        case seek(Epoch)
        case promote(Epoch, isForced: Bool)
        case demote
        case letGo
        case handOver(Epoch)
        /// What came of one of these is on its way back since so many ticks.
        case answer(FailoverMachine.Event, since: Int)
    }

    struct Node {
        let name: NodeName
        let priority: Int
        /// Its way to the clients and to the other's adverts.
        var hasInterface = true
        var machine: FailoverMachine?
        /// What outlives a crash.
        var record = PairRecord()
        var disk = Disk()
        var address = AddressState.notHeld
        var isOpen = false
        var jobs: [Job] = []
    }

    var nodes: [Node]
    var links = Set(Link.allCases)
    /// Whether what one writes is on the other before it is acknowledged.
    private(set) var isConnected = true
    let means: Means
    private var ticks = 0
    private(set) var acknowledged: [Int] = []
    /// What must never be, and was.
    private(set) var faults: [String] = []

    init(means: Means) throws {
        self.means = means
        nodes = [Node(name: try NodeName("a"), priority: 100), Node(name: try NodeName("b"), priority: 50)]
        for index in nodes.indices { boot(index) }
    }

    func other(_ index: Int) -> Int { 1 - index }
    func isUp(_ index: Int) -> Bool { nodes[index].machine != nil }

    // MARK: What happens

    mutating func boot(_ index: Int) {
        guard !isUp(index) else { return }
        begin(index, .nothing)
    }

    /// The program ends and begins again; what it made stays.
    mutating func restart(_ index: Int) {
        guard isUp(index) else { return }
        nodes[index].jobs = []
        begin(index, nodes[index].isOpen ? .service : nodes[index].disk.isPrimary ? .parts : .nothing)
        // What it asks keepalived when it starts.
        send(.address(nodes[index].address), index)
    }

    private mutating func begin(_ index: Int, _ remains: FailoverMachine.Remains) {
        let machine = FailoverMachine(node: nodes[index].name, record: nodes[index].record, remains: remains)
        nodes[index].machine = machine
        perform(machine.start, index)
    }

    mutating func crash(_ index: Int) {
        isConnected = false
        nodes[index].machine = nil
        nodes[index].jobs = []
        nodes[index].isOpen = false
        nodes[index].disk.isPrimary = false
        nodes[index].disk.isSuspended = false
        if nodes[index].disk.state == .upToDate, !nodes[index].disk.isPeerOutdated {
            nodes[index].disk.state = .consistent
        }
        nodes[index].address = .notHeld
    }

    mutating func toggleInterface(_ index: Int) { nodes[index].hasInterface.toggle() }

    mutating func toggle(_ link: Link) {
        links.formSymmetricDifference([link])
        if !links.contains(.replication) { isConnected = false }
    }

    /// One of the slow things a node does comes to its end.
    mutating func finishJob(_ index: Int) {
        guard isUp(index), let job = nodes[index].jobs.first else { return }
        nodes[index].jobs.removeFirst()
        switch job {
        case .seek(let epoch):
            let answer = seek(epoch, index)
            nodes[index].jobs.append(.answer(.evidence(epoch, answer), since: ticks))
        case .promote(let epoch, let isForced): send(.promoted(epoch, failure: promote(isForced, index)), index)
        case .demote:
            nodes[index].jobs.append(.letGo)
            send(.silent, index)
        case .letGo:
            nodes[index].isOpen = false
            nodes[index].disk.isPrimary = false
            nodes[index].disk.isSuspended = false
            send(.demoted(data(index), failure: nil), index)
        case .handOver(let epoch):
            let isTaken = handOver(epoch, index)
            nodes[index].jobs.append(.answer(.handedOver(epoch, isTaken: isTaken), since: ticks))
        case .answer(.evidence(let epoch, .found(.granted)), let since)
        where ticks - since >= FailoverMachine.grantLasts:
            send(.evidence(epoch, .missing("its grant came too late")), index)
        case .answer(let event, _): send(event, index)
        }
    }

    mutating func look(_ index: Int) {
        guard isUp(index) else { return }
        send(.data(data(index)), index)
    }

    mutating func poll(_ index: Int) {
        guard isUp(index) else { return }
        send(.peer(reaches(index) ? nodes[other(index)].machine?.report : nil), index)
    }

    mutating func advertise() {
        let priorities = nodes.indices.map { index -> Int in
            guard let machine = nodes[index].machine, nodes[index].hasInterface else { return 0 }
            switch machine.fitness {
            case .unfit: return 0
            case .fit: return nodes[index].priority
            case .serving: return nodes[index].priority + 150
            }
        }
        for index in nodes.indices where isUp(index) {
            let rival = links.contains(.adverts) ? priorities[other(index)] : 0
            let state: AddressState = priorities[index] == 0 ? .fault : priorities[index] > rival ? .held : .notHeld
            guard nodes[index].address != state else { continue }
            nodes[index].address = state
            send(.address(state), index)
        }
    }

    /// A second passes for both.
    mutating func tick() {
        ticks += 1
        for index in nodes.indices where isUp(index) { send(.tick, index) }
    }

    mutating func move(_ index: Int) {
        guard var machine = nodes[index].machine, let (_, actions) = try? machine.move() else { return }
        nodes[index].machine = machine
        perform(actions, index)
    }

    /// A client writes to whichever node serves it.
    mutating func write(_ number: Int) {
        for index in nodes.indices where nodes[index].isOpen && nodes[index].address == .held {
            guard settleReplication(index), !nodes[index].disk.isSuspended else { continue }
            nodes[index].disk.writes.append(number)
            if isConnected { nodes[other(index)].disk.writes.append(number) }
            acknowledged.append(number)
            return
        }
    }

    // MARK: Replication

    /// Connects what can be connected, and synchronises it: the one that lacks something gets it from the one that went on.
    mutating func connect() {
        guard !isConnected, isUp(0), isUp(1), links.contains(.replication) else { return }
        guard !(nodes[0].disk.isPrimary && nodes[1].disk.isPrimary) else { return }
        let ahead = nodes[0].disk.writes.count < nodes[1].disk.writes.count ? 1 : 0
        let (source, target) = (nodes[ahead].disk, nodes[other(ahead)].disk)
        // Both have what the other lacks (split brain), or one that is in use would have to change.
        guard source.writes.starts(with: target.writes), !target.isPrimary || source.writes == target.writes else {
            return
        }
        nodes[other(ahead)].disk.writes = source.writes
        for index in nodes.indices {
            nodes[index].disk.state = .upToDate
            nodes[index].disk.isPeerOutdated = false
            nodes[index].disk.isSuspended = false
        }
        isConnected = true
    }

    /// What DRBD's fence-peer handler does when a primary loses the other. False if writes wait on.
    private mutating func settleReplication(_ index: Int) -> Bool {
        guard nodes[index].disk.isPrimary else { return false }
        guard !isConnected, !nodes[index].disk.isPeerOutdated else { return true }
        if reaches(index) {
            // It answers and is marked, unless it serves, or has itself gone on alone.
            let rival = nodes[other(index)].disk
            guard !rival.isPrimary, !rival.isPeerOutdated else { return false }
            nodes[other(index)].disk.state = .outdated
        } else if means == .fence {
            crash(other(index))
        }
        // With nothing that vouches for it the other waits for an operator, so this one may go on.
        nodes[index].disk.isPeerOutdated = true
        return true
    }

    private func data(_ index: Int) -> DataState {
        switch nodes[index].disk.state {
        case .upToDate: .current(other: isConnected ? .same : nodes[index].disk.isPeerOutdated ? .outdated : .unknown)
        case .consistent: .outdated("not connected since it started")
        case .outdated: .outdated("the other went on without it")
        }
    }

    // MARK: What nodes do

    private func reaches(_ index: Int) -> Bool { links.contains(.peer) && isUp(other(index)) }

    private mutating func send(_ event: FailoverMachine.Event, _ index: Int) {
        guard var machine = nodes[index].machine else { return }
        let actions = machine.handle(event)
        nodes[index].machine = machine
        perform(actions, index)
    }

    private mutating func perform(_ actions: [FailoverMachine.Action], _ index: Int) {
        for action in actions {
            switch action {
            case .remember(let record): nodes[index].record = record
            case .seek(let epoch): nodes[index].jobs.append(.seek(epoch))
            case .promote(let epoch, let isForced): nodes[index].jobs.append(.promote(epoch, isForced: isForced))
            case .demote:
                nodes[index].isOpen = false
                nodes[index].jobs.append(.demote)
            case .handOver(let epoch): nodes[index].jobs.append(.handOver(epoch))
            case .answer: break
            }
        }
    }

    private mutating func seek(_ epoch: Epoch, _ index: Int) -> EvidenceAnswer {
        let peer = other(index)
        guard let own = nodes[index].machine else { return .missing("it is gone") }
        if reaches(index), var machine = nodes[peer].machine {
            let looked = machine.handle(.data(data(peer)))
            let actions = machine.handle(.claim(epoch, own.report))
            nodes[peer].machine = machine
            perform(looked + actions, peer)
            return actions.contains(.answer(isGranted: true)) ? .found(.granted) : .refused(machine.report)
        }
        guard means == .fence else { return .missing("it does not answer") }
        crash(peer)
        return .found(.fenced)
    }

    private mutating func handOver(_ epoch: Epoch, _ index: Int) -> Bool? {
        let peer = other(index)
        guard reaches(index), let own = nodes[index].machine, var machine = nodes[peer].machine else { return nil }
        let looked = machine.handle(.data(data(peer)))
        let actions = machine.handle(.takeOver(epoch, own.report))
        nodes[peer].machine = machine
        perform(looked + actions, peer)
        return actions.contains(.answer(isGranted: true))
    }

    private mutating func promote(_ isForced: Bool, _ index: Int) -> String? {
        let peer = other(index)
        if isConnected, nodes[peer].disk.isPrimary { return "the other has it open" }
        guard nodes[index].disk.state == .upToDate || isForced else { return "its data is not current" }
        nodes[index].disk.isPrimary = true
        guard settleReplication(index) else {
            nodes[index].disk.isPrimary = false
            return "the other is not outdated"
        }
        nodes[index].isOpen = true
        if nodes[peer].isOpen { faults.append("both serve") }
        let missing = Set(acknowledged).subtracting(nodes[index].disk.writes)
        if !missing.isEmpty { faults.append("\(nodes[index].name) serves without \(missing.count) writes") }
        return nil
    }
}
