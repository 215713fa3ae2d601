import Catalog
import HostTools
import NFSExports
import NodeAPI
import Provisioning
import StorageCore

/// Whether the NFS server serves volumes as the catalog says, and which of a volume's rules a client falls under.
struct ExportsCheck: Check {
    let manager: VolumeManager
    let settings: Doctor.Settings
    /// Nil for all.
    let key: VolumeKey?
    let client: ClientAddress?

    var name: String { "exports" }

    func run() async throws(StorageError) -> Verdict {
        var verdict = try await afterSettling { () async throws(StorageError) in
            Verdict(findings: try await differences())
        }
        if let key, let volume = try? await manager.volume(key) { verdict += Self.access(volume, client) }
        return verdict
    }

    private func differences() async throws(StorageError) -> [Finding] {
        let seen = try await manager.observation()
        let served = seen.volumes.filter {
            (key == nil || $0.key == key) && $0.phase.isServed && seen.place(of: $0) == .own
                && !seen.isBusy($0.identity)
        }
        let observed: [ObservedExport]
        do throws(StorageError) {
            observed = try await manager.observedExports()
        } catch {
            return [ReadinessCheck.finding(error)]
        }
        let table = try await table()
        let byID = Dictionary(observed.map { ($0.id, $0) }) { $1 }
        return served.compactMap {
            ExportSight(volume: $0, served: byID[$0.exportID], table: table, daemon: settings.daemon).finding
        }
    }

    private func table() async throws(StorageError) -> ExportTab? {
        guard let path = settings.kernel?.tab else { return nil }
        return try await onHost("read \(path)") { () async throws(HostError) in
            ExportTab(try ControlFile.read(path) ?? "")
        }
    }

    /// The narrowest rule counts.
    static func access(_ volume: Volume, _ client: ClientAddress?) -> Verdict {
        guard let client else {
            guard volume.clients.isEmpty else { return Verdict() }
            let command = "convert2nfs volume clients \(volume.key) --add ADDRESS"
            return Verdict(notes: ["\(volume.key) has no clients, so it is exported to nobody; \(command)"])
        }
        let rule = volume.clients.filter { $0.address.contains(client) }.max {
            $0.address.prefixLength < $1.address.prefixLength
        }
        guard let rule else { return Verdict(findings: [refused(client, volume)]) }
        return Verdict(notes: ["\(client) is let in by the rule \(rule.address)=\(rule.access.rawValue)"])
    }

    private static func refused(_ client: ClientAddress, _ volume: Volume) -> Finding {
        let rules = volume.clients.map { "\($0.address)=\($0.access.rawValue)" }.joined(separator: ", ")
        return Finding(
            .clientNotAllowed, volume.key.resource, "\(client) is none of its clients: its mount is refused",
            evidence: rules.isEmpty ? "it has no clients" : "its clients: \(rules)",
            remedy: "convert2nfs volume clients \(volume.key) --add \(client)")
    }
}

/// What was seen of one volume's export, and what is wrong with it. Pure.
struct ExportSight: Sendable {
    let volume: Volume
    let served: ObservedExport?
    /// Of the kernel's server.
    let table: ExportTab?
    let daemon: DaemonFacts

    var finding: Finding? {
        let wanted = ObservedExport(volume.export)
        guard served != wanted else { return nil }
        let entries = table?.entries(at: volume.path.value) ?? []
        func shown(_ entry: ExportTab.Entry) -> String {
            "\(entry.client)(\(entry.options.sorted().joined(separator: ",")))"
        }
        guard let served else {
            return finding(
                .notExported, "the NFS server does not serve it", "no export \(volume.exportID), \(volume.path)")
        }
        if let wrong = entries.first(where: { !$0.options.contains("fsid=\(volume.fsid)") }) {
            return finding(
                .fsidDiffers, "it is served with another fsid: its clients' file handles become stale",
                "\(shown(wrong)) instead of fsid=\(volume.fsid)")
        }
        let seen = entries.isEmpty ? [Self.text(served)] : entries.map(shown)
        return finding(
            .exportDiffers, "the NFS server serves it otherwise than the catalog says",
            "\(seen.joined(separator: "; ")) instead of \(Self.text(wanted))")
    }

    private func finding(_ fault: Fault, _ message: String, _ seen: String) -> Finding {
        Finding(
            fault, volume.key.resource, message, evidence: seen,
            remedy: "the daemon sets it right every two seconds; why it cannot: \(daemon.readErrors)")
    }

    private static func text(_ export: ObservedExport) -> String {
        let clients = export.clients.map { "\($0.address)=\($0.access.rawValue)" }.joined(separator: ", ")
        return "\(export.path) for \(clients.isEmpty ? "nobody" : clients), squash \(export.squash.rawValue)"
    }
}
