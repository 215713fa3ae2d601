import StorageCore
import Synchronization

/// Mutual exclusion a key, first come first served. Work about one volume runs one after the other, work about
/// different volumes at once. Several keys are taken in one order, so two holders never wait for each other.
final class KeyedLock<Key: Hashable & Comparable & Sendable>: Sendable {
    private struct Waiter {
        let ticket: Int
        let grant: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var held: Set<Key> = []
        var waiting: [Key: [Waiter]] = [:]
        var lastTicket = 0
        /// Tickets of those who are on their way into the queue, and whether their time is over already.
        var entering: [Int: Bool] = [:]
    }

    private let state = Mutex(State())

    /// Takes all of `keys`, or none and answers false if one is not free within `patience` or the task is cancelled.
    func acquire(_ keys: Set<Key>, patience: Duration, clock: any Clock<Duration>) async -> Bool {
        var taken: [Key] = []
        for key in keys.sorted() {
            guard await acquire(key, patience, clock) else {
                release(Set(taken))
                return false
            }
            taken.append(key)
        }
        return true
    }

    /// Takes `key` if nobody has it now.
    func tryAcquire(_ key: Key) -> Bool { state.withLock { $0.held.insert(key).inserted } }

    /// Gives back what the caller holds; whoever waits longest has it next.
    func release(_ keys: Set<Key>) {
        for key in keys {
            let next: Waiter? = state.withLock { state in
                guard var queue = state.waiting[key], !queue.isEmpty else {
                    state.held.remove(key)
                    return nil
                }
                let next = queue.removeFirst()
                state.waiting[key] = queue.isEmpty ? nil : queue
                return next
            }
            next?.grant.resume(returning: true)
        }
    }

    private func acquire(_ key: Key, _ patience: Duration, _ clock: any Clock<Duration>) async -> Bool {
        if tryAcquire(key) { return true }
        let ticket = state.withLock { state in
            state.lastTicket += 1
            state.entering[state.lastTicket] = false
            return state.lastTicket
        }
        let timer = Task {
            // Cancelled when the lock came first.
            guard (try? await clock.sleep(for: patience)) != nil else { return }
            self.giveUp(ticket, on: key)
        }
        defer { timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { enqueue(Waiter(ticket: ticket, grant: $0), on: key) }
        } onCancel: {
            giveUp(ticket, on: key)
        }
    }

    private func enqueue(_ waiter: Waiter, on key: Key) {
        let isGranted: Bool? = state.withLock { state in
            let isLate = state.entering.removeValue(forKey: waiter.ticket) ?? false
            if state.held.insert(key).inserted { return true }
            if isLate || Task.isCancelled { return false }
            state.waiting[key, default: []].append(waiter)
            return nil
        }
        if let isGranted { waiter.grant.resume(returning: isGranted) }
    }

    private func giveUp(_ ticket: Int, on key: Key) {
        let waiter: Waiter? = state.withLock { state in
            guard let index = state.waiting[key]?.firstIndex(where: { $0.ticket == ticket }) else {
                if state.entering[ticket] != nil { state.entering[ticket] = true }
                return nil
            }
            return state.waiting[key]?.remove(at: index)
        }
        waiter?.grant.resume(returning: false)
    }
}
