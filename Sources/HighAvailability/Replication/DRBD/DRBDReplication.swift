import HostTools
import StorageCore
import Synchronization

/// A resource of DRBD with one device, of the 8.4 series that kernels bring along (drbdadm(8)). Needs root.
package struct DRBDReplication: Replication {
    package static let requiredTools: [ToolName] = [.drbdadm, .drbdsetup, .modprobe]

    let resource: String
    private let minor: Int
    let drbdadm: Tool
    private let drbdsetup: Tool
    private let modprobe: Tool
    private let runner: any CommandRunner
    private let reconnection = Reconnection()

    /// Whether it may be this node, and not DRBD, that has ended a connection and not begun it anew: of an earlier life of the program
    /// nobody knows.
    private final class Reconnection: Sendable { let isDue = Mutex(true) }

    package init(
        resource: String, minor: Int, toolbox: Toolbox, runner: any CommandRunner
    ) throws(StorageError) {
        do throws(HostError) {
            drbdadm = try toolbox.require(.drbdadm)
            drbdsetup = try toolbox.require(.drbdsetup)
            modprobe = try toolbox.require(.modprobe)
        } catch {
            throw StorageError(.unavailable, "\(error)")
        }
        self.resource = resource
        self.minor = minor
        self.runner = runner
    }

    package func start() async throws(StorageError) {
        if let found = try status() {
            // Where both went different ways DRBD refuses once more.
            if found.connection == .standAlone, reconnection.isDue.withLock(\.self) { try await connectAgain() }
            reconnection.isDue.withLock { $0 = false }
            return
        }
        try await run(Invocation(modprobe, ["drbd"]), "load DRBD")
        try insistOnSeries()
        do throws(StorageError) { try await drbd("up") } catch {
            // What came of it in part would look like a disk that has failed.
            try? await drbd("down")
            throw error
        }
    }

    package func look() async -> ReplicationState {
        let found: DRBDStatus?
        do throws(StorageError) {
            try insistOnSeries()
            found = try status()
        } catch {
            return ReplicationState(data: .failed(error.message), text: error.message)
        }
        guard let found else {
            let text = "DRBD's resource \(resource) is not up"
            return ReplicationState(data: .failed(text), text: text)
        }
        return ReplicationState(
            data: found.data, isPrimary: found.role == .primary, isConnected: found.peerRole != .unknown,
            isOtherIdle: found.peerRole == .secondary, isSuspended: found.isSuspended,
            isParted: found.connection == .standAlone, difference: found.outOfSync, text: found.text,
            syncPercent: found.syncPercent)
    }

    package func promote(_ occasion: Occasion) async throws(StorageError) {
        let found = try status()
        if found?.role == .primary { return }
        // The loss of a connection to a node that has gone off is noticed only seconds later.
        let seemsThere = (occasion.isOtherOff || occasion.isForced) && found?.peerRole == .primary
        if seemsThere { try await drbd("disconnect", ["--force"]) }
        // It waits for the handler that makes sure of the other copy.
        let promoting = await Result { () async throws(StorageError) in
            try await setRole("primary", occasion.isForced ? ["--force"] : [], deadline: .seconds(90))
        }
        // Nobody is there to be connected with, and clients wait.
        if seemsThere { Task { try? await connectAgain() } }
        try promoting.get()
    }

    package func demote() async throws(StorageError) {
        guard let status = try status(), status.role == .primary else { return }
        // Whoever looks at all devices may have it open for a moment.
        let end = ContinuousClock.now + .seconds(5)
        while true {
            do throws(StorageError) { return try await setRole("secondary") } catch {
                guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(200))) != nil else {
                    throw StorageError(.busy, error.message)
                }
            }
        }
    }

    package func outdate() async throws(StorageError) {
        guard let status = try status() else {
            throw StorageError(.unavailable, "DRBD's resource \(resource) is not up")
        }
        guard status.role != .primary else { throw StorageError(.conflict, "this node may write") }
        if Self.useless.contains(status.disk) { return }
        let tries = status.connection != .standAlone
        // With its connection up, as it may still seem here, DRBD would have nothing to mark.
        if tries { try await drbd("disconnect", ["--force"]) }
        let outdating = await Result { () async throws(StorageError) in try await drbd("outdate") }
        // What is marked is marked, whether it connects now or when it is told to the next time.
        if tries { try? await connectAgain() }
        try outdating.get()
    }

    package func leave() async throws(StorageError) {
        guard let status = try status(), status.connection != .standAlone else { return }
        guard status.role != .primary else { throw StorageError(.conflict, "this node may write") }
        reconnection.isDue.withLock { $0 = true }
        // Both agree that this copy is outdated from now on, if the other node writes (drbdadm(8)).
        try await drbd("disconnect")
    }

    /// If it fails, `start` tries it again.
    func connectAgain() async throws(StorageError) {
        do throws(StorageError) { try await drbd("connect") } catch {
            reconnection.isDue.withLock { $0 = true }
            throw error
        }
    }

    package func resume() async throws(StorageError) { try await drbd("resume-io") }

    /// States of a disk with which no node is promoted.
    static let useless: Set<String> = ["Outdated", "Inconsistent", "Diskless", "Failed", "Detaching"]

    func status() throws(StorageError) -> DRBDStatus? { try proc().flatMap { DRBDStatus(proc: $0, minor: minor) } }

    private func proc() throws(StorageError) -> String? {
        do throws(HostError) { return try ControlFile.read("/proc/drbd") } catch {
            throw StorageError(.unavailable, "DRBD cannot be looked at: \(error)")
        }
    }

    /// Throws `unavailable` where the kernel has a series of DRBD that shows itself elsewhere.
    private func insistOnSeries() throws(StorageError) {
        guard let version = try proc().flatMap(DRBDStatus.version), !version.hasPrefix("8.") else { return }
        throw StorageError(
            .unavailable,
            "this kernel has DRBD \(version), which this program does not know yet: it needs the 8.4 series, which kernels bring along"
        )
    }

    func drbd(
        _ command: String, _ options: [String] = [], deadline: Duration = .seconds(30)
    ) async throws(StorageError) {
        try await run(Invocation(drbdadm, [command] + options + [resource], deadline: deadline), "drbdadm \(command)")
    }

    /// As drbdadm(8) does it, without its look at all configuration, which would take a third of the time that clients wait for this.
    private func setRole(
        _ role: String, _ options: [String] = [], deadline: Duration = .seconds(30)
    ) async throws(StorageError) {
        try await run(
            Invocation(drbdsetup, [role, "\(minor)"] + options, deadline: deadline), "drbdsetup \(role)")
    }

    func run(_ invocation: Invocation, _ what: String) async throws(StorageError) {
        do throws(HostError) { try await runner.output(of: invocation) } catch {
            throw StorageError(.unavailable, "\(what): \(error)")
        }
    }
}

extension DRBDStatus {
    /// For people.
    var text: String {
        let state =
            switch connection {
            case .connected: "connected"
            case .receiving: "receiving"
            case .sending: "sending"
            case .waiting: "waiting for the other node"
            case .standAlone: "standalone: it does not try to connect"
            case .other(let name): name
            }
        return "DRBD \(state), disk \(disk), the other's \(peerDisk)\(isSuspended ? ", writes wait" : "")"
            + (outOfSync == .zero ? "" : ", \(outOfSync) differ")
    }

    var syncPercent: Double? {
        switch connection {
        case .receiving(let percent), .sending(let percent): percent
        case .connected, .waiting, .standAlone, .other: nil
        }
    }
}

extension Result where Failure == StorageError, Success: Sendable {
    /// What came of `body`, to be looked at later.
    init(_ body: () async throws(StorageError) -> Success) async {
        do throws(StorageError) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
