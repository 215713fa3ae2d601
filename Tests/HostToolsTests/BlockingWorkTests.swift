import Dispatch
import HostTools
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
}
