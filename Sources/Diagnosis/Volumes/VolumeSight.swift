import Catalog
import HostTools
import NodeAPI
import Provisioning
import StorageCore

/// What was seen of one volume, and what is wrong with it. Pure.
struct VolumeSight: Sendable {
    let volume: Volume
    let daemon: DaemonFacts
    /// Whether an operation works on it.
    var isBusy = false
    var place: Observation.Place = .own
    /// How its filesystem has failed.
    var failure: String?
    /// Why its pool does not answer.
    var silence: String?
    var mountOptions: [String] = []
    /// What its storage is a multiple of; nil if the pool does not say.
    var granularity: ByteCount?
    var deviceSize: ByteCount?
    var space: FilesystemSpace?
    /// The operation to which it owes that it is not well.
    var culprit: Operation?

    var findings: [Finding] {
        switch volume.phase {
        case .quarantined:
            [
                finding(
                    .volumeQuarantined, "making it failed, and undoing that failed too; nothing touches it",
                    seen: account, mend: "end what the evidence names, then: convert2nfs volume delete \(volume.key)")
            ]
        case .creating, .deleting: isAtWork ? [] : [stuck]
        case .failed: [failedChange] + served
        case .ready, .resizing: served
        }
    }

    /// Whether something is being done with it that has not failed so far.
    private var isAtWork: Bool { isBusy && culprit?.state != .undoing }

    private var stuck: Finding {
        let what = isBusy ? "making it failed, and it is being taken back" : "nothing works on it now"
        return finding(
            .operationFailed, "it is in phase \(volume.phase.rawValue): \(what)", seen: account,
            mend: "end what the evidence names; it goes on by itself within 30 seconds")
    }

    /// Of a volume that is to be mounted.
    private var served: [Finding] {
        switch place {
        case .own: failure.map { [failed($0)] } ?? mounted
        case .foreign(let device):
            [
                finding(
                    .foreignMount, "something that is not its device is mounted over it",
                    seen: "\(device) is mounted at \(volume.path)", mend: "umount \(volume.path)")
            ]
        case .missing, .unknown:
            [
                finding(
                    .volumeNotMounted, "it is not mounted, so nobody is served", seen: silence ?? account,
                    mend: "end what the evidence names; the daemon tries again every two seconds")
            ]
        }
    }

    private func failed(_ failure: String) -> Finding {
        if failure == ObservedMount.readOnly { return readOnly("its filesystem made itself read-only after an error") }
        return finding(
            .filesystemShutDown, "its filesystem has shut itself down after I/O errors; every access fails",
            seen: failure,
            mend: "look at dmesg and mend the storage, then: \(daemon.retire)")
    }

    private func readOnly(_ what: String) -> Finding {
        finding(
            .filesystemReadOnly, what, seen: "mount options \(mountOptions.joined(separator: ","))",
            mend: "look at dmesg; if all is well there: mount -o remount,rw \(volume.path)")
    }

    private var mounted: [Finding] {
        var findings: [Finding] = []
        if mountOptions.contains("ro") { findings.append(readOnly("its filesystem is mounted read-only")) }
        if let found = sizeDiffers { findings.append(found) }
        guard let space else { return findings }
        // xfs makes inodes while it has room, so a full one has none either.
        if space.available < Self.floor(of: space) {
            findings.append(
                finding(
                    .volumeFull, "it is full: its clients get ENOSPC",
                    seen: "\(space.available >> 10) KiB of \(space.total >> 10) KiB are free",
                    mend: "remove files at a client, or: convert2nfs volume resize \(volume.key) SIZE"))
        } else if space.files > 0, space.freeFiles < 16 {
            findings.append(
                finding(
                    .inodesExhausted, "it has no inode left: its clients get ENOSPC although there is room",
                    seen: "\(space.freeFiles) of \(space.files) inodes are free",
                    mend: "remove files at a client, or: convert2nfs volume resize \(volume.key) SIZE"))
        }
        return findings
    }

    /// One percent, where that is neither less than a block or two nor a lot.
    private static func floor(of space: FilesystemSpace) -> Int64 { max(1 << 20, min(space.total / 100, 32 << 20)) }

    private var sizeDiffers: Finding? {
        guard let deviceSize, let granularity, !isBusy, volume.phase != .resizing,
            deviceSize < volume.capacity || deviceSize >= (grown ?? volume.capacity) + granularity
        else { return nil }
        return finding(
            .sizeDiffers, "its device has another size than the catalog says",
            seen: "the device has \(deviceSize.quantity), the catalog \(volume.capacity.quantity)",
            mend: deviceSize < volume.capacity
                ? "its filesystem may be cut off: stop using it, and restore it from a copy"
                : "convert2nfs volume resize \(volume.key) \(deviceSize.quantity)")
    }

    /// What is known of why.
    var account: String {
        let operation = culprit.map(Self.text)
        let condition = volume.condition.abnormal ? volume.condition.message : nil
        let parts = [condition, operation].compactMap(\.self)
        return parts.isEmpty ? "phase \(volume.phase.rawValue)" : parts.joined(separator: "; ")
    }

    /// What the journal tells of an operation that failed.
    static func text(_ operation: Operation) -> String {
        let failure = operation.failure.map { $0.error.seen } ?? operation.state.rawValue
        return "\(operation.plan.kind), operation \(operation.id), step \(operation.step): \(failure)"
    }

    func finding(_ fault: Fault, _ message: String, seen: String, mend: String) -> Finding {
        Finding(fault, volume.key.resource, message, evidence: seen, remedy: mend)
    }
}
