import FoundationEssentials
import NFSClient
import NodeAPI
import NodeHarness
import StorageCore
import TestSupport
import Testing

@testable import NFSExports

@Suite("Kills under load", .tags(.integration, .soak), .requiresRoot, .requiresLoopDevices)
struct SoakTests {
    /// `make soak` does the full count, every other run a short one.
    private static let rounds = ProcessInfo.processInfo.environment["CONVERT2NFS_SOAK"] == nil ? 12 : 200

    @Test(
        "kill -9 at random moments leaves nothing that the catalog does not know, and loses nothing that was answered")
    func kills() async throws {
        var options = DaemonNode.Options()
        options.overcommit = 100
        try await withNode(options) { node in
            _ = try await node.create("keep/log")
            let diary = Diary(try await node.mount("keep/log"))
            let writing = Task { try await diary.write() }
            var generator = SeededGenerator(seed: 20_261_123)
            let load = Load(daemon: node.daemon)
            for round in 0..<Self.rounds {
                try await load.run(seed: generator.next()) {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...400, using: &generator)))
                    try await node.kill()
                }
                try await node.start()
                try await expectConsistency(of: node, load, "round \(round)")
            }
            writing.cancel()
            try await writing.value
            try await diary.expectComplete()
            #expect(load.answered > Self.rounds, "the load did something: \(load.answered) answers")
        }
    }

    /// Compares catalog, pool, loop devices, mounts and exports; and what the load was promised.
    private func expectConsistency(of node: RunningNode, _ load: Load, _ comment: Comment) async throws {
        let volumes = try await node.volumes()
        #expect(volumes.allSatisfy { $0.phase == .ready && !$0.condition.abnormal }, comment)
        var images = Set(volumes.map { "\($0.namespace).\($0.name)" })
        for volume in volumes {
            let snapshots = try await node.daemon.call { (client) async throws(StorageError) in
                try await client.snapshots(of: volume.key)
            }
            images.formUnion(snapshots.map { "\(volume.namespace).\(volume.name)@\($0.name)" })
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: node.daemon.images)
        #expect(
            Set(files) == Set(images.flatMap { ["\($0).img", "\($0).json"] } + ["convert2nfs-pool.json"]), comment)

        let leaks = try Leaks(of: node.daemon)
        #expect(Set(leaks.mounts) == Set(volumes.map(\.nfs.path)), comment)
        #expect(leaks.loopDevices.count == volumes.count, comment)
        let directories = try FileManager.default.contentsOfDirectory(atPath: node.daemon.root)
        #expect(Set(directories) == Set(volumes.map { "\($0.namespace)\($0.name)" }), comment)

        let bus = ManagementBus(
            socketPath: try GaneshaFiles(directory: "\(node.daemon.directory)/state/ganesha").busSocket)
        let exports = try await bus.exports().compactMap(\.observed)
        #expect(Set(exports.map(\.path.value)) == Set(volumes.map(\.nfs.path)), comment)
        load.expectKept(volumes, comment)
    }
}

/// One file that is appended to, record by record, each synced, while the daemon dies again and again.
private actor Diary {
    private let connection: NFSConnection
    private var records: UInt64 = 0

    init(_ connection: NFSConnection) { self.connection = connection }

    /// Until the task is cancelled; throws what any write throws.
    func write() async throws {
        let file = try await connection.open("/diary", creating: true)
        while !Task.isCancelled {
            try await file.write(record(records), at: records * 64)
            try await file.sync()
            records += 1
            await Task.yield()
        }
        try await file.close()
    }

    func expectComplete() async throws {
        #expect(records > 0)
        let bytes = try await connection.read("/diary")
        #expect(bytes == (0..<records).flatMap(record))
        await connection.close()
    }

    private nonisolated func record(_ number: UInt64) -> [UInt8] { pattern(64, seed: number + 1) }
}
