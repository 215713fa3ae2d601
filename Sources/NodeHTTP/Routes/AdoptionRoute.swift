import Hummingbird
import NodeAPI
import Provisioning

struct AdoptionRoute {
    let managers: ManagerSource

    func add(to router: some RouterMethods<some RequestContext>) {
        router.post("/v1/volumes/{namespace}/{name}/adopt") { request, context in
            try Query.none(request)
            let asked = try AdoptVolumeRequest(body: await Body.json(request))
            let adoption = try await managers.current.adopt(
                context.volumeKey, clients: asked.clients, isDryRun: asked.dryRun)
            return try Reply.document(AdoptionDocument(adoption, isDryRun: asked.dryRun))
        }
    }
}

extension AdoptionDocument {
    fileprivate init(_ adoption: Adoption, isDryRun: Bool) {
        self.init(
            dryRun: isDryRun, changed: adoption.outcome == .changed, key: adoption.key, id: adoption.id,
            pool: adoption.pool, filesystem: adoption.filesystem, capacity: adoption.capacity, path: adoption.path,
            storage: adoption.storage, fsid: adoption.fsid, squash: adoption.squash, clients: adoption.clients,
            changes: adoption.changes, retired: adoption.retired.map { Line(file: $0.file, text: $0.text) })
    }
}
