import StorageCore

/// What is not as it should be with a pair.
package struct PairProblem: Hashable, Sendable {
    package let fault: Fault
    /// A node, or `pair`.
    package let subject: String
    package let message: String
    /// What to do about it; empty where the message says it.
    package let remedy: String

    init(_ fault: Fault, _ subject: String, _ message: String, remedy: String = "") {
        self.fault = fault
        self.subject = subject
        self.message = message
        self.remedy = remedy
    }

    /// For people.
    package var text: String { remedy.isEmpty ? message : "\(message): \(remedy)" }
}

extension PairStatus {
    /// What an operator is to know, the worst first.
    package var problems: [PairProblem] {
        var problems: [PairProblem] = []
        if primary == nil, own.role != .promoting, other?.role != .promoting {
            problems.append(
                PairProblem(
                    .pairNotServed, "pair", "nobody serves",
                    remedy: "bring back the node that is not well; what is in the way of each is said beside this"))
        }
        if let obstacle { problems.append(PairProblem(.pairHeldUp, "nodes/\(own.node)", obstacle)) }
        problems += faults.map { PairProblem(.pairHeldUp, "nodes/\(own.node)", $0) }
        if isParted {
            problems.append(
                PairProblem(
                    .pairParted, "pair", "both copies have gone different ways",
                    remedy: "what each has is shown by convert2nfs ha resolve"))
        }
        if other == nil {
            problems.append(
                PairProblem(
                    .pairNodeSilent, "nodes/\(otherName)", "\(otherName) does not answer",
                    remedy: "see whether it runs, and its convert2nfsd"))
        }
        problems += [own, other].compactMap { $0.flatMap(problem) }
        if case .current(other: .outdated) = own.data, own.role == .primary, other?.isFollowing != true {
            problems.append(
                PairProblem(
                    .pairOneCopy, "pair",
                    "there is one copy only, and a loss of \(own.node) loses what was written since",
                    remedy: "bring \(otherName) back, and it catches up"))
        }
        problems += copies.compactMap { copy in
            copy.problem.map { PairProblem(.pairHeldUp, "volumes/\(copy.volume)", "the copy of \(copy.volume): \($0)") }
        }
        return problems
    }

    private func problem(_ report: PairReport) -> PairProblem? {
        let subject = "nodes/\(report.node)"
        switch report.role {
        case .standby, .promoting, .primary, .demoting: return nil
        case .outdated:
            return PairProblem(
                .pairNodeOutdated, subject,
                "\(report.node) is outdated: its data is not, or may not be, all that was acknowledged",
                remedy: syncPercent == nil ? reason(report.data) : "it is catching up, and nothing is to be done")
        case .fault:
            return PairProblem(.pairNodeFault, subject, "\(report.node) has a fault: \(fault(of: report))")
        }
    }

    private func reason(_ data: DataState) -> String {
        if case .outdated(let reason) = data { return reason }
        return ""
    }

    private func fault(of report: PairReport) -> String {
        if case .failed(let reason) = report.data { return reason }
        return "it cannot let go of the service; convert2nfs ha status there says why"
    }
}
