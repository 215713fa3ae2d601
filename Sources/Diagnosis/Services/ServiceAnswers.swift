import Glibc
import NFSClient
import NodeAPI

/// What the services of a node answered, and what is wrong with them. Pure.
struct ServiceAnswers: Sendable {
    let isKernel: Bool
    let daemon: DaemonFacts
    /// For each question what it failed with; nil if it was answered.
    var failures: [Question: NFSError?] = [:]
    /// What the port mapper does not know; nil if it does not answer.
    var unregistered: [RPCProbe.Program]?

    var findings: [Finding] {
        nfs
            + silent(
                .portMapper, .portmapperSilent, "rpcbind does not answer: NFSv3 clients cannot find the server",
                "\(daemon.restart); what else has its port: ss -lntup 'sport = :111'")
            + silent(
                .mountd, .mountdSilent, "the mount protocol does not answer: NFSv3 clients cannot mount",
                isKernel
                    ? "why rpc.mountd does not start: \(daemon.readErrors); the daemon starts it again, every half minute at the least"
                    : restart)
            + silent(
                .lockManager, .lockManagerSilent, "the lock manager does not answer: NFSv3 clients cannot lock files",
                isKernel ? "dmesg | grep -i lockd; then: \(daemon.restart)" : restart)
            + silent(.statusMonitor, .statusMonitorSilent, Self.noLocks, startStatd) + registrations
    }

    /// Of NFS-Ganesha.
    private var restart: String { "\(daemon.readErrors); a server that hangs is restarted within a minute" }
    private static let noLocks = "rpc.statd does not answer: locks of NFSv3 clients are refused"
    private var startStatd: String { "\(daemon.restart); if it does not start: \(daemon.readLog)" }

    private func failure(_ matches: (Question) -> Bool) -> (Question, NFSError)? {
        failures.compactMap { question, error in error.map { (question, $0) } }.filter { matches($0.0) }
            .min { "\($0.0.transport)" < "\($1.0.transport)" }
    }

    private var nfs: [Finding] {
        let stream = failures.filter { $0.key.program == .nfs && $0.key.transport == .tcp }
        let refused = stream.compactMap { question, error in
            error.flatMap { $0.code == EPROTONOSUPPORT ? (question, $0) : nil }
        }.sorted { ($0.0.version, $0.0.minorVersion ?? 0) < ($1.0.version, $1.0.minorVersion ?? 0) }
        if let silent = stream.compactMap({ $0.value }).first(where: { $0.code != EPROTONOSUPPORT }) {
            return [
                Finding(
                    .nfsdSilent, "node", "the NFS server does not answer: clients wait", evidence: "\(silent)",
                    remedy: isKernel
                        ? "why its threads do not start: \(daemon.readErrors); dmesg" : restart)
            ]
        }
        if let first = refused.first {
            let names = refused.map { "\($0.0.version)" + ($0.0.minorVersion.map { ".\($0)" } ?? "") }
            return [
                Finding(
                    .nfsVersionOff, "node", "the NFS server does not speak NFS \(names.joined(separator: ", "))",
                    evidence: "\(first.1)",
                    remedy: isKernel
                        ? "its versions: cat /proc/fs/nfsd/versions; \(daemon.restart) sets them right"
                        : restart)
            ]
        }
        guard let datagram = failure({ $0.program == .nfs && $0.transport == .udp }) else { return [] }
        return [
            Finding(
                .udpOff, "node", "the NFS server does not answer over UDP", evidence: "\(datagram.1)",
                remedy: isKernel
                    ? "its ports: cat /proc/fs/nfsd/portlist; \(daemon.restart) sets them right"
                    : restart)
        ]
    }

    private func silent(
        _ program: RPCProbe.Program, _ fault: Fault, _ message: String, _ remedy: String
    ) -> [Finding] {
        failure { $0.program == program }.map {
            [Finding(fault, "node", message, evidence: "\($0.1)", remedy: remedy)]
        } ?? []
    }

    /// Of those that answer where the port is known without the port mapper.
    private var registrations: [Finding] {
        guard let unregistered, !unregistered.isEmpty else { return [] }
        var findings: [Finding] = []
        if unregistered.contains(.statusMonitor) {
            findings.append(
                Finding(
                    .statusMonitorSilent, "node", Self.noLocks,
                    evidence: "rpcbind knows nobody for program \(RPCProbe.Program.statusMonitor.rawValue)",
                    remedy: startStatd))
        }
        let others = unregistered.filter { program in
            program != .statusMonitor && failure { $0.program == program && $0.transport == .tcp } == nil
        }
        guard !others.isEmpty else { return findings }
        let programs = others.map { "\($0.rawValue)" }.joined(separator: ", ")
        findings.append(
            Finding(
                .notRegistered, "node", "rpcbind does not know all of the NFS server: NFSv3 clients cannot find it",
                evidence: "nobody is registered for: \(programs)",
                remedy: "rpcinfo -p shows who is; \(daemon.restart) registers the rest"))
        return findings
    }
}
