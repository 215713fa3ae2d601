import HighAvailability
import NodeAPI
import ServiceLifecycle
import StorageCore
import Synchronization

/// The way to the other node: its API, at each of its addresses.
final class PeerLink: PairPeer {
    struct Way: Sendable {
        let address: ServerAddress
        let client: NodeClient
    }

    private let ways = Mutex<[Way]>([])

    func use(_ ways: [Way]) { self.ways.withLock { $0 = ways } }

    /// Asked first is the way that gave the last answer. A question may come twice, so it goes the other ways too if that one is slow.
    /// What is to be done goes another way only if the first gives no answer.
    func send(_ message: PairMessage, within patience: Duration) async -> PeerReply {
        let ways = self.ways.withLock { $0 }
        guard case .report = message.request else {
            var reply = PeerReply.silence
            for way in ways where reply == .silence { reply = await ask(way, message, within: patience) }
            return reply
        }
        let (index, reply) = await withTaskGroup(of: (Int, PeerReply).self) { group in
            for (index, way) in ways.enumerated() {
                group.addTask {
                    if index > 0, (try? await Task.sleep(for: Self.slowness)) == nil { return (index, .silence) }
                    return (index, await self.ask(way, message, within: patience))
                }
            }
            defer { group.cancelAll() }
            for await (index, reply) in group where reply != .silence { return (index, reply) }
            return (0, .silence)
        }
        if index > 0 { self.ways.withLock { $0.swapAt(0, index) } }
        return reply
    }

    func silentWays(_ message: PairMessage, within patience: Duration) async -> [String] {
        let silent = await withTaskGroup(of: String?.self) { group in
            for way in ways.withLock({ $0 }) {
                group.addTask { await self.ask(way, message, within: patience) == .silence ? "\(way.address)" : nil }
            }
            return await group.reduce(into: [String]()) { if let address = $1 { $0.append(address) } }
        }
        return silent.count < ways.withLock(\.count) ? silent.sorted() : []
    }

    private static let slowness = Duration.milliseconds(300)

    private func ask(_ way: Way, _ message: PairMessage, within patience: Duration) async -> PeerReply {
        await withTaskGroup(of: PeerReply.self) { group in
            group.addTask {
                do throws(StorageError) { return .answer(try await way.client.tell(message)) } catch {
                    return Self.reply(error)
                }
            }
            group.addTask {
                try? await Task.sleep(for: patience)
                return .silence
            }
            defer { group.cancelAll() }
            return await group.next() ?? .silence
        }
    }

    private static func reply(_ error: StorageError) -> PeerReply {
        switch error.code {
        case .unauthenticated, .permissionDenied, .notFound, .invalidArgument: .refusal(error.message)
        case .conflict, .outOfCapacity, .busy, .standby, .unavailable, .cancelled, .internal: .silence
        }
    }
}

/// The pair at work, for as long as the daemon runs.
struct PairRunner: Service {
    let driver: PairDriver
    let link: PeerLink
    let addresses: [ServerAddress]
    let secret: String
    /// Called at the end.
    let closing: @Sendable () async -> Void
    /// What need not wait until the node serves.
    let prepare: @Sendable () async -> Void
    let started: @Sendable () -> Void

    func run() async throws {
        try await withWays(addresses) { ways in
            link.use(ways)
            await prepare()
            started()
            await cancelWhenGracefulShutdown { await driver.run() }
            await closing()
        }
    }

    private func withWays(
        _ rest: [ServerAddress], _ ways: [PeerLink.Way] = [], _ body: @escaping @Sendable ([PeerLink.Way]) async -> Void
    ) async throws(StorageError) {
        guard let address = rest.first else { return await body(ways) }
        try await NodeClient.with(address, token: secret, timeout: .seconds(160)) {
            (client) async throws(StorageError) in
            try await withWays(
                Array(rest.dropFirst()), ways + [PeerLink.Way(address: address, client: client)], body)
        }
    }
}
