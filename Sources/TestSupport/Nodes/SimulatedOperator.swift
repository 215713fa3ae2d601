import StorageCore
import Synchronization

/// What an operator has mounted and exported by hand, to be adopted: one filesystem on the devices of a `SimulatedNode`. Its
/// changing calls go through the node's fault plan.
package final class SimulatedOperator: OperatorExports, MountAdopter, VolumeAdopter {
    private struct State {
        var owner: VolumeIdentity?
        var export: OperatorExport
    }

    private let node: SimulatedNode
    private let plan: FaultPlan
    private let capacity: ByteCount
    private let state: Mutex<State>

    package init(on node: SimulatedNode, capacity: ByteCount, export: OperatorExport) {
        self.node = node
        plan = node.plan
        self.capacity = capacity
        state = Mutex(State(owner: nil, export: export))
    }

    /// Whose the storage is marked as.
    package var owner: VolumeIdentity? { state.withLock { $0.owner } }
    package var lines: [OperatorExport.Line] { state.withLock { $0.export.lines } }

    package func adoptable(at path: MountPath) async throws(StorageError) -> DevicePath {
        guard let device = try await node.filesystem.mounted(at: path) else {
            throw StorageError(.notFound, "nothing is mounted at \(path)")
        }
        return device
    }

    package func candidate(_ device: DevicePath) async throws(StorageError) -> AdoptionCandidate? {
        AdoptionCandidate(name: "vg/data", capacity: capacity, owner: owner)
    }

    package func adopt(
        _ candidate: AdoptionCandidate, as volume: VolumeIdentity, fsid: ExportFSID
    ) async throws(StorageError) -> Outcome {
        try await plan.run("adopter.adopt") { () async throws(StorageError) in
            state.withLock { state in
                defer { state.owner = volume }
                return state.owner == volume ? .unchanged : .changed
            }
        }
    }

    package func survey(_ path: MountPath, filesystem: VolumeID) async throws(StorageError) -> OperatorExport {
        state.withLock { $0.export }
    }

    package func retire(_ path: MountPath) async throws(StorageError) -> [OperatorExport.Line] {
        try await plan.run("exports.retire") { () async throws(StorageError) in
            state.withLock { state in
                let export = state.export
                state.export = export.withoutLines
                return export.lines
            }
        }
    }
}

extension OperatorExport {
    fileprivate var withoutLines: OperatorExport {
        OperatorExport(
            fsid: fsid, squash: squash, clients: clients, unnamed: unnamed, unserved: unserved, changes: changes,
            lines: [])
    }
}
