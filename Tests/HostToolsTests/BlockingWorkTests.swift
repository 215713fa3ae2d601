import Dispatch
import Glibc
import HostTools
import Synchronization
import TestSupport
import Testing

@Suite("Work that blocks", .tags(.unit))
struct BlockingWorkTests {
    private let work = BlockingWork(label: "test")

    @Test("results and errors come back")
    func answers() async throws {
        #expect(try await work.run("add") { _ throws(HostError) in 1 + 1 } == 2)
        await #expect(throws: HostError.unexpected("no")) {
            try await work.run("fail") { _ throws(HostError) -> Int in throw HostError.unexpected("no") }
        }
    }

    @Test("a call that hangs is given up at its deadline, and is told so")
    func givesUp() async throws {
        let release = DispatchSemaphore(value: 0)
        let wasTold = DispatchSemaphore(value: 0)
        await #expect(throws: HostError.timedOut(what: "mount", after: .milliseconds(50))) {
            try await work.run("mount", deadline: .milliseconds(50)) { token in
                release.wait()
                if token.isCancelled { wasTold.signal() }
            }
        }
        release.signal()
        #expect(wasTold.wait(timeout: .now() + 10) == .success)
    }

    @Test("what looks at its token goes on beyond the deadline, and is given up once it stands still")
    func goesOn() async throws {
        let looks = Atomic(0)
        try await work.run("copy", deadline: .milliseconds(200)) { token throws(HostError) in
            for _ in 0..<50 {
                try token.check()
                looks.add(1, ordering: .relaxed)
                usleep(10_000)
            }
        }
        #expect(looks.load(ordering: .relaxed) == 50, "half a second, with a deadline of 200 ms")
        let release = DispatchSemaphore(value: 0)
        defer { release.signal() }
        await #expect(throws: HostError.timedOut(what: "copy", after: .milliseconds(200))) {
            try await work.run("copy", deadline: .milliseconds(200)) { token throws(HostError) in
                try token.check()
                release.wait()
            }
        }
    }

    @Test("a result that comes after the deadline is handed to whoever can take it back")
    func takesBack() async throws {
        let release = DispatchSemaphore(value: 0)
        let takenBack = DispatchSemaphore(value: 0)
        await #expect(throws: HostError.self) {
            try await work.run("freeze", deadline: .milliseconds(50), ifLate: { _ in takenBack.signal() }) { _ in
                release.wait()
            }
        }
        release.signal()
        #expect(takenBack.wait(timeout: .now() + 10) == .success)
    }

    @Test("what was given up keeps its subject to itself until it has ended, and no other")
    func subjects() async throws {
        let release = DispatchSemaphore(value: 0)
        await #expect(throws: HostError.timedOut(what: "mount a", after: .milliseconds(50))) {
            try await work.run("mount a", on: "/a", deadline: .milliseconds(50)) { _ in release.wait() }
        }
        await #expect(throws: HostError.stillRunning(what: "mount a")) {
            try await work.run("unmount a", on: "/a") { _ in }
        }
        try await work.run("mount b", on: "/b") { _ in }
        try await work.run("look") { _ in }
        release.signal()
        try await eventually("the first has ended") {
            (try? await work.run("unmount a", on: "/a") { _ in }) != nil
        }
    }

    @Test("a deadline comes while others keep every core busy", arguments: [1, 3])
    func deadlineBesideBusyWork(_ share: Int) async throws {
        let busy = BusyWork(share * sysconf(Int32(_SC_NPROCESSORS_ONLN)) + 1)
        try await busy.during { () async throws in
            let release = DispatchSemaphore(value: 0)
            await #expect(throws: HostError.timedOut(what: "mount", after: .seconds(1))) {
                try await work.run("mount", deadline: .seconds(1)) { _ in release.wait() }
            }
            release.signal()
        }
        #expect(busy.endedByThemselves == 0, "the answer came while all of them ran")
    }

    @Test("work that waits for a thread when its deadline comes is never begun, what waits longer is")
    func fullThreads() async throws {
        let threads = BlockingThreads(limit: 1, idleTime: .milliseconds(20))
        let work = BlockingWork(label: "test", threads: threads)
        let hasBegun = DispatchSemaphore(value: 0)
        let release = DispatchSemaphore(value: 0)
        let wasBegun = Atomic(false)
        async let first: Void = work.run("hang") { _ in
            hasBegun.signal()
            release.wait()
        }
        let isAtWork = await Task.detached { hasBegun.wait(timeout: .now() + 10) }.value
        #expect(isAtWork == .success)
        await #expect(throws: HostError.timedOut(what: "wait", after: .milliseconds(50))) {
            try await work.run("wait", on: "/a", deadline: .milliseconds(50)) { _ in
                wasBegun.store(true, ordering: .relaxed)
            }
        }
        async let third = work.run("patient", on: "/a") { _ throws(HostError) in 3 }
        release.signal()
        try await first
        #expect(try await third == 3)
        let wasEverBegun = wasBegun.load(ordering: .relaxed)
        #expect(!wasEverBegun)
        try await eventually("a thread without work ends") { threads.count == 0 }
        #expect(try await work.run("again") { _ throws(HostError) in 4 } == 4, "and comes back")
    }

    @Test("an actor on its own thread does its calls one at a time, in order, beside others that hang")
    func actors() async throws {
        let hanging = Recorder()
        let other = Recorder()
        let release = DispatchSemaphore(value: 0)
        async let hang: Void = hanging.hang(release)
        for number in 0..<100 { await other.note(number) }
        #expect(await other.noted == Array(0..<100))
        release.signal()
        await hang
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<100 { group.addTask { await hanging.note(number) } }
        }
        #expect(await hanging.noted.sorted() == Array(0..<100))
    }
}

private actor Recorder {
    private nonisolated let executor = BlockingExecutor(label: "test")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private(set) var noted: [Int] = []

    func note(_ number: Int) { noted.append(number) }
    func hang(_ release: DispatchSemaphore) { release.wait() }
}

/// Bodies that use all of a core each until they are told to stop, or for half a minute.
private final class BusyWork: Sendable {
    private let count: Int
    private let started = Atomic(0)
    private let isOver = Atomic(false)
    private let patienceEnded = Atomic(0)

    init(_ count: Int) { self.count = count }

    var endedByThemselves: Int { patienceEnded.load(ordering: .relaxed) }

    func during(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask { [self] in
                    try await BlockingWork(label: "busy").run("spin") { [self] _ throws(HostError) in spin() }
                }
            }
            defer { isOver.store(true, ordering: .relaxed) }
            while started.load(ordering: .relaxed) < count { try await Task.sleep(for: .milliseconds(1)) }
            try await body()
        }
    }

    private func spin() {
        started.add(1, ordering: .relaxed)
        let end = ContinuousClock.now + .seconds(30)
        while !isOver.load(ordering: .relaxed) {
            if ContinuousClock.now > end {
                patienceEnded.add(1, ordering: .relaxed)
                return
            }
        }
    }
}
