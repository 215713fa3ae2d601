import HostTools
import RBDWire
import StorageCore

/// A pool of Ceph: an RBD image for each volume, mapped by the kernel, or by rbd-nbd where it cannot. Needs root.
///
/// What is ours begins with the prefix and says who it is in its metadata (`StorageMark`); one with the prefix and without that is foreign
/// and never touched. Images share the data of what they were copied from until they are flattened (`RBDMaintenance`). A volume with
/// snapshots stays: Ceph keeps them in the image.
package struct RBDBackend: StorageBackend {
    let place: RBDPlace
    let names: RBDNames
    let policy: RBDPolicy
    let helper: RBDHelper
    let mapper: any ImageMapper
    /// Of a pair; nil on a node that is alone.
    let shared: RBDShared?
    let promises = RBDPromises()
    let identities = RBDIdentities()
    /// What goes on beside, for as long as the pool is used.
    package let maintenance: RBDMaintenance

    /// What `toolbox` has to hold; of a kernel without RBD `requiredToolsWithoutKernel` too.
    package static let requiredTools: [ToolName] = [.rbdHelper]
    package static let requiredToolsWithoutKernel: [ToolName] = [.rbdNBD]

    /// Whether the kernel has RBD, its module loaded.
    package static var isInKernel: Bool { (try? Directory.names(in: KernelMapper.bus)) != nil }

    /// Ensures that the kernel's RBD is loaded if there is one, and its NBD if there is not. `toolbox` holds modprobe.
    package static func loadModules(_ toolbox: Toolbox, _ runner: any CommandRunner) async {
        guard let modprobe = try? toolbox.require(.modprobe) else { return }
        for module in ["rbd", "nbd"] where !isInKernel {
            _ = try? await runner.output(of: Invocation(modprobe, [module]))
        }
    }

    /// Asks nothing: a cluster that does not answer is `unavailable` to each call until it does. `overcommit` is how often the pool's room
    /// may be promised. `shared` knows which node of a pair may write.
    package init(
        _ place: RBDPlace, overcommit: Double, shared: RBDShared? = nil, toolbox: Toolbox, runner: any CommandRunner
    ) throws(StorageError) {
        self.place = place
        self.shared = shared
        names = RBDNames(prefix: place.prefix)
        policy = RBDPolicy(place: place, overcommit: overcommit)
        do throws(HostError) {
            let companion = try place.companion(toolbox)
            let admission = Self.admission(shared)
            helper = RBDHelper(companion, admit: admission)
            let slow = RBDHelper(companion, admit: admission)
            maintenance = RBDMaintenance(slow, place, names)
            for way in [helper, slow] { shared?.enroll(way) }
            mapper =
                Self.isInKernel ? KernelMapper(place) : try NBDMapper(place, toolbox: toolbox, runner: runner)
        } catch {
            throw StorageError(host: error, "opening the Ceph pool \(place.path)")
        }
    }

    /// Of a pair: by which addresses this node writes is written down before it does.
    private static func admission(_ shared: RBDShared?) -> RBDHelper.Admission? {
        guard let shared else { return nil }
        return { (addresses, former) async throws(StorageError) in
            try await shared.admit(addresses, former: former)
        }
    }

    // MARK: Volumes

    package func create(_ volume: VolumeIdentity, capacity: ByteCount) async throws(StorageError) -> Outcome {
        if try await existing(volume, capacity) { return .unchanged }
        return try await admitting(volume, capacity) { () async throws(StorageError) in
            _ = try await removePartial(of: volume)
            let partial = names.partialName(of: volume.id)
            try await ask(
                .create(image: partial, size: capacity.bytes, metadata: StorageMark(volume, .volume).values), volume)
            try await ask(.rename(image: partial, to: names.name(of: volume.key)), volume)
            return .changed
        }
    }

    /// Whether the volume is there, complete and as large as asked. Throws `conflict` if it is not, or if its name is another's.
    func existing(_ volume: VolumeIdentity, _ capacity: ByteCount) async throws(StorageError) -> Bool {
        let name = names.name(of: volume.key)
        guard let image = try await inspect(name) else { return false }
        let mark = StorageMark(image.metadata)
        if let mark, mark.role == .removed {
            try await finishRemoval(image, mark.volume)
            return false
        }
        guard mark?.volume.id == volume.id else {
            let whose = mark.map { "with the id \($0.volume.id)" } ?? "that is not ours"
            throw StorageError(
                .conflict, "the Ceph pool has an image \(place.path)/\(name) \(whose); it is left alone",
                resource: volume.key.resource)
        }
        guard image.size == capacity.bytes else {
            throw StorageError(
                .conflict, "\(place.path)/\(name) is there with \(ByteCount(image.size)), not \(capacity)",
                resource: volume.key.resource)
        }
        return true
    }

    package func grow(_ volume: VolumeIdentity, to capacity: ByteCount) async throws(StorageError) -> Outcome {
        let image = try await find(volume)
        if image.size < capacity.bytes {
            let held = image.snapshots.reduce(ByteCount.zero) { $0 + ByteCount($1.size) }
            _ = try await admitting(volume, capacity + held) { () async throws(StorageError) in
                try await ask(.resize(image: image.name, size: capacity.bytes), volume)
                return .changed
            }
        }
        try await awaitDevice(of: image, with: ByteCount(max(image.size, capacity.bytes)), volume)
        return image.size < capacity.bytes ? .changed : .unchanged
    }

    package func remove(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        // The volume's own name first: until that is settled, the other may be one of the same image.
        let found = try await own(volume)
        let isPartial = try await removePartial(of: volume)
        guard let image = found else {
            // What it was cloned from goes, too.
            maintenance.wake()
            return isPartial ? .changed : .unchanged
        }
        if let snapshot = image.snapshots.first(where: { !RBDNames.isSource($0.name) }) {
            throw StorageError(
                .conflict,
                "\(place.path)/\(image.name) has the snapshot \(snapshot.name) and would take it along; remove that first",
                resource: volume.key.resource)
        }
        _ = try await unmap(image, volume)
        try await finishRemoval(image, volume)
        return .changed
    }

    /// Its data goes later, object by object, and when no copy shares it any more.
    private func finishRemoval(_ image: RBDImage, _ volume: VolumeIdentity) async throws(StorageError) {
        // A copy that was not finished: what it has been cloned from is kept by Ceph for as long as it is needed.
        for snapshot in image.snapshots where RBDNames.isSource(snapshot.name) {
            try await ask(.removeSnapshot(image: image.name, snapshot: snapshot.name), volume)
        }
        try await maintenance.sparing(image.name) { () async throws(StorageError) in
            let mark = [StorageMark.roleKey: StorageMark.Role.removed.rawValue]
            _ = try await ask(.moveToTrash(image: image.name, metadata: mark), volume)
        }
        maintenance.wake()
    }

    /// Ensures that nothing is left of an earlier try to make it.
    func removePartial(of volume: VolumeIdentity) async throws(StorageError) -> Bool {
        guard let image = try await inspect(names.partialName(of: volume.id)) else { return false }
        try await finishRemoval(image, volume)
        return true
    }

    // MARK: Promises

    /// Runs `work`, which makes the volume as large as that, if the pool may promise it; throws `outOfCapacity` if it may not.
    /// `images` are those that have nothing else to count; the volume's own without them.
    func admitting(
        _ volume: VolumeIdentity, _ capacity: ByteCount, in images: [String]? = nil,
        _ work: @Sendable () async throws(StorageError) -> Outcome
    ) async throws(StorageError) -> Outcome {
        let images = images ?? [names.name(of: volume.key), names.partialName(of: volume.id)]
        try await promises.gate.run { () async throws(StorageError) in
            try policy.admit(capacity, try await state(), promised: try await promised(besides: images))
            promises.begin(volume.id, images, capacity)
        }
        let result: Result<Outcome, StorageError>
        do throws(StorageError) { result = .success(try await work()) } catch { result = .failure(error) }
        promises.end(volume.id)
        return try result.get()
    }

    /// What the pool's images may hold at most; of `others` nothing counts.
    func promised(besides others: [String] = []) async throws(StorageError) -> ByteCount {
        let (own, pending) = (promises.images, promises.total)
        guard case .number(let sum) = try await ask(.promised(besides: own + others)) else { return pending }
        return ByteCount(sum) + pending
    }
}
