import Glibc
import RBDWire
import StorageCore

extension RBDBackend {
    package func inventory() async throws(StorageError) -> PoolInventory {
        let mapped = try await mapper.mappings(try await connection())
        var inventory = PoolInventory()
        for image in try await images() where !names.isOwn(image.name) {
            guard let mark = StorageMark(image.metadata), names.name(of: mark.volume.key) == image.name else {
                inventory.foreign.append(image.name)
                continue
            }
            // On its way to the trash.
            if mark.role == .removed { continue }
            inventory.volumes.append(
                .init(
                    identity: mark.volume, capacity: ByteCount(image.size), device: mapped.first(of: image)?.device,
                    fsid: mark.fsid))
            for snapshot in image.snapshots {
                guard let name = RBDNames.snapshotName(snapshot.name) else { continue }
                inventory.snapshots.append(
                    .init(
                        reference: SnapshotReference(volume: mark.volume, name: name),
                        capacity: ByteCount(snapshot.size)))
            }
        }
        inventory.sort()
        return inventory
    }

    /// Images that are mapped and known are not looked at: each look costs a dozen round trips.
    package func active() async throws(StorageError) -> ActiveVolumes {
        let mapped = try await mapper.mappings(try await connection()).filter {
            $0.image.hasPrefix(names.start) && !names.isOwn($0.image)
        }
        var active = ActiveVolumes(devices: [:])
        for mapping in mapped {
            guard let volume = identities.volume(of: mapping) else { return try await activeAnew(mapped) }
            active.devices[volume] = mapping.device
        }
        // The pool answers, not only its monitors.
        try await ask(.probe)
        return active
    }

    private func activeAnew(_ mapped: [ImageMapping]) async throws(StorageError) -> ActiveVolumes {
        let active = ActiveVolumes(try await inventory())
        let found = active.devices.compactMap { volume, device in
            mapped.first { $0.device == device }.map { ($0, volume) }
        }
        // Those of a node that is not let in stay unknown.
        try? await know(found)
        return active
    }

    /// These mappings are the volumes'. Of a pair: nothing is written by a client of the kernel that is not written down.
    func know(_ found: [(mapping: ImageMapping, volume: VolumeID)]) async throws(StorageError) {
        try await shared?.admit(found.compactMap(\.mapping.client))
        for (mapping, volume) in found { identities.note(mapping, volume) }
    }

    package func stored(_ volume: VolumeIdentity) async throws(StorageError) -> ByteCount? {
        do throws(RBDFailure) { return try await maintenance.stored(names.name(of: volume.key)) } catch {
            throw StorageError(rbd: error, place).about(volume.key.resource)
        }
    }

    package func prepare() async { await helper.connect() }

    package func usage() async throws(StorageError) -> PoolUsage {
        policy.usage(try await state(), promised: try await promised())
    }

    private func images() async throws(StorageError) -> [RBDImage] {
        guard case .images(let images) = try await ask(.list(prefix: names.start)) else { return [] }
        return images
    }

    func state() async throws(StorageError) -> CephState {
        let usage = try await command(#"{"prefix": "df", "detail": "detail", "format": "json"}"#)
        let map = try await command(#"{"prefix": "osd dump", "format": "json"}"#)
        return try CephState(place, usage: usage, map: map)
    }

    private func command(_ json: String) async throws(StorageError) -> String {
        guard case .text(let text) = try await ask(.command(json)) else { return "" }
        return text
    }

    // MARK: Asking

    @discardableResult
    func ask(_ request: RBDRequest, _ volume: VolumeIdentity? = nil) async throws(StorageError) -> RBDReply {
        do throws(RBDFailure) { return try await helper.ask(request) } catch {
            let refusal = StorageError(rbd: error, place)
            throw volume.map { refusal.about($0.key.resource) } ?? refusal
        }
    }

    func about<Value>(
        _ volume: VolumeIdentity, _ body: () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        do throws(StorageError) { return try await body() } catch { throw error.about(volume.key.resource) }
    }

    func connection() async throws(StorageError) -> RBDConnection {
        guard case .connection(let connection) = try await ask(.connection) else {
            throw StorageError(.internal, "convert2nfs-rbd does not say how \(place.path) is reached")
        }
        return connection
    }

    /// Nil if there is no such image.
    func inspect(_ name: String) async throws(StorageError) -> RBDImage? {
        do throws(RBDFailure) {
            guard case .image(let image) = try await helper.ask(.inspect(image: name)) else { return nil }
            return image
        } catch {
            if error.code == ENOENT { return nil }
            throw StorageError(rbd: error, place)
        }
    }

    /// Nil if it is not there, or another's by now.
    func own(_ volume: VolumeIdentity) async throws(StorageError) -> RBDImage? {
        let image = try await about(volume) { () async throws(StorageError) in
            try await inspect(names.name(of: volume.key))
        }
        return image.flatMap { StorageMark($0.metadata)?.volume.id == volume.id ? $0 : nil }
    }

    /// The image that must be there.
    func find(_ volume: VolumeIdentity) async throws(StorageError) -> RBDImage {
        guard let image = try await own(volume), StorageMark(image.metadata)?.role != .removed else {
            throw StorageError(
                .notFound, "the Ceph pool \(place.path) holds no \(volume.key) with the id \(volume.id)",
                resource: volume.key.resource)
        }
        return image
    }
}
