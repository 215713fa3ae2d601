import HighAvailability
import HostTools
import StorageBackends
import StorageCore

/// The Ceph cluster of a pair on shared storage as its arbiter: who cannot reach it cannot serve anyway.
struct CephArbiter: Arbiter {
    let term: Duration
    let identity: String
    private let lease: RBDLease

    /// `toolbox` holds `RBDBackend.requiredTools`.
    init(_ storage: RBDShared, seconds: Int, toolbox: Toolbox) throws(StorageError) {
        term = .seconds(seconds)
        identity = "ceph \(storage.place.path) \(storage.place.prefix) \(seconds)"
        lease = try storage.lease(seconds: seconds, toolbox: toolbox)
    }

    func hold() async throws(StorageError) -> ArbiterNote {
        try await lease.hold()
        return try await look()
    }

    func look() async throws(StorageError) -> ArbiterNote {
        let (text, version) = try await lease.read()
        return ArbiterNote(ahead: text.isEmpty ? nil : try NodeName(text), version: version)
    }

    func release() async throws(StorageError) { try await lease.letGo() }

    func write(ahead node: NodeName?, over note: ArbiterNote) async throws(StorageError) {
        // For a term from now on nobody else has it.
        try await lease.hold()
        try await lease.write(node?.value ?? "", over: note.version)
    }
}
