import FoundationEssentials
import StorageCore

extension NodeClient {
    /// `POST /v1/volumes`; the document is of the finished volume, however long it took.
    package func createVolume(_ request: CreateVolumeRequest) async throws(StorageError) -> Ensured<VolumeDocument> {
        let answer = try await send(.post, "/v1/volumes", body: try coder.encode(request))
        let key = request.key
        return try await ensured(answer) { () async throws(StorageError) in try await volume(key) }
    }

    /// `GET /v1/volumes`: one page; `token` is the `continue` of the page before.
    package func volumePage(
        namespace: Namespace? = nil, limit: Int? = nil, continue token: String? = nil
    ) async throws(StorageError) -> VolumeListDocument {
        let items = [
            ("namespace", namespace?.value), ("limit", limit.map(String.init)), ("continue", token),
        ]
        let query = items.compactMap { item in item.1.map { "\(item.0)=\(percentEncoded($0))" } }
        return try await get("/v1/volumes" + (query.isEmpty ? "" : "?" + query.joined(separator: "&")))
    }

    /// `GET /v1/volumes`: all pages. `internal` if the server sends the same page's end twice.
    package func volumes(namespace: Namespace? = nil) async throws(StorageError) -> [VolumeDocument] {
        var volumes: [VolumeDocument] = []
        var token: String?
        repeat {
            let page = try await volumePage(namespace: namespace, limit: 500, continue: token)
            guard page.continue == nil || page.continue != token else {
                throw StorageError(.internal, "\(server) sends the same page of volumes again and again")
            }
            volumes += page.volumes
            token = page.continue
        } while token != nil
        return volumes
    }

    /// `GET /v1/volumes/{namespace}/{name}`.
    package func volume(_ key: VolumeKey) async throws(StorageError) -> VolumeDocument {
        try await get(path(key))
    }

    /// `PATCH /v1/volumes/{namespace}/{name}`.
    package func updateVolume(
        _ key: VolumeKey, _ request: UpdateVolumeRequest
    ) async throws(StorageError) -> VolumeDocument {
        let answer = try await send(.patch, path(key), body: try coder.encode(request))
        return try await ensured(answer) { () async throws(StorageError) in try await volume(key) }.document
    }

    /// `POST /v1/volumes/{namespace}/{name}/adopt`.
    package func adoptVolume(
        _ key: VolumeKey, _ request: AdoptVolumeRequest
    ) async throws(StorageError) -> AdoptionDocument {
        let answer = try await send(.post, "\(path(key))/adopt", body: try coder.encode(request))
        return try coder.decode(AdoptionDocument.self, from: answer.body)
    }

    /// `DELETE /v1/volumes/{namespace}/{name}`; one that is not there is fine. With `snapshots` they go too, with `force`
    /// also while clients have files open.
    package func deleteVolume(
        _ key: VolumeKey, snapshots: Bool = false, force: Bool = false
    ) async throws(StorageError) {
        let query = [snapshots ? "snapshots=delete" : nil, force ? "force=true" : nil].compactMap(\.self)
        try await finished(
            try await send(.delete, path(key) + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))))
    }

    /// `GET /v1/volumes/{namespace}/{name}/manifest`: the YAML as it is.
    package func manifest(_ key: VolumeKey) async throws(StorageError) -> String {
        let body = try await send(.get, "\(path(key))/manifest").body
        guard let text = String(validating: body, as: UTF8.self) else {
            throw StorageError(.internal, "the manifest that \(server) sent is not UTF-8", resource: key.resource)
        }
        return text
    }

    /// `PUT /v1/volumes/{namespace}/{name}/clients/{address}`, then the volume as it is with it.
    package func setClient(_ rule: ClientRule, of key: VolumeKey) async throws(StorageError) -> VolumeDocument {
        let body = try coder.encode(ClientAccessRequest(access: rule.access))
        try await finished(try await send(.put, path(key, rule.address), body: body))
        return try await volume(key)
    }

    /// `DELETE /v1/volumes/{namespace}/{name}/clients/{address}`, then the volume as it is without it.
    package func removeClient(
        _ address: ClientAddress, of key: VolumeKey
    ) async throws(StorageError) -> VolumeDocument {
        try await finished(try await send(.delete, path(key, address)))
        return try await volume(key)
    }

    /// `POST /v1/volumes/{namespace}/{name}/snapshots`.
    package func createSnapshot(_ key: SnapshotKey) async throws(StorageError) -> Ensured<SnapshotDocument> {
        let body = try coder.encode(CreateSnapshotRequest(name: key.name))
        let answer = try await send(.post, "\(path(key.volume))/snapshots", body: body)
        return try await ensured(answer) { () async throws(StorageError) in try await snapshot(key) }
    }

    /// `GET /v1/volumes/{namespace}/{name}/snapshots`.
    package func snapshots(of key: VolumeKey) async throws(StorageError) -> [SnapshotDocument] {
        let list: SnapshotListDocument = try await get("\(path(key))/snapshots")
        return list.snapshots
    }

    /// `GET /v1/volumes/{namespace}/{name}/snapshots/{snapshot}`.
    package func snapshot(_ key: SnapshotKey) async throws(StorageError) -> SnapshotDocument {
        try await get("\(path(key.volume))/snapshots/\(key.name)")
    }

    /// `DELETE /v1/volumes/{namespace}/{name}/snapshots/{snapshot}`; one that is not there is fine.
    package func deleteSnapshot(_ key: SnapshotKey) async throws(StorageError) {
        try await finished(try await send(.delete, "\(path(key.volume))/snapshots/\(key.name)"))
    }

    private func path(_ key: VolumeKey) -> String { "/v1/volumes/\(key.namespace)/\(key.name)" }

    /// A network's slash belongs to the address, not to the path.
    private func path(_ key: VolumeKey, _ address: ClientAddress) -> String {
        "\(path(key))/clients/\(percentEncoded(address.description))"
    }
}
