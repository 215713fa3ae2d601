import Glibc
import HostTools
import RBDWire
import StorageCore

/// The way to a pool of Ceph: `convert2nfs-rbd`, which is started when it is needed and keeps one connection. One that does not answer in
/// time is killed, and its client put on the cluster's blocklist before another one asks anything: what it has asked must not come to pass later.
actor RBDHelper {
    private let companion: Companion
    private var session: RBDSession?
    private weak var admitted: RBDSession?
    private var lastID = 0
    /// Those that were given up and are not fenced yet.
    private var outcasts: [String] = []
    /// Those that have ended, and of which nothing can come to pass.
    private var former: [String] = []
    /// Why nothing is asked until the cluster answers again: who waits in a row would wait once each.
    private var silence: RBDFailure?

    /// How long an answer may take.
    private let patience: Duration
    private let admit: Admission?
    private static let pause = Duration.seconds(1)
    /// Until when one that was given up can do no harm any more, in seconds.
    private static let fencedFor: Int64 = 3600

    /// librados itself gives up what it asks of the cluster after 15 seconds.
    init(_ companion: Companion, patience: Duration = .seconds(25), admit: Admission? = nil) {
        self.companion = companion
        self.patience = patience
        self.admit = admit
    }

    /// Is told by which addresses it reaches the cluster, before it asks anything, and by which it does no more; what it throws is thrown by
    /// the call.
    typealias Admission = @Sendable (_ addresses: [String], _ former: [String]) async throws(StorageError) -> Void

    /// What the cluster answers. `report` is told the progress of calls that have one, for which the time counts from the last word of it.
    @discardableResult
    func ask(
        _ request: RBDRequest, report: @escaping @Sendable (Int64, Int64) -> Void = { _, _ in }
    ) async throws(RBDFailure) -> RBDReply {
        if let silence { throw silence }
        return try await tried(request, report)
    }

    private func tried(
        _ request: RBDRequest, _ report: @escaping @Sendable (Int64, Int64) -> Void = { _, _ in }
    ) async throws(RBDFailure) -> RBDReply {
        let session = open()
        try await seekAdmission(of: session)
        try await fence(by: session)
        return try await ask(request, of: session, report)
    }

    /// Ensures that it has reached the cluster, unless that is silent. Nobody lets it in for that: it asks what changes nothing.
    func connect() async {
        if silence == nil { _ = try? await ask(.probe, of: open()) { _, _ in } }
    }

    private func seekAdmission(of session: RBDSession) async throws(RBDFailure) {
        guard let admit, admitted !== session else { return }
        // Its addresses are said first.
        _ = try await ask(.probe, of: session) { _, _ in }
        let ended = former
        do throws(StorageError) { try await admit(session.addresses, ended) } catch {
            throw RBDFailure(code: EAGAIN, action: error.message)
        }
        former.removeAll { ended.contains($0) }
        admitted = session
    }

    /// Ends what it does, at once; that none of it comes to pass later is made sure of.
    func abandon() async throws(RBDFailure) {
        end()
        try await settle()
    }

    /// Returns once nothing that was given up can come to pass any more.
    func settle() async throws(RBDFailure) {
        if !outcasts.isEmpty { try await fence(by: open()) }
    }

    /// Ends it; the next call starts another.
    func end() {
        if let session { close(session) }
    }

    /// Of the client, as the cluster knows it.
    var addresses: [String] { session?.addresses ?? [] }

    private func ask(
        _ request: RBDRequest, of session: RBDSession, _ report: @escaping @Sendable (Int64, Int64) -> Void
    ) async throws(RBDFailure) -> RBDReply {
        lastID += 1
        switch await session.ask(RBDCall(id: lastID, request: request), within: patience, report: report) {
        case .reply(let reply): return reply
        case .failure(let failure):
            if failure.code == ETIMEDOUT {
                fallSilent(failure)
                // It may come to pass yet.
                if request.changes { close(session, isDoubtful: true) }
            }
            // One that was shut out is not let in again; another one is.
            if !session.isOpen || failure.code == ESHUTDOWN { close(session) }
            throw failure
        case .silent:
            let failure = RBDFailure(code: ETIMEDOUT, action: "waiting for an answer")
            fallSilent(failure)
            close(session)
            throw failure
        case .ended(let reason):
            close(session)
            throw RBDFailure(code: ECONNRESET, action: "convert2nfs-rbd: \(reason)")
        }
    }

    private func fallSilent(_ failure: RBDFailure) {
        defer { silence = failure }
        guard silence == nil else { return }
        Task { [weak self] in
            while (try? await Task.sleep(for: Self.pause)) != nil, let self, await self.isSilent() {}
        }
    }

    private func isSilent() async -> Bool {
        do throws(RBDFailure) { _ = try await tried(.probe) } catch  where error.code == ETIMEDOUT { return true } catch
        {}
        silence = nil
        return false
    }

    private func fence(by session: RBDSession) async throws(RBDFailure) {
        for address in outcasts {
            _ = try await ask(.block(address: address, seconds: Self.fencedFor), of: session) { _, _ in }
            outcasts.removeAll { $0 == address }
            note(former: [address])
        }
    }

    private func note(former addresses: [String]) {
        if admit != nil { former += addresses }
    }

    private func open() -> RBDSession {
        if let session, session.isOpen { return session }
        if let session { close(session) }
        let new = RBDSession(companion)
        session = new
        return new
    }

    private func close(_ ended: RBDSession, isDoubtful: Bool = false) {
        guard session === ended else { return }
        if isDoubtful || ended.isDoubtful { outcasts += ended.addresses } else { note(former: ended.addresses) }
        ended.end()
        session = nil
    }
}

/// What is asked outside of a volume's operations; refusals are the house's.
extension RBDHelper {
    @discardableResult
    nonisolated func ask(_ request: RBDRequest, in place: RBDPlace) async throws(StorageError) -> RBDReply {
        do throws(RBDFailure) { return try await ask(request) } catch { throw StorageError(rbd: error, place) }
    }

    /// What is written in the object, and its version; both are empty where nothing is.
    nonisolated func note(
        in object: String, _ place: RBDPlace
    ) async throws(StorageError) -> (text: String, version: String) {
        guard case .note(let text, let version) = try await ask(.read(object: object), in: place) else {
            return ("", "")
        }
        return (text, version)
    }

    /// Writes it in the place of what has the version; false if something else is there by now.
    nonisolated func write(
        _ text: String, in object: String, over version: String, _ place: RBDPlace
    ) async throws(StorageError) -> Bool {
        do throws(RBDFailure) {
            try await ask(.write(object: object, text: text, over: version))
            return true
        } catch  where error.code == ECANCELED {
            return false
        } catch {
            throw StorageError(rbd: error, place)
        }
    }
}
