import Hummingbird
import NodeAPI
import Provisioning
import StorageCore

/// What probes ask; no token is needed.
struct HealthRoutes {
    let manager: VolumeManager

    func add(to router: some RouterMethods<some RequestContext>) {
        router.get("/") { _, _ in try Reply.document(HealthDocument()) }
        router.get("/livez") { _, _ in try Reply.document(HealthDocument()) }
        router.get("/readyz") { _, _ in
            guard manager.isReady else {
                // Not thrown: a probe that asks every second is no event for the log.
                return try Reply.problem(
                    StorageError(.unavailable, "the node is starting: volumes are being mounted and exported"))
            }
            return try Reply.document(HealthDocument())
        }
    }
}
