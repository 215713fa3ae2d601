import HostTools
import StorageCore

extension LVMBackend: SnapshotReader {
    package func activate(_ snapshot: SnapshotReference) async throws(StorageError) -> DevicePath {
        try await group.exclusively { () async throws(StorageError) in
            let found = try origin(.snapshot(snapshot), try await group.look())
            if !found.isActive {
                try await group.change("activating \(found.name)") { $0.activate([found.name], true, $1) }
            }
            return names.device(found.name)
        }
    }

    /// Nothing is frozen by the caller: LVM suspends the origin's device, and device-mapper freezes what is mounted on
    /// it for that moment.
    package func createSnapshot(
        _ snapshot: SnapshotReference, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        let resource = snapshot.volume.key.resource
        return try await group.exclusively { () async throws(StorageError) in
            let report = try await group.look()
            if report.volumes.contains(where: { $0.tags?.reference == snapshot }) { return .unchanged }
            let origin = try place(of: snapshot.volume, report)
            let name = names.name(of: snapshot)
            try requireFree(name, report, resource)
            try policy.admit(origin.size, report, group: names.group)
            let isThin = origin.pool != nil
            try await group.change("taking the snapshot \(snapshot.volume.key)@\(snapshot.name)") { tools, devices in
                tools.snapshot(name, of: origin.name, isThin: isThin, tags: StorageMark(snapshot), devices)
            }
            return .changed
        }
    }

    /// A thin copy shares its source's blocks and takes a moment. A thick one is a full copy, of a snapshot that is held
    /// for as long.
    package func copy(
        _ source: CopySource, to volume: VolumeIdentity, capacity: ByteCount, _ context: CopyContext
    ) async throws(StorageError) -> Outcome {
        if policy.thinPool != nil { return try await share(source, with: volume, capacity) }
        guard let copy = try await beginCopy(of: source, to: volume, capacity) else { return .unchanged }
        try await work.perform("copying to \(volume.key)", deadline: .seconds(300)) { token in
            try DeviceCopy.copy(copy.source.value, to: copy.target.value, token: token) { done, total in
                context.tell(CopyProgress(done: ByteCount(done), total: ByteCount(total)))
            }
        }
        try await endCopy(to: volume)
        return .changed
    }

    /// As one who reads its snapshots: only a thin one costs nothing while it is there, and does not keep its volume from growing.
    package var reader: (any SnapshotReader)? { policy.thinPool == nil ? nil : self }

    private func share(
        _ source: CopySource, with volume: VolumeIdentity, _ capacity: ByteCount
    ) async throws(StorageError) -> Outcome {
        try await group.exclusively { () async throws(StorageError) in
            guard let (report, origin) = try await prepare(source, volume, capacity) else { return .unchanged }
            let wanted = try capacity.roundedUp(to: report.extent)
            try policy.admit(wanted, report, group: names.group)
            let name = names.name(of: volume.key)
            let role: StorageMark.Role = wanted > origin.size ? .partial : .volume
            try await group.change("copying to \(volume.key)") {
                $0.snapshot(name, of: origin.name, isThin: true, tags: StorageMark(volume, role), $1)
            }
            if role == .partial {
                try await group.change("growing the copy \(volume.key)") { $0.extend(name, to: wanted, $1) }
                try await group.change("completing \(volume.key)") { $0.retag(name, from: role, to: .volume, $1) }
            }
            return .changed
        }
    }

    /// The devices to copy between; nil if the copy is complete already.
    private func beginCopy(
        of source: CopySource, to volume: VolumeIdentity, _ capacity: ByteCount
    ) async throws(StorageError) -> (source: DevicePath, target: DevicePath)? {
        try await group.exclusively { () async throws(StorageError) in
            guard let (report, origin) = try await prepare(source, volume, capacity) else { return nil }
            let wanted = try capacity.roundedUp(to: report.extent)
            var need = wanted
            var from = origin.name
            if case .volume = source {
                need = need + origin.size
                from = names.sourceName(for: volume.key)
            }
            try policy.admit(need, report, group: names.group)
            let name = names.name(of: volume.key)
            try await group.change("making room for the copy \(volume.key)") {
                $0.create(name, wanted, in: nil, tags: StorageMark(volume, .partial), $1)
            }
            if case .volume = source {
                try await group.change("holding the source of \(volume.key)") {
                    $0.snapshot(from, of: origin.name, isThin: false, tags: StorageMark(volume, .source), $1)
                }
            } else if !origin.isActive {
                try await group.change("activating \(from)") { $0.activate([from], true, $1) }
            }
            return (names.device(from), names.device(name))
        }
    }

    private func endCopy(to volume: VolumeIdentity) async throws(StorageError) {
        try await group.exclusively { () async throws(StorageError) in
            let report = try await group.look()
            let source = report.parts(of: volume).filter { $0.tags?.role == .source }
            _ = try await remove(source, report, volume.key.resource)
            let name = names.name(of: volume.key)
            try await group.change("completing \(volume.key)") { $0.retag(name, from: .partial, to: .volume, $1) }
        }
    }

    /// What to copy from, after what an earlier try left is gone; nil if the copy is complete already.
    private func prepare(
        _ source: CopySource, _ volume: VolumeIdentity, _ capacity: ByteCount
    ) async throws(StorageError) -> (LVMReport, LVMReport.LogicalVolume)? {
        var report = try await group.look()
        let leftovers = report.parts(of: volume).filter { $0.tags?.role != .volume }
        if try await remove(leftovers, report, volume.key.resource) == .changed { report = try await group.look() }
        if try existing(volume, capacity, report) { return nil }
        let origin = try origin(source, report)
        guard try capacity.roundedUp(to: report.extent) >= origin.size else {
            throw StorageError(
                .invalidArgument,
                "a copy of \(origin.size) does not fit into \(capacity); ask for as much at least",
                resource: volume.key.resource)
        }
        return (report, origin)
    }

    private func origin(
        _ source: CopySource, _ report: LVMReport
    ) throws(StorageError) -> LVMReport.LogicalVolume {
        switch source {
        case .volume(let volume): return try place(of: volume, report)
        case .snapshot(let snapshot):
            guard let found = report.volumes.first(where: { $0.tags?.reference == snapshot }) else {
                throw StorageError(
                    .notFound,
                    "the volume group \(names.group) holds no snapshot \(snapshot.name) of \(snapshot.volume.key)",
                    resource: snapshot.volume.key.resource)
            }
            return found
        }
    }
}
