import StorageCore

/// What DRBD says of one device (drbd.conf(5), drbdsetup(8)). Pure.
struct DRBDStatus: Hashable, Sendable {
    enum Role: String, Sendable { case primary = "Primary", secondary = "Secondary", unknown = "Unknown" }

    /// Of its connection; the rest are ways to one of these.
    enum Connection: Hashable, Sendable {
        case connected
        /// This node takes over what the other has. Nil where it is not told how far it is.
        case receiving(percent: Double?)
        case sending(percent: Double?)
        /// It waits for the other.
        case waiting
        /// It does not try any more: most often because both have what the other has not.
        case standAlone
        case other(String)
    }

    let role: Role
    let peerRole: Role
    /// DRBD's own names.
    let disk: String
    let peerDisk: String
    let connection: Connection
    let isSuspended: Bool
    /// Bytes that differ, as far as known.
    let outOfSync: ByteCount

    /// Of `/proc/drbd`, where the 8.4 series shows itself: the device with that number. Nil if it is not set up.
    init?(proc text: String, minor: Int) {
        let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }
        guard let start = lines.firstIndex(where: { $0.hasPrefix("\(minor): cs:") }) else { return nil }
        let head = lines[start].split(separator: " ")
        let rest = lines[(start + 1)...].prefix { !$0.contains(": cs:") }
        func value(_ key: String, _ fields: [Substring]) -> Substring? {
            fields.first { $0.hasPrefix("\(key):") }?.dropFirst(key.count + 1)
        }
        guard let state = value("cs", head), state != "Unconfigured" else { return nil }
        func pair(_ key: String) -> (String, String) {
            let parts = (value(key, head) ?? "").split(separator: "/").map(String.init)
            return (parts.first ?? "Unknown", parts.count == 2 ? parts[1] : "DUnknown")
        }
        role = Role(rawValue: pair("ro").0) ?? .unknown
        peerRole = Role(rawValue: pair("ro").1) ?? .unknown
        (disk, peerDisk) = pair("ds")
        connection = Self.connection(String(state), percent: Self.percent(rest))
        isSuspended = head.last.map { $0.hasPrefix("s") && $0.count > 1 } ?? false
        let oos = rest.flatMap { $0.split(separator: " ") }.first { $0.hasPrefix("oos:") }?.dropFirst(4)
        outOfSync = ByteCount((oos.flatMap { Int64($0) } ?? 0) << 10)
    }

    /// Of the kernel's module; the 9 series shows no more there.
    static func version(proc text: String) -> String? {
        text.split(separator: "\n").first { $0.hasPrefix("version: ") }?.split(separator: " ").dropFirst().first
            .map(String.init)
    }

    private static func connection(_ name: String, percent: Double?) -> Connection {
        switch name {
        case "Connected", "VerifyS", "VerifyT": .connected
        case "SyncTarget", "PausedSyncT", "StartingSyncT", "WFSyncUUID", "WFBitMapT": .receiving(percent: percent)
        case "SyncSource", "PausedSyncS", "WFBitMapS", "StartingSyncS": .sending(percent: percent)
        case "WFConnection", "WFReportParams", "Unconnected", "Timeout", "BrokenPipe", "NetworkFailure",
            "ProtocolError", "TearDown", "Disconnecting":
            .waiting
        case "StandAlone": .standAlone
        default: .other(name)
        }
    }

    /// Of `[==>.......] sync'ed: 18.3% (…)`, which has no blank before `100.0%`.
    private static func percent(_ lines: ArraySlice<Substring>) -> Double? {
        let mark = "sync'ed:"
        guard let line = lines.first(where: { $0.contains(mark) }), let start = line.firstRange(of: mark)?.upperBound
        else { return nil }
        return Double(line[start...].drop { $0 == " " }.prefix { $0 != "%" })
    }

    /// States of the other's disk in which it lacks what is written here.
    private static let behind: Set<String> = ["Outdated", "Inconsistent", "Diskless", "Failed", "Detaching"]

    /// It lacks what is written here: as DRBD knows of it, or because writes here go on without it.
    private var isOtherBehind: Bool {
        if Self.behind.contains(peerDisk) { return true }
        return role == .primary && peerRole == .unknown && !isSuspended
    }

    /// What it means for whoever wants to serve from here.
    var data: DataState {
        switch disk {
        case "UpToDate" where connection == .connected && peerDisk == "UpToDate" && outOfSync == .zero:
            return .current(other: .same)
        case "UpToDate": return .current(other: isOtherBehind ? .outdated : .unknown)
        case "Diskless", "Failed", "Detaching":
            return .failed("its disk is \(disk) (DRBD): replace it, and convert2nfs ha setup")
        case "Inconsistent":
            if case .receiving(let percent?) = connection {
                return .outdated("it is synchronised to \(percent) percent")
            }
            return .outdated("its disk is Inconsistent (DRBD)")
        default: return .outdated("its disk is \(disk) (DRBD)")
        }
    }
}
