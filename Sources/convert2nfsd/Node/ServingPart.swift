import Catalog
import Logging
import Provisioning
import StorageCore

/// What serves a node's volumes: all the time on a node that is on its own, while it is primary on one of a pair.
struct ServingPart: Sendable {
    let catalog: Catalog
    let manager: VolumeManager
    let reconciler: Reconciler
    let server: StorageNode.Server
    /// Remembers which NFS server serves the volumes.
    let keepChoice: @Sendable () throws(StorageError) -> Void
    let logger: Logger

    /// Lets writes go on that a killed daemon held back, and stops NFS before it unmounts, so that no client holds what
    /// is then unmounted. Answers how many volumes were unmounted, and whether the server goes on with what others export.
    @Sendable func retire() async throws(StorageError) -> (count: Int, serverGoesOn: Bool) {
        do throws(StorageError) {
            try await manager.thawAll()
        } catch {
            // One that cannot be thawed is no reason to leave the others served; unmounting tells what is wrong with it.
            logger.error("a volume's writes could not be let go on: \(error)")
        }
        let serverGoesOn = try await server.stop()
        return (try await manager.unmountAll(), serverGoesOn)
    }
}
