import HostTools
import Logging
import StorageCore
import Synchronization

/// The service's ports at its address, with the clients' connections.
package final class ServicePort: Sendable {
    package static let requiredTools: [ToolName] = ServiceGate.requiredTools + [.ss]

    private let address: ClientAddress
    private let gate: ServiceGate
    private let keeper: ConnectionKeeper
    private let ss: Tool
    private let runner: any CommandRunner
    private let logger: Logger
    private let mandate: MandateKeeper?
    private let aim = Mutex(Aim.closed)
    private let turn = Mutex<Task<Result<Void, StorageError>, Never>?>(nil)
    private let keeping = Mutex<Task<Void, Never>?>(nil)

    private enum Aim { case closed, draining, open }

    /// `connections` is the file on the replicated storage in which the connections are kept. The ports are open for as long as the
    /// mandate lasts, where there is one.
    package init(
        address: ClientAddress, ports: Set<UInt16>, nfsPort: UInt16, connections: String, mandate: MandateKeeper?,
        toolbox: Toolbox, runner: any CommandRunner, logger: Logger
    ) throws(StorageError) {
        do throws(HostError) { ss = try toolbox.require(.ss) } catch { throw StorageError(.unavailable, "\(error)") }
        self.address = address
        gate = try ServiceGate(address: address, ports: ports, toolbox: toolbox, runner: runner)
        self.mandate = mandate
        keeper = ConnectionKeeper(address: address, ports: [nfsPort], file: connections)
        self.runner = runner
        self.logger = logger
    }

    /// What an earlier life of the program has opened is to stay so.
    package func adopt() { aim.withLock { $0 = .open } }

    /// Lets clients in, and makes those of the node that served before connect anew at once.
    package func open() async throws(StorageError) {
        aim.withLock { $0 = .open }
        try await change()
        let isKeeping = keeping.withLock { $0 != nil }
        guard !isKeeping else { return }
        keeping.withLock { [keeper, logger] task in
            task = Task {
                // They would come by themselves, only later.
                do throws(StorageError) { try await keeper.wake() } catch { logger.warning("\(error)") }
                await keeper.keep { logger.warning("\($0)") }
            }
        }
    }

    /// Throws `unavailable` if nobody vouches for this node any more.
    private func opening(isExtending: Bool) throws(StorageError) -> GateOpening {
        switch aim.withLock(\.self) {
        case .closed: return .closed
        case .draining: return .draining
        case .open: break
        }
        guard let mandate else { return .open }
        guard let rest = mandate.rest else {
            throw StorageError(.unavailable, "neither the other node nor the arbiter vouches for this node any more")
        }
        return isExtending ? .extended(rest) : .limited(rest)
    }

    /// Ensures that the ports, if they are to be open, are so for as long as the mandate lasts now, also where they have closed.
    package func extend() async throws(StorageError) {
        guard let mandate, aim.withLock(\.self) == .open else { return }
        do throws(StorageError) {
            try await change(isExtending: true)
        } catch {
            guard mandate.rest != nil else { throw error }
            try await change()
        }
    }

    /// Lets nobody in; what came before is still answered, unless nobody vouches for this node any more. A rename that is done and whose
    /// answer is lost fails when it is asked for again of a server that does not know of it.
    package func drain() async throws(StorageError) {
        let mayAnswer = mandate.map { $0.rest != nil } ?? true
        aim.withLock { $0 = mayAnswer ? .draining : .closed }
        try await change()
        // Who is connected now is whom the next node has to wake: the server's end will end all of them.
        let task = keeping.withLock { task in
            defer { task = nil }
            return task
        }
        task?.cancel()
        await task?.value
    }

    /// Once the server has ended: ends the connections without a word to the clients, who so wait and do not fail.
    package func endConnections() async {
        aim.withLock { if $0 == .draining { $0 = .closed } }
        do throws(HostError) {
            try await runner.output(
                of: Invocation(ss, ["--kill", "--no-header", "state", "connected", "src", "\(address)"]))
        } catch {
            logger.warning("connections to \(address) could not be ended: \(error)")
        }
    }

    /// What is so before the program knows anything else.
    package func shut() async throws(StorageError) {
        aim.withLock { $0 = .closed }
        try await change()
    }

    /// Ensures once more that they are closed, if they are to be: others change the host's rules too.
    package func keepShut() async throws(StorageError) {
        guard aim.withLock(\.self) != .open else { return }
        try await change()
    }

    /// One after the other, each as it is to be when its turn comes. What opens for a time ends before the time that the mandate leaves
    /// unused does.
    private func change(isExtending: Bool = false) async throws(StorageError) {
        let work = turn.withLock { turn in
            let last = turn
            let work = Task { [self] in
                _ = await last?.value
                return await Result { () async throws(StorageError) in
                    let opening = try opening(isExtending: isExtending)
                    try await gate.set(opening, within: opening.isClosed ? .seconds(15) : limit)
                }
            }
            turn = work
            return work
        }
        try await work.value.get()
    }

    private var limit: Duration { mandate.map { $0.term / 4 } ?? .seconds(15) }
}
