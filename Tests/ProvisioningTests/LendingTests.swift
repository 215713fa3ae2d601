import Provisioning
import StorageCore
import TestSupport
import Testing

@Suite("A volume is lent to the node itself", .tags(.unit))
struct LendingTests {
    private func node() async throws -> (SimulatedNode, VolumeManager) {
        let node = try SimulatedNode()
        let manager = try await node.start().manager
        _ = try await manager.create(Sample.spec("shop/data", clients: ["10.0.0.1"])).value()
        return (node, manager)
    }

    private func lend<Value: Sendable>(
        _ manager: VolumeManager, patience: Duration = .seconds(60), _ body: @escaping @Sendable () async -> Value
    ) async throws -> Value? {
        try await manager.lending(
            Sample.key("shop/data"), to: ClientAddress("10.9.9.9"), patience: patience, body)
    }

    @Test("for as long as it takes, beside its clients, and for no longer")
    func lent() async throws {
        let (node, manager) = try await node()
        let before = try await node.exporter.exports()
        let clients = try await lend(manager) { try? await node.exporter.exports().first?.clients }
        #expect(clients == (try ["10.0.0.1", "10.9.9.9"].map { try Sample.rule($0) }))
        #expect(try await node.exporter.exports() == before)
        try await node.expectConsistency()
    }

    @Test("whoever hangs with it is not waited for, and has lost it then")
    func hangs() async throws {
        let (node, manager) = try await node()
        let before = try await node.exporter.exports()
        let answer: Void? = try await lend(manager, patience: .milliseconds(20)) {
            // Cancelled with nothing: longer than the test takes.
            try? await Task.sleep(for: .seconds(3600))
        }
        #expect(answer == nil)
        #expect(try await node.exporter.exports() == before)
    }

    @Test("a loan whose answer was lost is taken back too")
    func lost() async throws {
        let (node, manager) = try await node()
        let before = try await node.exporter.exports()
        node.plan.arm(.failsAfter, at: 0)
        await #expect(throws: StorageError.self) { try await lend(manager) {} }
        node.plan.disarm()
        #expect(try await node.exporter.exports() == before)
    }

    @Test("one volume at a time, so that no number of lookers holds up a change")
    func oneAtATime() async throws {
        let (_, manager) = try await node()
        let other = try Sample.key("shop/other")
        _ = try await manager.create(Sample.spec("shop/other", clients: ["10.0.0.1"])).value()
        let inner = try await lend(manager) {
            do throws(StorageError) {
                return try await manager.lending(
                    other, to: .nobody, patience: .seconds(1)
                ) { StorageError.Code?.none } ?? nil
            } catch {
                return error.code
            }
        }
        #expect(inner == .busy)
        #expect(
            try await manager.lending(other, to: ClientAddress("10.9.9.9"), patience: .seconds(60)) { true } == true)
    }

    @Test("not while something else works on it, nor what is not there")
    func busy() async throws {
        let (_, manager) = try await node()
        let key = try Sample.key("shop/data")
        let inner = try await lend(manager) {
            do throws(StorageError) {
                return try await manager.lending(
                    key, to: .nobody, patience: .seconds(1)
                ) { StorageError.Code?.none } ?? nil
            } catch {
                return error.code
            }
        }
        #expect(inner == .busy)
        let error = await #expect(throws: StorageError.self) {
            try await manager.lending(Sample.key("shop/none"), to: .nobody, patience: .seconds(1)) {}
        }
        #expect(error?.code == .notFound)
    }
}
