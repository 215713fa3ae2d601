import HostTools
import StorageCore

/// What is done once, when two disks become one device.
extension DRBDReplication {
    /// Writes metadata on the disk, whatever is there. DRBD must not have the disk.
    func makeMetadata() async throws(StorageError) {
        try await drbd("create-md", ["--force"], deadline: .seconds(120))
    }

    /// Ensures that what runs is as the configuration says.
    func adjust() async throws(StorageError) { try await drbd("adjust") }

    /// Ensures that both copies count as the same, which is so only of disks that nothing was written to. DRBD refuses it of any other
    /// (drbdsetup(8), new-current-uuid).
    func countAsEqual() async throws(StorageError) {
        let end = ContinuousClock.now + .seconds(45)
        while true {
            let found = try status()
            if let found, found.connection == .connected {
                if found.disk == "UpToDate" { return }
                if found.disk == "Inconsistent", found.peerDisk == "Inconsistent" { break }
            }
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(100))) != nil else {
                throw StorageError(
                    .unavailable,
                    "DRBD is not connected with the other node (\(found?.text ?? "not up")): see whether they reach each other at the "
                        + "replication's addresses and port, and the firewall")
            }
        }
        try await run(
            Invocation(drbdadm, ["--", "--clear-bitmap", "new-current-uuid", resource]), "drbdadm new-current-uuid")
    }
}

/// What is done once both have written what the other lacks, and DRBD connects them no more by itself.
extension DRBDReplication {
    package func discard() async throws(StorageError) {
        guard let status = try status(), status.connection == .standAlone || status.connection == .waiting else {
            throw StorageError(.conflict, "DRBD is connected, or not up: there is nothing to throw away")
        }
        guard status.role != .primary else { throw StorageError(.conflict, "this node may write") }
        if status.connection == .waiting { try await drbd("disconnect") }
        do throws(StorageError) {
            // Until it has the other's, however long both do not reach each other.
            if !Self.useless.contains(status.disk) { try await drbd("outdate") }
            try await drbd("connect", ["--discard-my-data"])
        } catch {
            try? await connectAgain()
            throw error
        }
    }

    package func reconnect() async throws(StorageError) {
        guard try status()?.connection == .standAlone else { return }
        try await drbd("connect")
    }
}
