import HighAvailability
import NodeAPI
import StorageCore

/// An etcd as the arbiter of a pair: one key under a lease says who may serve, another one, without, whose copy alone counts.
actor EtcdArbiter: Arbiter {
    nonisolated let term: Duration
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
        client = EtcdClient(endpoints: settings.endpoints, timeout: Self.patience)
    }

    func hold() async throws(StorageError) -> NodeName? {
        let lease = try await currentLease()
        let found = try await client.claim(holder, node.value, lease: lease, reading: ahead)
        guard found.holder == node.value else {
            throw StorageError(.conflict, "\(found.holder ?? "nobody") has the lease of \(holder) in etcd")
        }
        guard let name = found.other else { return nil }
        return try NodeName(name)
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

    func note(ahead name: NodeName?) async throws(StorageError) {
        guard try await client.set(ahead, to: name?.value, whileKey: holder, has: node.value) else {
            throw StorageError(.conflict, "this node has not got the lease of \(holder) in etcd")
        }
    }

    func close() async { await client.close() }
}
