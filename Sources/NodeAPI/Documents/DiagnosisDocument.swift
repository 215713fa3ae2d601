/// What `GET /v1/diagnosis` found: what was looked at, what was not and why, and what is wrong.
package struct DiagnosisDocument: Hashable, Sendable, Codable {
    /// Something that is wrong.
    package struct Finding: Hashable, Sendable, Codable {
        /// What kind of fault it is: the raw value of a `Fault`. A newer node may know others.
        package var check: String
        /// What it is about: `volumes/shop/data`, `pools/default`, `node`.
        package var subject: String
        /// What is wrong.
        package var message: String
        /// What was seen, as it was seen.
        package var evidence: String
        /// What mends it: a command where there is one.
        package var remedy: String

        package init(_ fault: Fault, _ subject: String, _ message: String, evidence: String, remedy: String) {
            check = fault.rawValue
            self.subject = subject
            self.message = message
            self.evidence = evidence
            self.remedy = remedy
        }
    }

    /// Something that was not looked at, although it should be looked at where it can be.
    package struct Omission: Hashable, Sendable, Codable {
        package var check: String
        package var reason: String

        package init(check: String, reason: String) {
            self.check = check
            self.reason = reason
        }
    }

    /// Whether nothing is wrong in what was looked at.
    package var healthy: Bool
    package var checked: [String]
    package var omitted: [Omission]
    /// What is worth knowing and no fault.
    package var notes: [String]
    package var findings: [Finding]

    package init(checked: [String], omitted: [Omission] = [], notes: [String] = [], findings: [Finding]) {
        healthy = findings.isEmpty
        self.checked = checked
        self.omitted = omitted
        self.notes = notes
        self.findings = findings
    }
}

/// What can be wrong with a node or a volume. The raw values are the contract: scripts decide by them, and
/// docs/operations.md says what to do about each.
package enum Fault: String, Sendable, CaseIterable {
    // The daemon.
    case daemonSilent = "daemon-silent"
    case notReady = "not-ready"
    case serverNotWell = "server-not-well"
    case stateDiskFull = "state-disk-full"
    case checkFailed = "check-failed"
    // The pair.
    case pairNotServed = "pair-not-served"
    case pairHeldUp = "pair-held-up"
    case pairParted = "pair-parted"
    case pairOneCopy = "pair-one-copy"
    case pairNodeSilent = "pair-node-silent"
    case pairNodeOutdated = "pair-node-outdated"
    case pairNodeFault = "pair-node-fault"
    // What clients ask.
    case addressNotHere = "address-not-here"
    case portmapperSilent = "portmapper-silent"
    case notRegistered = "not-registered"
    case nfsdSilent = "nfsd-silent"
    case nfsVersionOff = "nfs-version-off"
    case udpOff = "udp-off"
    case mountdSilent = "mountd-silent"
    case lockManagerSilent = "lock-manager-silent"
    case statusMonitorSilent = "status-monitor-silent"
    case portBlocked = "port-blocked"
    case sameHostnameClients = "same-hostname-clients"
    // Pools.
    case poolUnavailable = "pool-unavailable"
    case poolFull = "pool-full"
    case thinPoolNearFull = "thin-pool-near-full"
    case poolNearFull = "pool-near-full"
    case unknownStorage = "unknown-storage"
    // Volumes.
    case volumeAbsent = "volume-absent"
    case operationFailed = "operation-failed"
    case volumeQuarantined = "volume-quarantined"
    case volumeNotMounted = "volume-not-mounted"
    case foreignMount = "foreign-mount"
    case filesystemShutDown = "filesystem-shut-down"
    case filesystemReadOnly = "filesystem-read-only"
    case sizeDiffers = "size-differs"
    case volumeFull = "volume-full"
    case inodesExhausted = "inodes-exhausted"
    // Exports.
    case notExported = "not-exported"
    case exportDiffers = "export-differs"
    case fsidDiffers = "fsid-differs"
    case foreignExport = "foreign-export"
    case clientNotAllowed = "client-not-allowed"
    case useFailed = "use-failed"
}
