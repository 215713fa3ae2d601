import HostTools
import RBDWire
import StorageCore

extension RBDBackend {
    /// So many wait for the cluster at once.
    private static let width = 16

    package func activate(_ volumes: [VolumeIdentity]) async -> [VolumeID: Result<DevicePath, StorageError>] {
        if volumes.isEmpty { return [:] }
        do throws(StorageError) {
            let cluster = try await connection()
            let before = try await mapper.mappings(cluster)
            var known: [VolumeID: ImageMapping] = [:]
            for mapping in before {
                if let volume = identities.volume(of: mapping) { known[volume] = mapping }
            }
            let others = volumes.filter { known[$0.id]?.image != names.name(of: $0.key) }
            var answers = others.isEmpty ? [:] : try await map(others, before, cluster)
            for volume in volumes where answers[volume.id] == nil {
                answers[volume.id] = known[volume.id].map { .success($0.device) }
            }
            return answers
        } catch {
            return await each(of: volumes) { volume throws(StorageError) in throw error.about(volume.key.resource) }
        }
    }

    /// What is not known to be mapped.
    private func map(
        _ volumes: [VolumeIdentity], _ before: [ImageMapping], _ cluster: RBDConnection
    ) async throws(StorageError) -> [VolumeID: Result<DevicePath, StorageError>] {
        var answers: [VolumeID: Result<RBDImage, StorageError>] = [:]
        let shutOut = try await shared?.shutOut() ?? []
        for start in stride(from: 0, to: volumes.count, by: Self.width) {
            let part = volumes[start..<min(start + Self.width, volumes.count)]
            answers.merge(await ensureMapped(Array(part), before, cluster, shutOut)) { $1 }
        }
        let mapped = try await mapper.mappings(cluster)
        // The kernel has another client for a key that is new.
        try await know(
            answers.compactMap { volume, answer in
                (try? answer.get()).flatMap { mapped.first(of: $0) }.map { ($0, volume) }
            })
        return await each(of: volumes) { [answers] volume throws(StorageError) in
            let image = try answers[volume.id]?.get()
            guard let image, let mapping = mapped.first(of: image) else {
                throw StorageError(
                    .unavailable,
                    "\(place.path)/\(names.name(of: volume.key)) was mapped and has no device; see dmesg",
                    resource: volume.key.resource)
            }
            return mapping.device
        }
    }

    private func ensureMapped(
        _ volumes: [VolumeIdentity], _ before: [ImageMapping], _ cluster: RBDConnection, _ shutOut: [String]
    ) async -> [VolumeID: Result<RBDImage, StorageError>] {
        await withTaskGroup(of: [VolumeID: Result<RBDImage, StorageError>].self) { group in
            for volume in volumes {
                group.addTask {
                    await each(of: [volume]) { volume throws(StorageError) in
                        try await about(volume) { () async throws(StorageError) in
                            try await ensureMapped(volume, before, cluster, shutOut)
                        }
                    }
                }
            }
            return await group.reduce(into: [:]) { $0.merge($1) { $1 } }
        }
    }

    private func ensureMapped(
        _ volume: VolumeIdentity, _ before: [ImageMapping], _ cluster: RBDConnection, _ shutOut: [String]
    ) async throws(StorageError) -> RBDImage {
        let image = try await find(volume)
        if before.first(of: image) != nil { return image }
        // Of an image that had the name before, and is gone.
        for mapping in before where mapping.image == image.name { try await mapper.unmap(mapping) }
        try await awaitFree(image, volume)
        if !shutOut.isEmpty { try await ask(.takeLock(image: image.name, from: shutOut), volume) }
        try await mapper.map(image.name, cluster)
        return image
    }

    /// For so long a client that has died is still among those that have an image (`osd_client_watch_timeout` of Ceph, and the moment
    /// until it is counted).
    private static let watchTimeout = Duration.seconds(35)

    /// Whoever has an image open for writing is known by its watch. The lock of an image is given away when it is asked for (rbd(8),
    /// `exclusive`), and does not keep two from writing to it. A watch of this very machine is of its life before the last boot, and ends.
    private func awaitFree(_ image: RBDImage, _ volume: VolumeIdentity) async throws(StorageError) {
        let end = ContinuousClock.now + Self.watchTimeout
        var watchers = image.watchers ?? []
        while true {
            let own = Set(await helper.addresses + maintenance.addresses())
            let others = watchers.filter { !own.contains($0) }
            if others.isEmpty { return }
            let hosts = Set(own.map(RBDAddress.host))
            var isEnding = others.allSatisfy { hosts.contains(RBDAddress.host($0)) }
            if let shared, !isEnding { isEnding = try await shared.evict(others) }
            guard isEnding, ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(500))) != nil else {
                throw StorageError(
                    .busy,
                    "\(place.path)/\(image.name) is open at \(others.joined(separator: ", ")); unmap it there "
                        + "(rbd status \(place.path)/\(image.name))", resource: volume.key.resource)
            }
            watchers = try await find(volume).watchers ?? []
        }
    }

    package func deactivate(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        guard let image = try await own(volume) else { return .unchanged }
        return try await unmap(image, volume)
    }

    func unmap(_ image: RBDImage, _ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        try await about(volume) { () async throws(StorageError) in
            try await mapper.settle(image.name)
            guard let mapping = try await mapper.mappings(try await connection()).first(of: image) else {
                return .unchanged
            }
            try await mapper.unmap(mapping)
            return .changed
        }
    }

    /// Returns once its device, if it has one, is as large as that: the kernel hears of it a moment later.
    func awaitDevice(
        of image: RBDImage, with capacity: ByteCount, _ volume: VolumeIdentity
    ) async throws(StorageError) {
        guard let mapping = try await mapper.mappings(try await connection()).first(of: image) else { return }
        let end = ContinuousClock.now + .seconds(15)
        while try size(of: mapping.device) < capacity {
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(20))) != nil else {
                throw StorageError(
                    .unavailable, "\(mapping.device) is not as large as \(place.path)/\(image.name) yet",
                    resource: volume.key.resource)
            }
        }
    }

    private func size(of device: DevicePath) throws(StorageError) -> ByteCount {
        do throws(HostError) { return ByteCount(try BlockDevice.size(of: device.value)) } catch {
            throw StorageError(host: error, "looking at \(device)")
        }
    }
}
