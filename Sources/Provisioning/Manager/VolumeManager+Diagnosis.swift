import Catalog
import StorageCore

/// For who finds out what is wrong: the same eyes as the reconciler's.
extension VolumeManager {
    /// What the catalog wants and what the node has.
    package func observation() async throws(StorageError) -> Observation { try await observer.look() }

    /// What the NFS server says it serves. `unavailable` if it does not run.
    package func observedExports() async throws(StorageError) -> [ObservedExport] { try await exports.observed() }

    /// Lets `client` read and write the volume over NFS for as long as `body` takes, `patience` at most; then its clients are
    /// those of the catalog again, whatever came of it, and after a crash the reconciler makes them so. Nil if `body` took
    /// longer: it goes on, and fails.
    ///
    /// A rule for a single address comes before those of networks, so a volume that names `client` itself, or a network with
    /// it, serves it meanwhile with this rule; nobody else's access changes.
    ///
    /// Throws `notFound` if there is no such volume, `busy` if something works on it or it is not served, and what the NFS
    /// server throws.
    package func lending<Value: Sendable>(
        _ key: VolumeKey, to client: ClientAddress, patience: Duration,
        _ body: @escaping @Sendable () async -> Value
    ) async throws(StorageError) -> Value? {
        // Not ended by the end of the caller: the rule has to go.
        let work = Task { () async -> Result<Value?, StorageError> in
            do throws(StorageError) {
                return .success(try await self.lend(key, to: client, patience: patience, body))
            } catch {
                return .failure(error)
            }
        }
        return try await work.value.get()
    }

    private func lend<Value: Sendable>(
        _ key: VolumeKey, to client: ClientAddress, patience: Duration,
        _ body: @escaping @Sendable () async -> Value
    ) async throws(StorageError) -> Value? {
        guard lock.tryAcquire(key) else {
            throw StorageError(.busy, "something works on it; ask again when that has ended", resource: key.resource)
        }
        defer { lock.release([key]) }
        let volume = try await volume(key)
        guard volume.phase.isServed else {
            throw StorageError(.busy, "it is not served: its phase is \(volume.phase.rawValue)", resource: key.resource)
        }
        var lent = volume
        lent.clients = try ClientRule.normalized(
            volume.clients.filter { $0.address != client } + [ClientRule(address: client, access: .readWrite)])
        return try await exports.lend(lent.export, insteadOf: volume.export, patience: patience, body)
    }
}
