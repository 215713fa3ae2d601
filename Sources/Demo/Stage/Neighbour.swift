import NFSClient

/// Somebody else on the same node, who writes, syncs and reads back all the time and wants to notice nothing.
struct Neighbour: Sendable {
    private static let size = 256 << 10
    let target: NFSConnection.Target
    /// Rounds that were right.
    let rounds = Counter()

    /// Works until cancelled or until `isOver` has ended; the longest round. Throws when something is not as it was
    /// written.
    func work(until isOver: Counter) async throws -> Duration {
        defer { rounds.end() }
        let writer = NFSConnection(target)
        let reader = NFSConnection(target)
        try await writer.mount()
        try await reader.mount()
        let clock = ContinuousClock()
        var slowest = Duration.zero
        while !isOver.isOver {
            let start = clock.now
            let path = "/order-\(rounds.value % 16)"
            let bytes = [UInt8](repeating: .random(in: 0...255), count: Self.size)
            try await writer.write(bytes, to: path)
            try claim(
                TreeTransfer.areSame(try await reader.read(path), bytes), otherwise: "\(path) is not what was written")
            slowest = max(slowest, clock.now - start)
            rounds.next()
            try await Task.sleep(for: .milliseconds(20))
        }
        await writer.close()
        await reader.close()
        return slowest
    }
}
