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
    private let isToBeOpen = Mutex(false)
    private let keeping = Mutex<Task<Void, Never>?>(nil)

    /// `connections` is the file on the replicated storage in which the connections are kept.
    package init(
        address: ClientAddress, ports: Set<UInt16>, nfsPort: UInt16, connections: String, toolbox: Toolbox,
        runner: any CommandRunner, logger: Logger
    ) throws(StorageError) {
        do throws(HostError) { ss = try toolbox.require(.ss) } catch { throw StorageError(.unavailable, "\(error)") }
        self.address = address
        gate = try ServiceGate(address: address, ports: ports, toolbox: toolbox, runner: runner)
        keeper = ConnectionKeeper(address: address, ports: [nfsPort], file: connections)
        self.runner = runner
        self.logger = logger
    }

    /// Lets clients in, and makes those of the node that served before connect anew at once.
    package func open() async throws(StorageError) {
        try await set(isOpen: true)
        let isKeeping = keeping.withLock { $0 != nil }
        guard !isKeeping else { return }
        // They would come by themselves, only later.
        do throws(StorageError) { try keeper.wake() } catch { logger.warning("\(error)") }
        keeping.withLock { [keeper, logger] task in
            task = Task { await keeper.keep { logger.warning("\($0)") } }
        }
    }

    /// Lets nobody in, and ends the connections without a word to the clients, who so wait and do not fail.
    package func close() async throws(StorageError) {
        try await set(isOpen: false)
        let task = keeping.withLock { task in
            defer { task = nil }
            return task
        }
        task?.cancel()
        await task?.value
        do throws(HostError) {
            try await runner.output(
                of: Invocation(ss, ["--kill", "--no-header", "state", "connected", "src", "\(address)"]))
        } catch {
            logger.warning("connections to \(address) could not be ended: \(error)")
        }
    }

    /// What is so before the program knows anything else.
    package func shut() async throws(StorageError) { try await set(isOpen: false) }

    /// Ensures once more that they are closed, if they are to be: others change the host's rules too.
    package func keepShut() async throws(StorageError) {
        guard !isToBeOpen.withLock({ $0 }) else { return }
        try await gate.set(isOpen: false)
        // What was asked for meanwhile counts.
        if isToBeOpen.withLock({ $0 }) { try await gate.set(isOpen: true) }
    }

    private func set(isOpen: Bool) async throws(StorageError) {
        isToBeOpen.withLock { $0 = isOpen }
        try await gate.set(isOpen: isOpen)
    }
}
