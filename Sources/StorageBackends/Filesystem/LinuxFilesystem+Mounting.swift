import Glibc
import HostTools
import StorageCore

extension LinuxFilesystem {
    package func mount(
        _ device: DevicePath, as kind: FilesystemKind, at path: MountPath
    ) async throws(StorageError) -> Outcome {
        try await work.perform("mounting \(device) at \(path)", on: path.value, deadline: Self.deadline) { _ in
            let number = try DeviceNumber.ofBlockDevice(device.value)
            if let other = try MountPoint.device(at: path.value) {
                guard other != number else { return try Self.openRoot(path.value, kind) }
                let name = try other.blockDevicePath() ?? "device \(other)"
                throw StorageError(.conflict, "\(name) is mounted at \(path), not \(device)")
            }
            // Looked at before it is touched: it may be somebody's. mount(2) would follow a link.
            guard try Directory.isPlain(path.value) ?? true else {
                throw StorageError(
                    .conflict, "\(path) is a link or a file, and has to be a directory of ours; move it away")
            }
            guard try Directory.names(in: path.value)?.isEmpty ?? true else {
                throw StorageError(
                    .conflict, "the directory \(path) is not empty; a mount would hide what is in it, so move it away")
            }
            try Directory.ensure(path.value, mode: 0)
            try Self.mount(device.value, path.value, kind)
            // What is exported next must be this, and not the directory below.
            guard try MountPoint.device(at: path.value) == number else {
                throw StorageError(.internal, "\(device) was mounted at \(path), but something else is there now")
            }
            return try .changed | Self.openRoot(path.value, kind)
        }
    }

    /// Mounts an XFS once more where a growth was in the log that the first mount replayed. Linux 6.1 goes on with the old
    /// size of the last allocation group then, takes what lies behind it for corruption, and shuts the filesystem down at
    /// the next growth; newer kernels have "xfs: update the pag for the last AG at recovery time".
    private static func mount(_ device: String, _ path: String, _ kind: FilesystemKind) throws {
        let before = try size(of: device)
        try Mounter.mount(device, at: path, filesystem: kind.rawValue, data: options(kind))
        guard try size(of: device) != before else { return }
        try unmountOnceFree(path)
        try Mounter.mount(device, at: path, filesystem: kind.rawValue, data: options(kind))
    }

    /// Nobody is served it yet; whoever looks at all mounts may be in it for a moment.
    private static func unmountOnceFree(_ path: String) throws(HostError) {
        let end = ContinuousClock.now + .seconds(5)
        while true {
            do throws(HostError) {
                return try Mounter.unmount(path)
            } catch {
                guard error.errorNumber == EBUSY, ContinuousClock.now < end else { throw error }
                usleep(20_000)
            }
        }
    }

    /// As it is on the disk; nil unless it is an XFS.
    private static func size(of device: String) throws -> Int64? {
        try Superblock(DeviceContent.read(device, count: Superblock.length))?.size
    }

    /// Ensures mode 0777 on the root directory of an ext4 filesystem that was never mounted before. The owner is
    /// changed last.
    private static func openRoot(_ path: String, _ kind: FilesystemKind) throws -> Outcome {
        guard kind == .ext4, try Directory.owner(of: path) == FilesystemTools.ownerOfUnopenedRoot else {
            return .unchanged
        }
        try Directory.ensure(path, mode: 0o777)
        try Directory.giveToRoot(path)
        return .changed
    }

    /// For xfs none: 64-bit inodes, and shutdown on an error, are the kernel's default (xfs(5)). ext4 becomes read-only
    /// on an error, and does not write zeros over its unused inode tables in the background (ext4(5)): group checksums
    /// say that they are unused. 500 new volumes doing that made the next create three times as slow, and filled sparse
    /// images.
    private static func options(_ kind: FilesystemKind) -> String {
        switch kind {
        case .xfs: ""
        case .ext4: "errors=remount-ro,noinit_itable"
        }
    }

    package func unmount(
        _ device: DevicePath?, of id: VolumeID, from path: MountPath
    ) async throws(StorageError) -> Outcome {
        var wait = UnmountWait(patience: unmountPatience, canRelease: release != nil)
        while true {
            do {
                return try await tryUnmount(device, of: id, from: path)
            } catch  where error.code == .busy {
                if wait.isLookDue {
                    wait.note(await users(of: path.value))
                    if wait.isKernels { await release?(path.value) }
                }
                guard let pause = wait.pause() else {
                    throw StorageError(.busy, "\(path) is in use\(wait.holders); end that and try again")
                }
                do { try await Task.sleep(for: pause) } catch { throw StorageError.wrap(error) }
            }
        }
    }

    private func tryUnmount(
        _ device: DevicePath?, of id: VolumeID, from path: MountPath
    ) async throws(StorageError) -> Outcome {
        try await work.perform("unmounting \(path)", on: path.value, deadline: Self.deadline) { _ in
            let number = try device.map { try DeviceNumber.ofBlockDevice($0.value) }
            let hasUnmounted = try (number ?? Self.device(of: id, at: path.value)).map {
                try Self.unmountAll($0, path.value)
            }
            return (hasUnmounted ?? .unchanged) | (try Self.removeOwnDirectory(path.value))
        }
    }

    /// What is mounted there, if its filesystem has that UUID.
    private static func device(of id: VolumeID, at path: String) throws -> DeviceNumber? {
        guard let number = try MountPoint.device(at: path), let node = try number.blockDevicePath(),
            let found = try Superblock(DeviceContent.read(node, count: Superblock.length)), found.id == id
        else { return nil }
        return number
    }

    /// Unmounts the device from the path, as often as it is mounted there.
    private static func unmountAll(_ device: DeviceNumber, _ path: String) throws -> Outcome {
        var outcome = Outcome.unchanged
        while try MountPoint.device(at: path) == device {
            // A frozen filesystem that is unmounted stays frozen in the kernel, and its device busy for ever.
            _ = try FilesystemControl.thaw(path)
            try Mounter.unmount(path)
            outcome = .changed
        }
        return outcome
    }

    /// A mount point of ours is empty once it is unmounted; one that is not, or that has something else mounted, is not ours.
    private static func removeOwnDirectory(_ path: String) throws -> Outcome {
        guard try MountPoint.device(at: path) == nil, try Directory.isPlain(path) == true,
            try Directory.names(in: path)?.isEmpty == true, try Directory.remove(path)
        else { return .unchanged }
        // Else a power cut could bring it back when nobody knows it any more.
        try DurableFile.syncDirectory(of: path)
        return .changed
    }

    /// Nil if that cannot be told.
    private func users(of path: String) async -> [String]? {
        try? await work.perform("looking for the users of \(path)", deadline: .seconds(10)) { _ in
            var names = try MountHolder.all(of: path).map(\.description)
            names += try MountTable.current().map(\.mountPoint).filter { $0.hasPrefix(path + "/") }
                .map { "the mount at \($0)" }
            return names
        }
    }

    package func mounted(at path: MountPath) async throws(StorageError) -> DevicePath? {
        try await work.perform("looking at \(path)", deadline: .seconds(10)) { _ in
            guard let number = try MountPoint.device(at: path.value) else { return nil }
            return DevicePath(try number.blockDevicePath() ?? "\(number)")
        }
    }

    package func mounts(under roots: Set<String>) async throws(StorageError) -> [MountPath: ObservedMount] {
        try await work.perform("reading the mount table", deadline: .seconds(30)) { _ in
            let table = try MountTable.current()
            var mounts: [MountPath: ObservedMount] = [:]
            for root in roots {
                // The table has paths without symbolic links.
                let real = Directory.realPath(root) ?? root
                for entry in table where entry.mountPoint == real || entry.mountPoint.hasPrefix(real + "/") {
                    let path = root + entry.mountPoint.dropFirst(real.count)
                    mounts[MountPath(path)] = ObservedMount(
                        device: try Self.device(of: entry), failure: try Self.failure(of: entry))
                }
            }
            return mounts
        }
    }

    /// Whoever mounted it may have written another name of the device than the kernel's tables have.
    static func device(of entry: MountEntry) throws(HostError) -> DevicePath {
        let isUsual = entry.source.hasPrefix("/dev/mapper/") || entry.source.hasPrefix("/dev/loop")
        guard !isUsual, entry.source.hasPrefix("/dev/") else { return DevicePath(entry.source) }
        return DevicePath(try entry.device.blockDevicePath() ?? entry.source)
    }

    /// XFS shuts itself down and then answers EIO even to statx(2); ext4 becomes read-only, which it never is by us.
    static func failure(of entry: MountEntry) throws(HostError) -> String? {
        switch FilesystemKind(rawValue: entry.filesystem) {
        case .xfs:
            do {
                _ = try MountPoint.answering(at: entry.mountPoint)
                return nil
            } catch  where error.errorNumber == EIO {
                return "\(error)"
            }
        case .ext4:
            let option = entry.superblockOptions.first { ["ro", "emergency_ro", "shutdown"].contains($0) }
            return option.map { $0 == "shutdown" ? "it takes no more writes" : ObservedMount.readOnly }
        case nil: return nil
        }
    }
}
