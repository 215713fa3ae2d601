/// A pool that can take storage which is not ours, and is in use, as that of a volume. Needs root where the real pool does.
///
/// Errors: `unavailable` when the pool does not answer, `internal` for the rest.
package protocol VolumeAdopter: Sendable {
    /// What lies behind the device; nil if it is not of this pool. `conflict`, with the reason, if it is and cannot be a volume's.
    /// Changes nothing.
    func candidate(_ device: DevicePath) async throws(StorageError) -> AdoptionCandidate?

    /// Ensures that the storage carries the volume's identity, and the fsid if it is not the volume's own. The device stays as it
    /// is, name and number, and in use. `conflict` if it carries another volume's by now.
    func adopt(
        _ candidate: AdoptionCandidate, as volume: VolumeIdentity, fsid: ExportFSID
    ) async throws(StorageError) -> Outcome
}

/// Storage that may become a volume's.
package struct AdoptionCandidate: Sendable, Hashable {
    /// As an operator names it: `vg-paas/data`.
    package let name: String
    package let capacity: ByteCount
    /// Whose it is already; nil for what is foreign.
    package let owner: VolumeIdentity?

    package init(name: String, capacity: ByteCount, owner: VolumeIdentity?) {
        self.name = name
        self.capacity = capacity
        self.owner = owner
    }
}
