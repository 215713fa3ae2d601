import StorageCore
import Synchronization
import TestSupport
import Testing

@testable import Provisioning

@Suite("Giving back what filesystems have freed", .tags(.unit))
struct TrimTests {
    /// Gives back a mebibyte of each part that it is asked for.
    private final class Trimmer: FilesystemTrimmer {
        private let calls = Mutex<[String]>([])
        var all: [String] { calls.withLock { $0.sorted() } }

        func trim(_ path: MountPath, from start: ByteCount, count: ByteCount) async throws(StorageError) -> ByteCount {
            calls.withLock { $0.append("\(path) \(start)") }
            return .mebibytes(1)
        }
    }

    @Test("each volume of the pool is trimmed part by part, and what cannot be is left to the next time")
    func trims() async throws {
        let node = try SimulatedNode()
        let trimmer = Trimmer()
        let (manager, reconciler) = try node.program(trimmer: trimmer)
        try await reconciler.pass()
        for (name, capacity) in [("large", ByteCount.gibibytes(2)), ("small", .gibibytes(1)), ("away", .gibibytes(1))] {
            _ = try await manager.create(Sample.spec("shop/\(name)", capacity: capacity)).value()
        }
        _ = try await node.filesystem.unmount(MountPath("/nfs/shopaway"))
        #expect(try await manager.trim(PoolName("default")) == .mebibytes(3))
        #expect(trimmer.all == ["/nfs/shoplarge 0", "/nfs/shoplarge 1Gi", "/nfs/shopsmall 0"])
        #expect(try await manager.trim(PoolName("other")) == .zero)
        // Nobody waits for a volume that was trimmed.
        _ = try await manager.delete(Sample.key("shop/small"), withSnapshots: false).value()
    }
}
