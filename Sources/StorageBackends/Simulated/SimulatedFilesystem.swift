import StorageCore

/// Filesystems in memory, on the devices of a `SimulatedHost`, with the rules of real ones.
package struct SimulatedFilesystem: VolumeFilesystem {
    private let host: SimulatedHost

    package init(host: SimulatedHost) { self.host = host }

    package func format(
        _ device: DevicePath, as kind: FilesystemKind, id: VolumeID
    ) async throws(StorageError) -> Outcome {
        try host.withState { state in
            let image = try state.device(device).image
            return try image.content.withLock { content in
                guard let found = content.filesystem else {
                    content.filesystem = SimulatedHost.Filesystem(kind: kind, id: id, capacity: content.capacity)
                    return .changed
                }
                guard found.kind == kind && found.id == id else {
                    throw StorageError(
                        .conflict,
                        "\(device) is not blank, so it is not formatted; it holds \(found.kind.rawValue) \(found.id)")
                }
                return .unchanged
            }
        }
    }

    package func identify(_ device: DevicePath) async throws(StorageError) -> IdentifiedFilesystem? {
        try host.withState { state in
            let found = try state.device(device).image.snapshot.filesystem
            return found.map { IdentifiedFilesystem(kind: $0.kind, id: $0.id) }
        }
    }

    package func renew(
        _ device: DevicePath, as kind: FilesystemKind, id: VolumeID
    ) async throws(StorageError) -> Outcome {
        try host.withState { state in
            let image = try state.device(device).image
            return try image.content.withLock { content in
                guard let found = content.filesystem, found.kind == kind else {
                    throw StorageError(
                        .conflict, "\(device) holds no \(kind.rawValue) filesystem that could be renewed")
                }
                content.filesystem?.id = id
                return found.id == id ? .unchanged : .changed
            }
        }
    }

    package func mount(
        _ device: DevicePath, as kind: FilesystemKind, at path: MountPath
    ) async throws(StorageError) -> Outcome {
        try host.withState { state in
            if let other = state.mounts[path] {
                guard other == device else {
                    throw StorageError(.conflict, "\(other) is mounted at \(path), not \(device)")
                }
                return .unchanged
            }
            let content = try state.device(device).image.snapshot
            guard let filesystem = content.filesystem, filesystem.kind == kind else {
                throw StorageError(.internal, "\(device) holds no \(kind.rawValue) filesystem")
            }
            // XFS refuses a second filesystem with the same UUID; so does this, for both kinds.
            if let other = state.mountedFilesystems[filesystem.id], other != device {
                throw StorageError(
                    .internal, "\(device) has the UUID of the filesystem on \(other); renew a copy before it is mounted"
                )
            }
            state.mountedFilesystems[filesystem.id] = device
            state.mounts[path] = device
            state.devices[device]?.mountCount += 1
            return .changed
        }
    }

    package func unmount(
        _ device: DevicePath?, of id: VolumeID, from path: MountPath
    ) async throws(StorageError) -> Outcome {
        try host.withState { state in
            guard let device = device ?? state.mountedFilesystems[id], state.mounts[path] == device else {
                return .unchanged
            }
            state.mounts[path] = nil
            let mounted = try state.device(device)
            let id = mounted.image.content.withLock { content in
                content.filesystem?.isFrozen = false
                return content.filesystem?.id
            }
            state.devices[device]?.mountCount -= 1
            if mounted.mountCount == 1 {
                state.devices[device]?.fault = nil
                if let id { state.mountedFilesystems[id] = nil }
            }
            return .changed
        }
    }

    package func grow(_ path: MountPath, as kind: FilesystemKind) async throws(StorageError) -> Outcome {
        guard
            let outcome = try change(
                path,
                { content -> Outcome in
                    let isSmaller = content.filesystem.map { $0.capacity < content.capacity } ?? false
                    content.filesystem?.capacity = content.capacity
                    return isSmaller ? .changed : .unchanged
                })
        else { throw StorageError(.notFound, "nothing is mounted at \(path), so it cannot grow") }
        return outcome
    }

    package func freeze(_ path: MountPath) async throws(StorageError) -> Outcome {
        guard let outcome = try setFrozen(true, path) else {
            throw StorageError(.internal, "\(path) is not a mount point; it is not frozen")
        }
        return outcome
    }

    package func thaw(_ path: MountPath) async throws(StorageError) -> Outcome {
        try setFrozen(false, path) ?? .unchanged
    }

    private func setFrozen(_ isFrozen: Bool, _ path: MountPath) throws(StorageError) -> Outcome? {
        try change(path) { content -> Outcome in
            defer { content.filesystem?.isFrozen = isFrozen }
            return content.filesystem?.isFrozen == isFrozen ? .unchanged : .changed
        }
    }

    /// Nil if nothing is mounted there.
    private func change<Value: Sendable>(
        _ path: MountPath, _ body: (inout SimulatedHost.Content) -> Value
    ) throws(StorageError) -> Value? {
        try host.withState { state in
            guard let device = state.mounts[path] else { return nil }
            return try state.device(device).image.content.withLock { body(&$0) }
        }
    }

    package func mounted(at path: MountPath) async throws(StorageError) -> DevicePath? {
        try host.withState { $0.mounts[path] }
    }

    package func mounts(under roots: Set<String>) async throws(StorageError) -> [MountPath: ObservedMount] {
        try host.withState { state in
            let mounts = state.mounts.filter { mount in
                roots.contains { mount.key.value == $0 || mount.key.value.hasPrefix($0 + "/") }
            }
            return mounts.mapValues { device in
                let isDown = state.devices[device]?.fault == .shutDown
                return ObservedMount(device: device, failure: isDown ? Self.failure : nil)
            }
        }
    }

    private static let failure = "every access is answered with an error"

    /// Makes `fault` happen to the filesystem that is mounted at `path`; nil mends it.
    package func inject(_ fault: SimulatedHost.Fault?, at path: MountPath) throws(StorageError) {
        try host.withState { state in
            guard let device = state.mounts[path] else { return }
            state.devices[device]?.fault = fault
        }
    }

    private func fault(at path: MountPath) throws(StorageError) -> SimulatedHost.Fault? {
        try host.withState { state in state.mounts[path].flatMap { state.devices[$0]?.fault } }
    }

    package func usage(of path: MountPath) async throws(StorageError) -> FilesystemUsage? {
        switch try fault(at: path) {
        case .shutDown: throw StorageError(.internal, "measuring \(path): \(Self.failure)")
        case .hangs:
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
            throw StorageError(.cancelled, "measuring \(path) was given up")
        case nil: break
        }
        let capacity = try change(path) { $0.filesystem?.capacity ?? .zero }
        return capacity.map { FilesystemUsage(capacity: $0, used: .zero) }
    }
}
