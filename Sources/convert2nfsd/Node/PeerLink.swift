import HighAvailability
import NodeAPI
import ServiceLifecycle
import StorageCore
import Synchronization

/// The way to the other node: its API, at each of its addresses.
final class PeerLink: PairPeer {
    private let clients = Mutex<[NodeClient]>([])

    func use(_ clients: [NodeClient]) { self.clients.withLock { $0 = clients } }

    /// Asked first is the way that gave the last answer. A question may come twice, so it goes the other ways too if that one is slow.
    /// What is to be done goes another way only if the first gives no answer.
    func send(_ message: PairMessage, within patience: Duration) async -> PeerReply {
        let ways = clients.withLock { $0 }
        guard case .report = message.request else {
            var reply = PeerReply.silence
            for client in ways where reply == .silence { reply = await ask(client, message, within: patience) }
            return reply
        }
        let (index, reply) = await withTaskGroup(of: (Int, PeerReply).self) { group in
            for (index, client) in ways.enumerated() {
                group.addTask {
                    if index > 0, (try? await Task.sleep(for: Self.slowness)) == nil { return (index, .silence) }
                    return (index, await self.ask(client, message, within: patience))
                }
            }
            defer { group.cancelAll() }
            for await (index, reply) in group where reply != .silence { return (index, reply) }
            return (0, .silence)
        }
        if index > 0 { clients.withLock { $0.swapAt(0, index) } }
        return reply
    }

    private static let slowness = Duration.milliseconds(300)

    private func ask(_ client: NodeClient, _ message: PairMessage, within patience: Duration) async -> PeerReply {
        await withTaskGroup(of: PeerReply.self) { group in
            group.addTask {
                do throws(StorageError) { return .answer(try await client.tell(message)) } catch {
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
        try await withClients(addresses) { clients in
            link.use(clients)
            await prepare()
            started()
            await cancelWhenGracefulShutdown { await driver.run() }
            await closing()
        }
    }

    private func withClients(
        _ rest: [ServerAddress], _ clients: [NodeClient] = [], _ body: @escaping @Sendable ([NodeClient]) async -> Void
    ) async throws(StorageError) {
        guard let address = rest.first else { return await body(clients) }
        try await NodeClient.with(address, token: secret, timeout: .seconds(160)) {
            (client) async throws(StorageError) in
            try await withClients(Array(rest.dropFirst()), clients + [client], body)
        }
    }
}
