import NFSExports
import NodeAPI
import Provisioning
import StorageCore

/// Finds out what is wrong with a node or with one of its volumes. It looks and changes nothing, except that to prove a
/// volume's use it lets the node itself in for a moment (see `VolumeManager.lending`).
package struct Doctor: Sendable {
    package struct Settings: Sendable {
        package var nfs: NodeDocument.NFS
        /// What clients are told to mount with.
        package var mountOptions: [String]
        /// The daemon's directory.
        package var state: String
        package var daemon: DaemonFacts
        /// Of the kernel's NFS server; nil where another serves.
        package var kernel: KernelFiles?

        package init(
            nfs: NodeDocument.NFS, mountOptions: [String], state: String, daemon: DaemonFacts, kernel: KernelFiles?
        ) {
            self.nfs = nfs
            self.mountOptions = mountOptions
            self.state = state
            self.daemon = daemon
            self.kernel = kernel
        }

        var isSimulated: Bool { nfs.server == "simulated" }
        var host: ServiceHost { ServiceHost(name: nfs.address) }
    }

    let managers: ManagerSource
    let settings: Settings
    /// Nil on a node that is on its own.
    let pair: (any PairNode)?

    /// For each check; what takes longer hangs, or is no use to who waits.
    private static let patience = Duration.seconds(20)

    package init(managers: ManagerSource, settings: Settings, pair: (any PairNode)? = nil) {
        self.pair = pair
        self.managers = managers
        self.settings = settings
    }

    /// Of all volumes if `key` is nil; as a client of the address `client` sees it, if there is one. Never throws and never
    /// hangs: what cannot be looked at is in the document.
    package func examine(_ key: VolumeKey?, from client: ClientAddress?) async -> DiagnosisDocument {
        let manager = try? managers.current
        let checks = manager.map { self.checks($0, key, client) } ?? standbyChecks
        var results = await withTaskGroup { group in
            for (index, check) in checks.enumerated() { group.addTask { (index, await result(of: check)) } }
            var results = [(name: String, verdict: Verdict)?](repeating: nil, count: checks.count)
            for await (index, verdict) in group { results[index] = (checks[index].name, verdict) }
            return results.compactMap(\.self)
        }
        if let key, let manager, !settings.isSimulated {
            let known = results.flatMap(\.verdict.findings)
            let use = UseCheck(manager: manager, settings: settings, key: key, known: known)
            results.append((use.name, await result(of: use)))
        }
        return document(results)
    }

    /// A node of a pair that does not serve has no volumes to look at.
    private var standbyChecks: [any Check] { pairChecks + [StateDiskCheck(directory: settings.state)] }

    private var pairChecks: [any Check] { [pair.map(PairCheck.init)].compactMap(\.self) }

    private func checks(_ manager: VolumeManager, _ key: VolumeKey?, _ client: ClientAddress?) -> [any Check] {
        let anywhere: [any Check] =
            pairChecks + [
                ReadinessCheck(manager: manager, daemon: settings.daemon), StateDiskCheck(directory: settings.state),
                PoolsCheck(manager: manager, key: key),
                VolumesCheck(manager: manager, daemon: settings.daemon, key: key),
                ExportsCheck(manager: manager, settings: settings, key: key, client: client),
            ]
        guard !settings.isSimulated else { return anywhere }
        let real: [any Check] = [
            AddressCheck(host: settings.host), ServicesCheck(settings: settings),
            FirewallCheck(manager: manager, settings: settings, key: key, client: client),
        ]
        guard let files = settings.kernel else { return anywhere + real }
        return anywhere + real
            + [OperatorExportsCheck(manager: manager, files: files, key: key), ClientNamesCheck(files: files)]
    }

    private func result(of check: any Check) async -> Verdict {
        let completion = Completion<Result<Verdict, StorageError>>()
        let work = Task {
            do throws(StorageError) {
                completion.finish(.success(try await check.run()))
            } catch {
                completion.finish(.failure(error))
            }
        }
        // Whoever hangs is not waited for: a group of tasks would.
        let result = await completion.value(within: Self.patience, clock: ContinuousClock())
        work.cancel()
        let reason: String
        switch result {
        case .success(let verdict): return verdict
        case .failure(let error): reason = error.seen
        case nil: reason = "it did not end within \(Self.patience.components.seconds) s"
        }
        return Verdict(findings: [
            Finding(
                .checkFailed, "node", "the check \"\(check.name)\" could not be carried out", evidence: reason,
                remedy: "\(settings.daemon.readLog); dmesg; and ask again")
        ])
    }

    private func document(_ results: [(name: String, verdict: Verdict)]) -> DiagnosisDocument {
        var known: Set<[String]> = []
        let findings = results.flatMap(\.verdict.findings).filter { known.insert([$0.check, $0.subject]).inserted }
        return DiagnosisDocument(
            checked: results.filter(\.verdict.isComplete).map(\.name),
            omitted: results.flatMap { result in
                result.verdict.omissions.map { DiagnosisDocument.Omission(check: result.name, reason: $0) }
            }, notes: results.flatMap(\.verdict.notes), findings: findings)
    }
}
