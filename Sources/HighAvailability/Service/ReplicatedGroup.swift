import HostTools
import StorageCore

/// The volume group on the replicated device, with the service's own small volume in it, which holds what has to move with the data.
/// Needs root.
package struct ReplicatedGroup: Sendable {
    package static let requiredTools: [ToolName] = [.lvm, .modprobe] + StateVolume.requiredTools

    /// Of the logical volume. It has no dot, which every volume's has.
    static let stateVolume = "convert2nfs-state"

    let group: String
    let device: String
    let state: StateVolume
    let lvm: Tool
    private let modprobe: Tool
    let runner: any CommandRunner

    /// `device` is the replicated one; `stateDirectory` is where the service's own volume is mounted.
    package init(
        group: String, device: String, stateDirectory: String, toolbox: Toolbox, runner: any CommandRunner
    ) throws(StorageError) {
        do throws(HostError) {
            lvm = try toolbox.require(.lvm)
            modprobe = try toolbox.require(.modprobe)
            state = try StateVolume(directory: stateDirectory, toolbox: toolbox, runner: runner)
        } catch {
            throw StorageError(.unavailable, "\(error)")
        }
        self.group = group
        self.device = device
        self.runner = runner
    }

    /// Ensures that the group is active, all of it at once, which is cheaper than one by one, and the service's own volume mounted.
    package func raise() async throws(StorageError) {
        if try state.isMounted() { return }
        // udev(7) goes on with its own work on each volume, and what is mounted next does not wait for it.
        try await lvm(["vgchange", "--noudevsync", "--activate", "y", "--select", "vg_name=\(group)"])
        let name = DeviceMapper.name(ofLogicalVolume: Self.stateVolume, in: group)
        try await state.mount("\(DeviceMapper.directory)/\(name)", links: [name])
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
        try await state.unmountAll { mounted throws(HostError) in try mounted.rests(on: device) }
        try await lvm(["vgchange", "--noudevsync", "--activate", "n", "--select", "vg_name=\(group)"])
    }

    func lvm(_ arguments: [String]) async throws(StorageError) {
        let options = [arguments[0], "--devices", device] + arguments.dropFirst()
        do throws(HostError) { try await runner.output(of: Invocation(lvm, options)) } catch {
            throw StorageError(.unavailable, "\(arguments[0]) of \(group): \(error)")
        }
    }
}
