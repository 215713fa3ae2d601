import NodeAPI
import StorageCore

typealias Finding = DiagnosisDocument.Finding

/// One thing that is looked at. Looking is kept apart from judging: what was seen is a value, and a pure function says what
/// is wrong with it. A check changes nothing, and need not have a deadline of its own: the doctor has one for it.
protocol Check: Sendable {
    /// As a diagnosis calls it.
    var name: String { get }

    /// What it found. Throws if it could not look; that is a finding of its own.
    func run() async throws(StorageError) -> Verdict
}

/// What a check found.
struct Verdict: Sendable, Equatable {
    var findings: [Finding] = []
    /// Worth knowing, and no fault.
    var notes: [String] = []
    /// What of it was not looked at, and why that is no fault.
    var omissions: [String] = []

    /// Whether all was looked at that was to be.
    var isComplete: Bool {
        omissions.isEmpty && !findings.contains { $0.check == Fault.checkFailed.rawValue }
    }

    static func += (verdict: inout Verdict, other: Verdict) {
        verdict.findings += other.findings
        verdict.notes += other.notes
        verdict.omissions += other.omissions
    }
}

extension Check {
    /// What the daemon mends by itself is no fault: a second look, a moment later, decides.
    func afterSettling(
        _ look: () async throws(StorageError) -> Verdict
    ) async throws(StorageError) -> Verdict {
        let first = try await look()
        guard !first.findings.isEmpty else { return first }
        // The reconciler's next pass has ended by then.
        do { try await Task.sleep(for: .seconds(3)) } catch { throw StorageError.wrap(error) }
        return try await look()
    }
}

extension StorageError {
    /// As evidence: without what it is about, which the finding says.
    var seen: String { cause.map { "\(message) (\($0))" } ?? message }
}
