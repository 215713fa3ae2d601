import Hummingbird
import NodeAPI
import Provisioning

struct CatalogRoute {
    let managers: ManagerSource

    func add(to router: some RouterMethods<some RequestContext>) {
        router.post("/v1/catalog/rebuild") { request, _ in
            try Query.none(request)
            let isDryRun = try RebuildCatalogRequest(body: await Body.json(request)).dryRun
            let rebuild = try await managers.current.rebuild(isDryRun: isDryRun)
            return try Reply.document(RebuildDocument(rebuild, isDryRun: isDryRun))
        }
    }
}

extension RebuildDocument {
    fileprivate init(_ rebuild: Rebuild, isDryRun: Bool) {
        self.init(
            dryRun: isDryRun,
            restored: rebuild.restored.map {
                Restored(
                    key: $0.key, id: $0.id, pool: $0.pool, filesystem: $0.filesystem, capacity: $0.capacity,
                    snapshots: $0.snapshots)
            }, left: rebuild.left.map { Left(resource: $0.resource, pool: $0.pool, reason: $0.reason) })
    }
}
