import Catalog
import NodeAPI
import StorageCore

/// A volume that is served although a change of it failed.
extension VolumeSight {
    var failedChange: Finding {
        switch culprit?.plan {
        case .update(let old, let new):
            failed(
                "changing it failed at the step \(culprit?.step ?? "")",
                mend: "then ask again: " + commands(from: old, to: new).joined(separator: "; "))
        case .createSnapshot(let name), .deleteSnapshot(let name):
            failed(
                "its snapshot \(name) failed, and what is left of that cannot be removed",
                mend: "it is removed within 30 seconds then, or with convert2nfs snapshot delete \(volume.key)@\(name)")
        // None that is known leaves a volume so.
        case .create, .delete, nil: failed("a change of it failed", mend: "then ask for that change again")
        }
    }

    private func failed(_ message: String, mend: String) -> Finding {
        finding(
            .operationFailed, "\(message); it is served as before", seen: account,
            mend: "end what the evidence names; \(mend)")
    }

    /// The size to which growing it failed: its storage may have that already.
    var grown: ByteCount? {
        guard volume.phase == .failed, case .update(_, let new) = culprit?.plan else { return nil }
        return max(new.capacity, volume.capacity)
    }

    /// What asks for the change again, at the command line.
    private func commands(from old: VolumeSettings, to new: VolumeSettings) -> [String] {
        var commands: [String] = []
        if new.capacity != old.capacity {
            commands.append("convert2nfs volume resize \(volume.key) \(new.capacity.quantity)")
        }
        var options: [String] = []
        if new.clients != old.clients {
            options +=
                new.clients.isEmpty ? ["--clear"] : new.clients.map { "--set \($0.address)=\($0.access.rawValue)" }
        }
        if new.squash != old.squash { options.append("--squash \(new.squash.rawValue)") }
        if !options.isEmpty {
            commands.append("convert2nfs volume clients \(volume.key) " + options.joined(separator: " "))
        }
        return commands
    }
}
