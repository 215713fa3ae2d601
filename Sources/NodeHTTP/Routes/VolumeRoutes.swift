import Hummingbird
import NodeAPI
import Provisioning
import StorageCore

struct VolumeRoutes {
    let managers: ManagerSource
    let facts: NodeFacts

    func add(to router: some RouterMethods<some RequestContext>) {
        router.post("/v1/volumes") { request, _ in try await create(request) }
        router.get("/v1/volumes") { request, _ in try await list(request) }
        router.get("/v1/volumes/{namespace}/{name}") { request, context in
            try Query.none(request)
            let volume = try await managers.current.volume(context.volumeKey)
            async let stored = managers.current.storedBytes(of: volume)
            var document = try await document(of: volume)
            document.storedBytes = try await stored
            return try Reply.document(document)
        }
        router.patch("/v1/volumes/{namespace}/{name}") { request, context in
            try Query.none(request)
            let update = try UpdateVolumeRequest(body: await Body.json(request))
            let change = VolumeChange(capacity: update.capacity, squash: update.squash, clients: update.clients)
            return try await Reply.changed(managers.current.update(context.volumeKey, change), document)
        }
        router.delete("/v1/volumes/{namespace}/{name}") { request, context in
            let query = try Query(request, allowed: ["snapshots", "force"])
            guard query["snapshots"] == nil || query["snapshots"] == "delete" else {
                throw StorageError(
                    .invalidArgument, "snapshots=delete is the only value; without it a volume with snapshots stays")
            }
            let force = try query.flag("force")
            let key = try context.volumeKey
            return try Reply.deleted(
                await managers.current.delete(key, withSnapshots: query["snapshots"] != nil, force: force))
        }
        router.get("/v1/volumes/{namespace}/{name}/manifest") { request, context in
            try Query.none(request)
            let volume = try await document(of: managers.current.volume(context.volumeKey))
            return try Reply.text(Manifest(volume).yaml(), mediaType: "application/yaml")
        }
        addClients(to: router)
    }

    private func addClients(to router: some RouterMethods<some RequestContext>) {
        router.put("/v1/volumes/{namespace}/{name}/clients/{address}") { request, context in
            try Query.none(request)
            let address = try context.clientAddress
            let access = try ClientAccessRequest(body: await Body.json(request)).access
            let rule = ClientRule(address: address, access: access)
            return try await Reply.changed(managers.current.setClient(rule, of: context.volumeKey), document)
        }
        router.delete("/v1/volumes/{namespace}/{name}/clients/{address}") { request, context in
            try Query.none(request)
            let address = try context.clientAddress
            return try Reply.deleted(await managers.current.removeClient(address, of: context.volumeKey))
        }
    }

    private func create(_ request: Request) async throws -> Response {
        try Query.none(request)
        let asked = try CreateVolumeRequest(body: await Body.json(request))
        let spec: VolumeSpec
        if let source = asked.source {
            let traits = try await managers.current.traits(of: source, for: asked.key)
            spec = try asked.spec(defaultPool: traits.pool, defaultFilesystem: traits.filesystem)
        } else {
            spec = try asked.spec(defaultPool: managers.current.pools.standard)
        }
        return try await Reply.made(managers.current.create(spec), document)
    }

    private func list(_ request: Request) async throws -> Response {
        let query = try Query(request, allowed: ["namespace", "limit", "continue"])
        let limit = try query.number("limit", in: 1...1000, standard: 100)
        let namespace = try query["namespace"].map(Namespace.init)
        let after = try query["continue"].map(ContinueToken.init)?.key
        let page = try await managers.current.volumes(in: namespace, after: after, limit: limit)
        let used = try await managers.current.usedBytes(of: page.items)
        let documents = page.items.map { VolumeDocument($0, usedBytes: used[$0.id], service: facts.service) }
        let next = page.next.map { ContinueToken($0).text }
        return try Reply.document(VolumeListDocument(volumes: documents, continue: next))
    }

    private func document(of volume: Volume) async throws -> VolumeDocument {
        VolumeDocument(
            volume, usedBytes: try await managers.current.usedBytes(of: [volume])[volume.id], service: facts.service)
    }
}

/// Where a list goes on: opaque to clients, the last key of the page before.
struct ContinueToken {
    let key: VolumeKey

    init(_ key: VolumeKey) { self.key = key }

    /// Throws `invalidArgument` for one that no list gave out.
    init(_ text: String) throws(StorageError) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let namespace = try? Namespace(parts[0]), let name = try? VolumeName(parts[1]) else {
            throw StorageError(
                .invalidArgument, "the continue token is not one that a list gave; begin again without it")
        }
        key = VolumeKey(namespace: namespace, name: name)
    }

    /// Labels hold no dot, so this is unambiguous and needs no encoding in a query.
    var text: String { "\(key.namespace).\(key.name)" }
}
