import Provisioning
import ServiceLifecycle

/// Wakes the reconciler when the NFS server ends, so that it is back in a moment and not at the next look.
struct ServerWatch: Service {
    let exits: AsyncStream<Void>
    let reconciler: Reconciler

    func run() async throws {
        for await _ in exits.cancelOnGracefulShutdown() { reconciler.serverHasEnded() }
    }
}
