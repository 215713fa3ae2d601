import HostTools
import StorageCore

/// A pool in a volume group of LVM: a logical volume for each volume, thick, or thin in a thin pool. Needs root,
/// CAP_SYS_ADMIN and the kernel's device-mapper.
///
/// What is ours says so by its tags (`StorageMark`); everything else in the group is foreign and never touched. A thick
/// volume's snapshot has room for every block of its origin, dies with it, and keeps it from growing; thin ones do
/// neither.
package struct LVMBackend: StorageBackend {
    let group: VolumeGroup
    let policy: LVMPolicy
    let work: BlockingWork

    /// What `toolbox` has to hold.
    package static let requiredTools = LVMTools.names

    /// Asks nothing: a volume group that is not there is `unavailable` to each call until it comes. `overcommit` is how
    /// often the thin pool's room may be promised, `reserve` how many percent of it stay free; both are of no matter to
    /// thick volumes. `devices` are the group's, if that is known; else they are looked for.
    package init(
        group: String, thinPool: String? = nil, overcommit: Double = 1, reserve: Double = 10, devices: [String] = [],
        toolbox: Toolbox, runner: any CommandRunner
    ) throws(StorageError) {
        do throws(HostError) {
            self.group = VolumeGroup(
                tools: try LVMTools(group: group, toolbox: toolbox), devices: devices, runner: runner)
        } catch {
            throw StorageError(host: error, "opening the pool in the volume group \(group)")
        }
        policy = LVMPolicy(thinPool: thinPool, overcommit: overcommit, reserve: reserve)
        work = BlockingWork(label: "lvm pool")
    }

    var names: LVMNames { group.names }

    package func create(_ volume: VolumeIdentity, capacity: ByteCount) async throws(StorageError) -> Outcome {
        try await group.exclusively { () async throws(StorageError) in
            // LVM itself keeps the promises of thick volumes, so nothing is asked before.
            if policy.thinPool != nil {
                let report = try await group.look()
                if try existing(volume, capacity, report) { return .unchanged }
                try policy.admit(capacity, report, group: names.group)
            }
            let tags = StorageMark(volume, .volume)
            return try await make(volume, capacity) { tools, devices in
                tools.create(names.name(of: volume.key), capacity, in: policy.thinPool, tags: tags, devices)
            }
        }
    }

    /// Makes the volume's storage. If LVM refuses, what it holds tells why.
    private func make(
        _ volume: VolumeIdentity, _ capacity: ByteCount, _ invocation: (LVMTools, [String]) -> Invocation
    ) async throws(StorageError) -> Outcome {
        do throws(StorageError) {
            try await group.make(volume, of: capacity, in: policy.thinPool, invocation)
        } catch {
            guard error.code == .internal else { throw error.about(volume.key.resource) }
            let report = try await group.look()
            if try existing(volume, capacity, report) { return .unchanged }
            try policy.admit(capacity, report, group: names.group)
            throw error.about(volume.key.resource)
        }
        return .changed
    }

    /// Whether the volume is there, complete and as large as asked. Throws `conflict` if it is not, or if its name is
    /// another's.
    func existing(
        _ volume: VolumeIdentity, _ capacity: ByteCount, _ report: LVMReport
    ) throws(StorageError) -> Bool {
        let resource = volume.key.resource
        if let found = report.parts(of: volume).first(where: { $0.tags?.role == .volume }) {
            guard try capacity.roundedUp(to: report.extent) == found.size else {
                throw StorageError(
                    .conflict, "\(names.group)/\(found.name) is there with \(found.size), not \(capacity)",
                    resource: resource)
            }
            return true
        }
        try requireFree(names.name(of: volume.key), report, resource)
        return false
    }

    func requireFree(_ name: String, _ report: LVMReport, _ resource: String) throws(StorageError) {
        guard let taken = report.volume(named: name) else { return }
        let owner = taken.tags.map { "with the id \($0.volume.id)" } ?? "that is not ours"
        throw StorageError(
            .conflict, "the volume group has a logical volume \(names.group)/\(name) \(owner); it is left alone",
            resource: resource)
    }

    package func grow(_ volume: VolumeIdentity, to capacity: ByteCount) async throws(StorageError) -> Outcome {
        try await group.exclusively { () async throws(StorageError) in
            let report = try await group.look()
            let found = try place(of: volume, report)
            let wanted = try capacity.roundedUp(to: report.extent)
            guard found.size < wanted else { return .unchanged }
            if let snapshot = report.volumes.first(where: { $0.origin == found.name && $0.pool == nil }) {
                throw StorageError(
                    .conflict,
                    "a thick volume cannot grow while it has snapshots (\(snapshot.name)); delete them first, or use a "
                        + "pool with a thinPool", resource: volume.key.resource)
            }
            try policy.admit(wanted - found.size, report, group: names.group)
            try await group.change("growing \(volume.key)") { $0.extend(found.name, to: wanted, $1) }
            return .changed
        }
    }

    package func remove(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        try await group.exclusively { () async throws(StorageError) in
            let report = try await group.look()
            return try await remove(report.parts(of: volume), report, volume.key.resource)
        }
    }

    package func removeSnapshot(_ snapshot: SnapshotReference) async throws(StorageError) -> Outcome {
        try await group.exclusively { () async throws(StorageError) in
            let report = try await group.look()
            let found = report.volumes.filter { $0.tags?.reference == snapshot }
            return try await remove(found, report, snapshot.volume.key.resource)
        }
    }

    /// Removes these and nothing else, in the turn of the caller. Throws `busy` if one is in use, `conflict` if another
    /// would die with it.
    func remove(
        _ doomed: [LVMReport.LogicalVolume], _ report: LVMReport, _ resource: String
    ) async throws(StorageError) -> Outcome {
        if doomed.isEmpty { return .unchanged }
        for volume in doomed {
            let dependent = report.volumes.first { other in
                other.origin == volume.name && other.pool == nil && !doomed.contains(other)
            }
            if let dependent {
                throw StorageError(
                    .conflict,
                    "\(names.group)/\(dependent.name) is a thick snapshot of \(volume.name) and would die "
                        + "with it; remove it first", resource: resource)
            }
        }
        // What a snapshot took, and what its origin has then, only LVM knows.
        let origins = Set(report.volumes.compactMap(\.origin))
        let isPlain = doomed.allSatisfy { $0.origin == nil && !origins.contains($0.name) }
        try await release(doomed, resource, "removing", of: isPlain ? .removal(Set(doomed.map(\.uuid))) : .content) {
            $0.remove(doomed.map(\.uuid), $1)
        }
        return .changed
    }

    /// A change that LVM refuses while somebody uses one of `volumes`: it waits a moment for those that only look, like
    /// udev. Throws `busy` then.
    private func release(
        _ volumes: [LVMReport.LogicalVolume], _ resource: String, _ action: String,
        of subject: VolumeGroup.Subject = .content, _ invocation: (LVMTools, [String]) -> Invocation
    ) async throws(StorageError) {
        let names = volumes.map { "\(self.names.group)/\($0.name)" }.joined(separator: ", ")
        do throws(StorageError) {
            try await group.change("\(action) \(names)", of: subject, invocation)
        } catch {
            let uuids = Set(volumes.map(\.uuid))
            guard error.code == .internal,
                let user = try await group.look().volumes.first(where: { uuids.contains($0.uuid) && $0.isOpen })
            else { throw error.about(resource) }
            throw StorageError(
                .busy, "\(self.names.group)/\(user.name) is in use, so \(action) it has to wait; unmount it first",
                resource: resource, cause: error)
        }
    }

    package func activate(_ volumes: [VolumeIdentity]) async -> [VolumeID: Result<DevicePath, StorageError>] {
        var answers: [VolumeID: Result<DevicePath, StorageError>] = [:]
        try? group.showDevices(of: volumes.map(\.id))
        for volume in volumes {
            if let device = try? activeDevice(of: volume) { answers[volume.id] = .success(device) }
        }
        let inactive = volumes.filter { answers[$0.id] == nil }
        guard !inactive.isEmpty else { return answers }
        do throws(StorageError) {
            let more = try await group.exclusively { () async throws(StorageError) in try await begin(inactive) }
            answers.merge(more) { $1 }
        } catch {
            for volume in inactive { answers[volume.id] = .failure(error) }
        }
        return answers
    }

    /// With one command for all of them, which goes on past those that it cannot activate.
    private func begin(
        _ volumes: [VolumeIdentity]
    ) async throws(StorageError) -> [VolumeID: Result<DevicePath, StorageError>] {
        let report = try await group.look()
        let found = volumes.compactMap { try? place(of: $0, report) }.filter { !$0.isActive }.map(\.name)
        var refusal: StorageError?
        if !found.isEmpty {
            do throws(StorageError) {
                try await group.change("activating \(found.count) volumes", of: .activity) {
                    $0.activate(found, true, $1)
                }
            } catch {
                refusal = error
            }
        }
        try? group.showDevices(of: volumes.map(\.id))
        return await each(of: volumes) { [refusal] volume throws(StorageError) in
            let name = try place(of: volume, report).name
            if let device = try activeDevice(of: volume) { return device }
            throw refusal?.about(volume.key.resource)
                ?? StorageError(
                    .unavailable, "\(names.group)/\(name) was activated and has no device; see dmsetup info",
                    resource: volume.key.resource)
        }
    }

    package func deactivate(_ volume: VolumeIdentity) async throws(StorageError) -> Outcome {
        try await group.exclusively { () async throws(StorageError) in
            let report = try await group.look()
            guard let found = report.parts(of: volume).first(where: { $0.tags?.role == .volume }), found.isActive else {
                return .unchanged
            }
            try await release([found], volume.key.resource, "deactivating") { $0.activate([found.name], false, $1) }
            return .changed
        }
    }

    /// The logical volume that must be there.
    func place(
        of volume: VolumeIdentity, _ report: LVMReport
    ) throws(StorageError) -> LVMReport.LogicalVolume {
        guard let found = report.parts(of: volume).first(where: { $0.tags?.role == .volume }) else {
            throw StorageError(
                .notFound, "the volume group \(names.group) holds no \(volume.key) with the id \(volume.id)",
                resource: volume.key.resource)
        }
        return found
    }

    func activeDevice(of volume: VolumeIdentity) throws(StorageError) -> DevicePath? {
        try onDevice(volume) { () throws(HostError) in try group.activeDevice(of: volume.id) }
    }

    private func onDevice<Value>(
        _ volume: VolumeIdentity, _ body: () throws(HostError) -> Value
    ) throws(StorageError) -> Value {
        do throws(HostError) {
            return try body()
        } catch {
            throw StorageError(host: error, "looking at the device of \(volume.key)").about(volume.key.resource)
        }
    }
}
