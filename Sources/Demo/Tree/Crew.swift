import NFSClient

/// Several connections to one export that share a piece of work.
struct Crew: Sendable {
    /// Enough to keep the server busy while each waits for its answers.
    static let size = 12

    let target: NFSConnection.Target

    /// `body` for each number below `count`, each on one of the connections; the results in order. The first error ends
    /// it.
    func map<Value: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (NFSConnection, Int) async throws -> Value
    ) async throws -> [Value] {
        let given = Counter()
        let results = try await withThrowingTaskGroup { group in
            for _ in 0..<min(Self.size, count) {
                group.addTask { try await work(given, count, body) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return results.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func work<Value: Sendable>(
        _ given: Counter, _ count: Int, _ body: @Sendable (NFSConnection, Int) async throws -> Value
    ) async throws -> [(Int, Value)] {
        let connection = NFSConnection(target)
        try await connection.mount()
        var results: [(Int, Value)] = []
        while true {
            let number = given.next()
            guard number < count else { break }
            try Task.checkCancellation()
            results.append((number, try await body(connection, number)))
        }
        await connection.close()
        return results
    }
}
