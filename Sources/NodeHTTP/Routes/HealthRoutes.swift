import Hummingbird
import NodeAPI
import Provisioning
import StorageCore

/// What probes ask; no token is needed.
struct HealthRoutes {
    let managers: ManagerSource

    func add(to router: some RouterMethods<some RequestContext>) {
        router.get("/") { _, _ in try Reply.document(HealthDocument()) }
        router.get("/livez") { _, _ in try Reply.document(HealthDocument()) }
        router.get("/readyz") { _, _ in
            // Not thrown: a probe that asks every second is no event for the log.
            if let problem { return try Reply.problem(problem) }
            return try Reply.document(HealthDocument())
        }
    }

    /// Why the node is not ready; nil if it is.
    private var problem: StorageError? {
        let manager: VolumeManager
        do throws(StorageError) { manager = try managers.current } catch { return error }
        if let problem = manager.serverProblem {
            return StorageError(.unavailable, "the NFS server is not as it should be: \(problem.message)")
        }
        if manager.isReady { return nil }
        return StorageError(.unavailable, "the node is starting: volumes are being mounted and exported")
    }
}
