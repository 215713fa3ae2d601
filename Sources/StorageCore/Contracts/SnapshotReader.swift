/// A pool whose snapshots can be read while their volume goes on being written, without a cost to that worth speaking of.
package protocol SnapshotReader: Sendable {
    /// Ensures that the snapshot has a block device, which is only to be read, and answers it. `notFound` if there is no such snapshot.
    func activate(_ snapshot: SnapshotReference) async throws(StorageError) -> DevicePath
}
