import Glibc
import HostTools
import StorageCore

/// Mounts of our own, at directories that nobody else can enter.
extension LinuxFilesystem {
    package func renew(
        _ device: DevicePath, as kind: FilesystemKind, id: VolumeID
    ) async throws(StorageError) -> Outcome {
        let action = "giving the copy on \(device) the UUID \(id)"
        let found = try await work.perform(action, deadline: Self.deadline) { _ in
            try Self.superblocks(of: device)
        }
        guard let first = found.first, first.kind == kind else {
            throw StorageError(.conflict, "\(device) holds no \(kind.rawValue) filesystem that could be renewed")
        }
        // What has it in the last place where it is written was clean before, and is done.
        if found.allSatisfy({ $0.id == id }) { return .unchanged }
        switch kind {
        case .xfs:
            // xfs_admin refuses a dirty log, and only the kernel replays one; nouuid, because the origin is mounted.
            try await replayLog(device, kind, id, data: "nouuid")
        case .ext4:
            // tune2fs wants a filesystem that was checked since it was last mounted.
            try await run(action, accepting: [0, 1]) { () throws(HostError) in try tools.check(ext4: device) }
            // Unmounted it needs no CAP_SYS_RESOURCE, which growing it later would.
            try await run(action) { () throws(HostError) in try tools.fill(ext4: device) }
        }
        try await run(action) { () throws(HostError) in try tools.identify(kind, on: device, id: id) }
        return .changed
    }

    /// The first superblock, and where xfs_db(8) writes a new UUID to the copies after it, the last copy. tune2fs(8)
    /// writes the first one last.
    private static func superblocks(of device: DevicePath) throws -> [Superblock] {
        guard let first = try Superblock(DeviceContent.read(device.value, count: Superblock.length)) else { return [] }
        guard let offset = first.lastCopy else { return [first] }
        let bytes = try DeviceContent.read(device.value, count: Superblock.length, at: offset)
        return [first] + (Superblock(bytes).map { [$0] } ?? [])
    }

    /// Mounts and unmounts the filesystem where nobody else sees it: the kernel replays its log. Nothing stays mounted,
    /// whatever happens but a crash; and what a crash left of an earlier try is unmounted first.
    private func replayLog(
        _ device: DevicePath, _ kind: FilesystemKind, _ id: VolumeID, data: String
    ) async throws(StorageError) {
        let path = "\(privateMounts)/\(id)"
        try await work.perform("mounting \(device) privately", on: path, deadline: .seconds(300)) { _ in
            try Self.clear(path)
            try Directory.ensure(path, mode: 0)
            do {
                try Mounter.mount(device.value, at: path, filesystem: kind.rawValue, data: data)
            } catch {
                try? Self.clear(path)
                throw error
            }
            try Self.clear(path)
        }
    }

    /// Ensures no private mount is left.
    func clearPrivateMounts() async throws(StorageError) {
        try await work.perform("clearing \(privateMounts)", deadline: Self.deadline) { [privateMounts] _ in
            for name in try Directory.names(in: privateMounts) ?? [] { try Self.clear("\(privateMounts)/\(name)") }
        }
    }

    private static func clear(_ path: String) throws {
        while try MountPoint.device(at: path) != nil { try Mounter.unmount(path) }
        try Directory.remove(path)
    }
}
