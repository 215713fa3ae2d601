import NodeAPI
import Provisioning
import StorageCore

/// Whether the node has started, and manages its NFS server.
struct ReadinessCheck: Check {
    let manager: VolumeManager
    let daemon: DaemonFacts

    var name: String { "daemon" }

    func run() async throws(StorageError) -> Verdict {
        Verdict(findings: findings(isReady: manager.isReady, problem: manager.serverProblem))
    }

    /// Of a server that fails or cannot be asked.
    static func finding(_ problem: StorageError) -> Finding {
        Finding(
            .serverNotWell, "node", "the NFS server does not serve, or cannot be managed", evidence: problem.seen,
            remedy: "mend what is said there; the daemon tries again every two seconds")
    }

    func findings(isReady: Bool, problem: StorageError?) -> [Finding] {
        if let problem { return [Self.finding(problem)] }
        guard !isReady else { return [] }
        return [
            Finding(
                .notReady, "node", "the node is starting: volumes are being mounted and exported",
                evidence: "GET /readyz answers 503", remedy: "if it does not end: \(daemon.readErrors)")
        ]
    }
}
