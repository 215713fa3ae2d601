import Glibc
import HostTools
import StorageCore

/// The volume group on the replicated device, with the service's own small volume in it, which holds what has to move with the data.
/// Needs root.
package struct ReplicatedGroup: Sendable {
    package static let requiredTools: [ToolName] = [.lvm, .blkid, .mkfsExt4, .checkExt4, .modprobe]

    /// Of the logical volume. It has no dot, which every volume's has.
    static let stateVolume = "convert2nfs-state"
    private static let filesystem = "ext4"

    let group: String
    let device: String
    private let stateDirectory: String
    let lvm: Tool
    let blkid: Tool
    let mkfs: Tool
    let fsck: Tool
    private let modprobe: Tool
    let runner: any CommandRunner
    private let work = BlockingWork(label: "pair")

    /// `device` is the replicated one; `stateDirectory` is where the service's own volume is mounted.
    package init(
        group: String, device: String, stateDirectory: String, toolbox: Toolbox, runner: any CommandRunner
    ) throws(StorageError) {
        do throws(HostError) {
            lvm = try toolbox.require(.lvm)
            blkid = try toolbox.require(.blkid)
            mkfs = try toolbox.require(.mkfsExt4)
            fsck = try toolbox.require(.checkExt4)
            modprobe = try toolbox.require(.modprobe)
        } catch {
            throw StorageError(.unavailable, "\(error)")
        }
        self.group = group
        self.device = device
        self.stateDirectory = stateDirectory
        self.runner = runner
    }

    /// Ensures that the group is active, all of it at once, which is cheaper than one by one, and the service's own volume mounted.
    package func raise() async throws(StorageError) {
        if try isMounted() { return }
        // udev(7) goes on with its own work on each volume, and what is mounted next does not wait for it.
        try await lvm(["vgchange", "--noudevsync", "--activate", "y", "--select", "vg_name=\(group)"])
        let name = DeviceMapper.name(ofLogicalVolume: Self.stateVolume, in: group)
        try await blocking("mounting the state volume") { (path, _) throws(HostError) in
            try DeviceMapper.ensureLinks(of: [name])
            try Directory.ensure(path, mode: 0o700)
            // nfsdcld's commit is the removal of SQLite's journal, which SQLite itself does not bring to the disk (PRAGMA synchronous): a
            // client that came seconds before a loss of power would be forgotten, and lose its locks.
            try Mounter.mount(
                "\(DeviceMapper.directory)/\(name)", at: path, filesystem: Self.filesystem, data: "", keepsNames: true)
        }
    }

    /// Loads what the kernel would load when a node begins to serve, and clients wait.
    package func prepare() async {
        _ = try? await runner.output(of: Invocation(modprobe, ["-a", "dm_mod", "ext4", "xfs"]))
    }

    /// Ensures that nothing on the replicated device is mounted, wherever, and that no logical volume is active. Throws `busy` while
    /// something is in use.
    package func lower() async throws(StorageError) {
        // Without its device there is no such group, and nothing to be done.
        guard let device = try? DeviceNumber.ofBlockDevice(device) else { return }
        try await unmountAll(on: device)
        try await lvm(["vgchange", "--noudevsync", "--activate", "n", "--select", "vg_name=\(group)"])
    }

    private func isMounted() throws(StorageError) -> Bool {
        do throws(HostError) { return try MountPoint.device(at: stateDirectory) != nil } catch {
            throw StorageError(.unavailable, "\(stateDirectory) cannot be looked at: \(error)")
        }
    }

    func lvm(_ arguments: [String]) async throws(StorageError) {
        let options = [arguments[0], "--devices", device] + arguments.dropFirst()
        do throws(HostError) { try await runner.output(of: Invocation(lvm, options)) } catch {
            throw StorageError(.unavailable, "\(arguments[0]) of \(group): \(error)")
        }
    }

    // MARK: Unmounting

    /// All at once, since each waits for its disk.
    private func unmountAll(on device: DeviceNumber) async throws(StorageError) {
        var paths: [String] = []
        do throws(HostError) {
            for entry in try MountTable.current() where try entry.blockDevice?.rests(on: device) == true {
                paths.append(entry.mountPoint)
            }
        } catch {
            throw StorageError(.unavailable, "the mounts cannot be looked at: \(error)")
        }
        let refusals: [StorageError] = await withTaskGroup(of: StorageError?.self) { group in
            for path in paths.reversed() {
                group.addTask {
                    do throws(StorageError) { try await unmount(path) } catch { return error }
                    return nil
                }
            }
            var refusals: [StorageError] = []
            for await refusal in group { if let refusal { refusals.append(refusal) } }
            return refusals
        }
        if let refusal = refusals.first { throw refusal }
    }

    /// The NFS server lets go of what it served a moment after it has ended.
    private static let patience = Duration.seconds(5)

    private func unmount(_ path: String) async throws(StorageError) {
        let end = ContinuousClock.now + Self.patience
        while true {
            let isBusy = try await blocking("unmounting \(path)") { (_, _) throws(HostError) in
                guard try MountPoint.device(at: path) != nil else { return false }
                do throws(HostError) { try Mounter.unmount(path) } catch {
                    guard error.errorNumber == EBUSY else { throw error }
                    return true
                }
                return try MountPoint.device(at: path) != nil
            }
            guard isBusy else { return }
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(50))) != nil else {
                let holders = (try? MountHolder.all(of: path)) ?? []
                let names = holders.isEmpty ? "" : " by \(holders.map(\.description).joined(separator: ", "))"
                throw StorageError(.busy, "\(path) is in use\(names)")
            }
        }
    }

    private func blocking<Value: Sendable>(
        _ what: String, _ body: @escaping @Sendable (String, String) throws(HostError) -> Value
    ) async throws(StorageError) -> Value {
        do throws(HostError) {
            return try await work.run(what, deadline: .seconds(20)) { [stateDirectory, group] _ throws(HostError) in
                try body(stateDirectory, group)
            }
        } catch {
            throw StorageError(.unavailable, "\(what): \(error)")
        }
    }
}
