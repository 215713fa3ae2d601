import FoundationEssentials
import HostTools
import NFSClient
import NodeAPI
import NodeHarness
import StorageCore
import TestSupport
import Testing

/// A real node for the length of a test: started in a directory of its own, taken out of service at the end, and then
/// nothing of it may be left. What `body` throws is thrown, with the end of the daemon's log as an issue beside it.
func withNode(
    _ options: DaemonNode.Options = .init(), in place: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation, _ body: (RunningNode) async throws -> Void
) async throws {
    let directory = try TemporaryDirectory()
    let node = RunningNode(try DaemonNode(directory: place ?? directory.path, options: options))
    do {
        try await node.start()
        try await body(node)
        try await node.deleteAll()
        try await node.daemon.retire(node.process)
    } catch {
        Issue.record("\(error)\n\((try? node.daemon.outputTail()) ?? "")", sourceLocation: sourceLocation)
        try? await node.process?.terminate(grace: .zero)
        try? await node.daemon.retire(nil)
        throw error
    }
    let leaks = try Leaks(of: node.daemon)
    #expect(leaks.isEmpty, "left behind: \(leaks)", sourceLocation: sourceLocation)
}

/// A node and the process that works on it now.
final class RunningNode {
    let daemon: DaemonNode
    private(set) var process: ProcessIdentity?

    init(_ daemon: DaemonNode) { self.daemon = daemon }

    func start() async throws { process = try await daemon.startAndWait() }

    /// kill -9 of the daemon, and of nothing else.
    func kill() async throws {
        _ = try process?.signal(9)
        try await process?.waitForExit()
        process = nil
    }

    func create(
        _ name: String, size: ByteCount = .mebibytes(64), filesystem: FilesystemKind = .ext4,
        clients: [String] = ["127.0.0.1"], source: VolumeSource? = nil, pool: String? = nil
    ) async throws -> VolumeDocument {
        let request = CreateVolumeRequest(
            key: try Sample.key(name), capacity: size, pool: try pool.map { try PoolName($0) }, filesystem: filesystem,
            clients: try clients.map { try Sample.rule($0) }, source: source)
        return try await daemon.call { (client) async throws(StorageError) in
            try await client.createVolume(request).document
        }
    }

    func volume(_ name: String) async throws -> VolumeDocument {
        let key = try Sample.key(name)
        return try await daemon.call { (client) async throws(StorageError) in try await client.volume(key) }
    }

    func volumes() async throws -> [VolumeDocument] {
        try await daemon.call { (client) async throws(StorageError) in try await client.volumes() }
    }

    func update(_ name: String, _ request: UpdateVolumeRequest) async throws -> VolumeDocument {
        let key = try Sample.key(name)
        return try await daemon.call { (client) async throws(StorageError) in
            try await client.updateVolume(key, request)
        }
    }

    func delete(_ name: String, snapshots: Bool = false) async throws {
        let key = try Sample.key(name)
        try await daemon.call { (client) async throws(StorageError) in
            try await client.deleteVolume(key, snapshots: snapshots)
        }
    }

    func snapshot(_ name: String) async throws {
        let key = try Sample.snapshot(name)
        _ = try await daemon.call { (client) async throws(StorageError) in try await client.createSnapshot(key) }
    }

    func deleteSnapshot(_ name: String) async throws {
        let key = try Sample.snapshot(name)
        try await daemon.call { (client) async throws(StorageError) in try await client.deleteSnapshot(key) }
    }

    func deleteAll() async throws {
        for volume in try await volumes() { try await delete(volume.key.description, snapshots: true) }
    }

    /// A mounted connection to the volume; close it before the volume goes.
    func mount(_ name: String, _ version: NFSConnection.Version = .v3) async throws -> NFSConnection {
        let connection = NFSConnection(daemon.target(try Sample.key(name), version: version))
        try await connection.mount()
        return connection
    }

    /// Writes a file of `bytes` over NFS, synchronously.
    func write(_ bytes: [UInt8], to path: String, of name: String) async throws {
        let connection = try await mount(name)
        try await connection.write(bytes, to: path)
        await connection.close()
    }

    func read(_ path: String, of name: String) async throws -> [UInt8] {
        let connection = try await mount(name)
        let bytes = try await connection.read(path)
        await connection.close()
        return bytes
    }

    /// A living process of that name in this network namespace's /proc; in `Scripts/isolated` only ours run.
    func process(named name: String) throws -> Int32? {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap(Int32.init).first { pid in
            let own = (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)) ?? ""
            let isOurs =
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/net"))
                == (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net"))
            let line = (try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline"))) ?? Data()
            // A zombie has no command line.
            return own == "\(name)\n" && isOurs && !line.isEmpty
        }
    }

    /// Of the NFS server, found by the directory in its arguments.
    func serverProcess() throws -> Int32? {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap(Int32.init).first { pid in
            let line = (try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline"))) ?? Data()
            let arguments = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return arguments.first?.hasSuffix("ganesha.nfsd") == true
                && arguments.contains { $0.contains("\(daemon.directory)/") }
        }
    }
}

/// Bytes that look like nothing in particular and are the same for the same seed.
func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    return (0..<count).map { _ in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state)
    }
}
