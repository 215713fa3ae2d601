import NodeAPI
import StorageCore

/// Whether both nodes of a pair are as they should be, as the node that is asked knows it.
struct PairCheck: Check {
    let pair: any PairNode

    var name: String { "pair" }

    func run() async throws(StorageError) -> Verdict {
        try await afterSettling { () async throws(StorageError) in Self.verdict(await pair.status()) }
    }

    static func verdict(_ status: PairStatus) -> Verdict {
        Verdict(
            findings: status.problems.map { problem in
                Finding(
                    problem.fault, problem.subject, problem.message, evidence: status.replication,
                    remedy: problem.remedy.isEmpty ? "convert2nfs ha status; docs/failover.md" : problem.remedy)
            })
    }
}
