import Synchronization

/// Counts what is done, so that others may wait for it.
final class Counter: Sendable {
    private let count = Atomic(0)
    private let over = Atomic(false)

    var value: Int { count.load(ordering: .acquiring) }

    var isOver: Bool { over.load(ordering: .acquiring) }

    /// The count before.
    @discardableResult
    func next() -> Int { count.add(1, ordering: .acquiringAndReleasing).oldValue }

    /// Nothing more will be counted.
    func end() { over.store(true, ordering: .releasing) }

    /// True when as many are counted, false when it is over before. Throws when the task is cancelled.
    func reaches(_ number: Int) async throws -> Bool {
        while value < number {
            if isOver { return value >= number }
            try await Task.sleep(for: .milliseconds(1))
        }
        return true
    }
}
