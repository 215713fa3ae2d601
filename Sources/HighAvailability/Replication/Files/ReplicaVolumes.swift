import HostTools
import StorageCore

/// The volumes of a node whose files are replicated, whether it serves or not.
package protocol ReplicaVolumes: Sendable {
    /// Ensures that they are mounted and can be changed while the node does not serve.
    func begin() async throws(StorageError)

    /// Ensures that nothing but the service changes them.
    func end() async throws(StorageError)

    /// Those that are whole.
    func list() async throws(StorageError) -> [Volume]

    /// Its path, held: the volume's own filesystem is mounted there, and stays so. Throws `unavailable` if it is not.
    func hold(_ volume: Volume) async throws(StorageError) -> HeldDirectory

    /// Ensures that all that was written to the volume is on its disk.
    func sync(_ directory: HeldDirectory, of volume: Volume) async throws(StorageError)

    /// Shows the volume as it is in this moment, for as long as it takes to copy it; answers the directory, which is in the way of nothing, or nil where that
    /// cannot be had at little cost. What was shown of the volume before is so no more.
    func freeze(_ volume: Volume) async throws(StorageError) -> String?

    /// Ensures that it is shown so no more.
    func release(_ volume: Volume) async

    /// The same of all volumes, also what an earlier life of the program has left.
    func releaseAll() async

    /// Ensures the volume with the identity, the size and the clients that it has on the other node. Throws `conflict` if another has
    /// its name. Answers it as it is here.
    func ensure(_ volume: Volume) async throws(StorageError) -> Volume

    /// Ensures that nothing is left of it.
    func remove(_ volume: Volume) async throws(StorageError)
}
