import AsyncHTTPClient

/// One call by HTTP. `HTTPClient`'s own deadline ends with the head of the answer; this one also ends a body that stops half-way. Throws
/// `deadlineExceeded`.
func withDeadline<Answer: Sendable>(
    _ timeout: Duration, _ work: @escaping @Sendable () async throws -> Answer
) async throws -> Answer {
    try await withThrowingTaskGroup(of: Answer?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: timeout)
            return nil
        }
        defer { group.cancelAll() }
        guard let answer = try await group.next() ?? nil else { throw HTTPClientError.deadlineExceeded }
        return answer
    }
}
