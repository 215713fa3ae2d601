import HostTools
import StorageCore

/// What is made once.
extension ReplicatedGroup {
    private static let stateSize = "64m"

    /// Ensures that there is the group on the replicated device, which this node may write, and in it the service's own volume with a
    /// filesystem. Nothing that is there is made anew; throws `conflict` for anything else on the device.
    func make() async throws(StorageError) {
        if try await list("vgs", "vg_name").isEmpty {
            // Not activated at a boot, should LVM see it then: that is for the daemon to do.
            try await lvm(["vgcreate", "--setautoactivation", "n", group, device])
        }
        if try await !list("lvs", "lv_name").contains(Self.stateVolume) {
            try await lvm(["lvcreate", "--yes", "--size", Self.stateSize, "--name", Self.stateVolume, group])
        }
        try await lvm(["vgchange", "--activate", "y", group])
        try await makeFilesystem()
    }

    private func makeFilesystem() async throws(StorageError) {
        let path = "/dev/\(group)/\(Self.stateVolume)"
        switch try await SetupDisk(path: path, blkid: blkid, runner: runner).content() {
        case .blank:
            try await run(Invocation(mkfs, ["-q", "-E", "nodiscard", path]), "the filesystem of \(path)")
        case .metadata, .other:
            try await run(Invocation(fsck, ["-f", "-n", path]), "\(path) is there, and is no filesystem that is whole")
        }
    }

    private func list(_ command: String, _ field: String) async throws(StorageError) -> [String] {
        let arguments = [
            command, "--devices", device, "--noheadings", "--options", field, "--select", "vg_name=\(group)",
        ]
        return try await run(Invocation(lvm, arguments), command).split(whereSeparator: \.isWhitespace).map(String.init)
    }

    @discardableResult
    private func run(_ invocation: Invocation, _ what: String) async throws(StorageError) -> String {
        do throws(HostError) { return try await runner.output(of: invocation).text } catch {
            throw StorageError(.conflict, "\(what): \(error)")
        }
    }
}
