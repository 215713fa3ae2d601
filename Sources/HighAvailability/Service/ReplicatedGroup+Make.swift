import HostTools
import StorageCore

/// What is made once.
extension ReplicatedGroup {
    /// Ensures that there is the group on the replicated device, which this node may write, and in it the service's own volume with a
    /// filesystem. Nothing that is there is made anew; throws `conflict` for anything else on the device.
    func make() async throws(StorageError) {
        if try await list("vgs", "vg_name").isEmpty {
            // Not activated at a boot, should LVM see it then: that is for the daemon to do.
            try await lvm(["vgcreate", "--setautoactivation", "n", group, device])
        }
        if try await !list("lvs", "lv_name").contains(Self.stateVolume) {
            try await lvm([
                "lvcreate", "--yes", "--size", "\(StateVolume.size.bytes)b", "--name", Self.stateVolume, group,
            ])
        }
        try await lvm(["vgchange", "--activate", "y", group])
        try await state.make(on: "/dev/\(group)/\(Self.stateVolume)")
    }

    private func list(_ command: String, _ field: String) async throws(StorageError) -> [String] {
        let arguments = [
            command, "--devices", device, "--noheadings", "--options", field, "--select", "vg_name=\(group)",
        ]
        do throws(HostError) {
            let text = try await runner.output(of: Invocation(lvm, arguments)).text
            return text.split(whereSeparator: \.isWhitespace).map(String.init)
        } catch {
            throw StorageError(.conflict, "\(command): \(error)")
        }
    }
}
