import Synchronization
import TestSupport
import Testing

@testable import Provisioning

@Suite("Keyed lock", .tags(.unit))
struct KeyedLockTests {
    private let lock = KeyedLock<String>()

    private func acquire(_ keys: Set<String>, _ patience: Duration = .seconds(30)) async -> Bool {
        await lock.acquire(keys, patience: patience, clock: ContinuousClock())
    }

    /// Who is inside of which key, and whether two ever were at once.
    private final class Rooms: Sendable {
        private let state = Mutex((inside: [String: Int](), overlaps: 0))

        var overlaps: Int { state.withLock { $0.overlaps } }

        func enter(_ keys: Set<String>) {
            state.withLock { state in
                for key in keys {
                    state.inside[key, default: 0] += 1
                    if state.inside[key] != 1 { state.overlaps += 1 }
                }
            }
        }

        func leave(_ keys: Set<String>) {
            state.withLock { state in
                for key in keys { state.inside[key, default: 0] -= 1 }
            }
        }
    }

    @Test("holders of one key never overlap, holders of any two sets never wait for each other")
    func excludes() async {
        let rooms = Rooms()
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<200 {
                let keys: Set<String> = [["a", "b"], ["b", "c"], ["c", "a"]][index % 3]
                group.addTask {
                    #expect(await acquire(keys))
                    rooms.enter(keys)
                    await Task.yield()
                    rooms.leave(keys)
                    lock.release(keys)
                }
            }
        }
        #expect(rooms.overlaps == 0)
        #expect(lock.tryAcquire("a") && lock.tryAcquire("b") && lock.tryAcquire("c"), "all were given back")
    }

    @Test("who waits too long gets nothing and holds nothing")
    func timesOut() async {
        #expect(await acquire(["b"]))
        #expect(await acquire(["a", "b"], .milliseconds(20)) == false)
        #expect(lock.tryAcquire("a"), "the key it had already is free again")
        lock.release(["b"])
        #expect(lock.tryAcquire("b"))
    }

    @Test("who has no patience at all gets its answer at once, whatever comes first")
    func impatient() async {
        #expect(await acquire(["a"]))
        for _ in 0..<200 { #expect(await acquire(["a"], .zero) == false) }
    }

    @Test("a cancelled wait ends at once and leaves the queue in order")
    func cancels() async {
        #expect(await acquire(["a"]))
        let cancelled = Task { await acquire(["a"]) }
        cancelled.cancel()
        #expect(await cancelled.value == false)
        let patient = Task { await acquire(["a"]) }
        lock.release(["a"])
        #expect(await patient.value)
    }
}
