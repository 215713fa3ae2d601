import Hummingbird
import NodeAPI
import Provisioning
import StorageCore

struct SnapshotRoutes {
    let managers: ManagerSource

    func add(to router: some RouterMethods<some RequestContext>) {
        router.post("/v1/volumes/{namespace}/{name}/snapshots") { request, context in
            try Query.none(request)
            let name = try CreateSnapshotRequest(body: await Body.json(request)).name
            let key = SnapshotKey(volume: try context.volumeKey, name: name)
            return try await Reply.made(managers.current.createSnapshot(key), SnapshotDocument.init)
        }
        router.get("/v1/volumes/{namespace}/{name}/snapshots") { request, context in
            try Query.none(request)
            let snapshots = try await managers.current.snapshots(of: context.volumeKey)
            return try Reply.document(SnapshotListDocument(snapshots: snapshots.map(SnapshotDocument.init)))
        }
        router.get("/v1/volumes/{namespace}/{name}/snapshots/{snapshot}") { request, context in
            try Query.none(request)
            return try Reply.document(SnapshotDocument(await managers.current.snapshot(context.snapshotKey)))
        }
        router.delete("/v1/volumes/{namespace}/{name}/snapshots/{snapshot}") { request, context in
            try Query.none(request)
            return try Reply.deleted(await managers.current.deleteSnapshot(context.snapshotKey))
        }
    }
}
