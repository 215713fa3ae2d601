import HighAvailability
import NodeAPI
import StorageCore

/// An etcd as the arbiter of a pair: one key under a lease says who may serve, another one, without, whose copy alone counts.
actor EtcdArbiter: Arbiter {
    nonisolated let term: Duration
    nonisolated let identity: String
    private let node: NodeName
    private let client: EtcdClient
    private let seconds: Int
    private let holder: String
    private let ahead: String
    private var lease: String?

    /// What one question may take.
    private static let patience = Duration.milliseconds(800)

    init(_ settings: Configuration.Cluster.Arbiter, node: NodeName, address: ClientAddress) {
        self.node = node
        seconds = settings.seconds
        term = .seconds(settings.seconds)
        let prefix = settings.prefix ?? "convert2nfs/\(address)"
        holder = "\(prefix)/primary"
        ahead = "\(prefix)/ahead"
        // Each node may reach it by other addresses.
        identity = "etcd \(prefix) \(settings.seconds)"
        client = EtcdClient(endpoints: settings.endpoints, timeout: Self.patience)
    }

    func hold() async throws(StorageError) -> ArbiterNote {
        let lease = try await currentLease()
        let found = try await client.claim(holder, node.value, lease: lease, reading: ahead)
        guard found.holder.text == node.value else {
            throw StorageError(.conflict, "\(found.holder.text ?? "nobody") has the lease of \(holder) in etcd")
        }
        return try Self.note(found.other)
    }

    func look() async throws(StorageError) -> ArbiterNote { try Self.note(try await client.read(ahead)) }

    private static func note(_ value: EtcdClient.Value) throws(StorageError) -> ArbiterNote {
        ArbiterNote(
            ahead: try value.text.map { name throws(StorageError) in try NodeName(name) }, version: value.revision)
    }

    private func currentLease() async throws(StorageError) -> String {
        // Forgotten until it is known to be there: what fails half-way begins anew.
        if let last = lease {
            lease = nil
            if try await client.keepAlive(last) {
                lease = last
                return last
            }
        }
        let new = try await client.grantLease(seconds: seconds)
        lease = new
        return new
    }

    func release() async throws(StorageError) {
        _ = try await client.set(holder, to: nil, whileKey: holder, has: node.value)
    }

    func write(ahead name: NodeName?, over note: ArbiterNote) async throws(StorageError) {
        let isWritten = try await client.set(
            ahead, to: name?.value, at: note.version, whileKey: holder, has: node.value)
        guard isWritten else {
            throw StorageError(
                .conflict, "this node has not got the lease of \(holder) in etcd, or \(ahead) has changed")
        }
    }

    func close() async { await client.close() }
}
