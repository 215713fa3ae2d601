import FoundationEssentials
import HostTools
import RBDWire
import Synchronization

/// One life of the helper, and the calls that wait for it. It ends by itself, at `end`, or when nobody has it any more.
final class RBDSession: Sendable {
    /// What came of a call.
    enum Outcome: Sendable {
        case reply(RBDReply)
        case failure(RBDFailure)
        /// Nothing was heard of it for as long as was to be waited.
        case silent
        /// The helper has ended, for that reason if it is known.
        case ended(String)
    }

    private let calls = WaitingCalls()
    private let questions: AsyncStream<[UInt8]>.Continuation
    private let work: Task<Void, Never>

    init(_ companion: Companion) {
        let (stream, questions) = AsyncStream<[UInt8]>.makeStream()
        self.questions = questions
        work = Task { [calls] in
            do throws(HostError) {
                try await companion.run(asking: stream) { calls.hear($0) }
                calls.fail(.ended("it ended"))
            } catch {
                calls.fail(.ended("\(error)"))
            }
        }
    }

    deinit { end() }

    /// False once nothing more can be asked of it.
    var isOpen: Bool { calls.isOpen }

    /// Of this client, as the cluster knows it; none until it is connected.
    var addresses: [String] { calls.addresses }

    /// Whether something that it was asked may come to pass yet, though nobody waits for it.
    var isDoubtful: Bool { calls.isDoubtful }

    /// The time counts from the last word about the call.
    func ask(
        _ call: RBDCall, within patience: Duration, report: @escaping @Sendable (Int64, Int64) -> Void
    ) async -> Outcome {
        guard let line = try? JSONEncoder().encode(call) else { return .ended("the call cannot be written") }
        return await calls.wait(call, patience, report) { questions.yield(Array(line)) }
    }

    /// Ends the helper at once, and with it whatever waits.
    func end() {
        questions.finish()
        work.cancel()
    }
}

/// Who waits for which answer.
private final class WaitingCalls: Sendable {
    private struct Call {
        let answer: CheckedContinuation<RBDSession.Outcome, Never>
        let report: @Sendable (Int64, Int64) -> Void
        let patience: Duration
        let changes: Bool
        var timer: Task<Void, Never>?
    }

    private struct State {
        var end: RBDSession.Outcome?
        /// A call that may have changed something was given up.
        var hasLost = false
        var addresses: [String] = []
        var calls: [Int: Call] = [:]
    }

    private let state = Mutex(State())

    var isOpen: Bool { state.withLock { $0.end == nil } }
    var addresses: [String] { state.withLock(\.addresses) }
    var isDoubtful: Bool { state.withLock { $0.hasLost || $0.calls.values.contains(where: \.changes) } }

    func wait(
        _ call: RBDCall, _ patience: Duration, _ report: @escaping @Sendable (Int64, Int64) -> Void, ask: () -> Void
    ) async -> RBDSession.Outcome {
        await withCheckedContinuation { answer in
            let end = state.withLock { state in
                if state.end == nil {
                    state.calls[call.id] = Call(
                        answer: answer, report: report, patience: patience, changes: call.request.changes)
                }
                return state.end
            }
            if let end { return answer.resume(returning: end) }
            restartTimer(of: call.id)
            ask()
        }
    }

    func hear(_ line: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(RBDAnswer.self, from: Data(line)) else {
            return fail(.ended("it said what cannot be understood"))
        }
        switch answer.content {
        case .progress(let done, let total):
            restartTimer(of: answer.id)
            state.withLock { $0.calls[answer.id]?.report }?(done, total)
        case .reply(.addresses(let addresses)) where answer.id == 0: state.withLock { $0.addresses = addresses }
        case .reply(let reply): finish(answer.id, .reply(reply))
        // Of the connection: all that waits fails with it.
        case .failure(let failure) where answer.id == 0: fail(.failure(failure))
        case .failure(let failure): finish(answer.id, .failure(failure))
        }
    }

    /// Of all that wait, and that will ask.
    func fail(_ outcome: RBDSession.Outcome) {
        let calls = state.withLock { state in
            state.end = state.end ?? outcome
            state.hasLost = state.hasLost || state.calls.values.contains(where: \.changes)
            defer { state.calls = [:] }
            return state.calls
        }
        for call in calls.values {
            call.timer?.cancel()
            call.answer.resume(returning: outcome)
        }
    }

    private func finish(_ id: Int, _ outcome: RBDSession.Outcome) {
        let call = state.withLock { $0.calls.removeValue(forKey: id) }
        call?.timer?.cancel()
        call?.answer.resume(returning: outcome)
    }

    private func restartTimer(of id: Int) {
        state.withLock { state in
            guard let patience = state.calls[id]?.patience else { return }
            state.calls[id]?.timer?.cancel()
            state.calls[id]?.timer = Task {
                guard (try? await Task.sleep(for: patience)) != nil else { return }
                self.state.withLock { $0.hasLost = $0.hasLost || $0.calls[id]?.changes == true }
                self.finish(id, .silent)
            }
        }
    }
}
