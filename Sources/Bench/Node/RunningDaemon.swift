import BenchReport
import FoundationEssentials
import Glibc
import HostTools
import NodeAPI
import NodeHarness
import StorageCore

/// A node, and the process that works on it now.
final class RunningDaemon {
    let node: DaemonNode
    private(set) var process: ProcessIdentity

    /// Starts it and waits until it is ready.
    init(_ node: DaemonNode) async throws {
        self.node = node
        process = try await node.startAndWait()
    }

    /// kill -9 of the daemon and of nothing else, then a new one. Answers how long the new one took until it was ready.
    func killAndRestart() async throws -> Duration {
        _ = try process.signal(SIGKILL)
        try await process.waitForExit()
        let start = ContinuousClock.now
        process = try await node.startAndWait()
        return ContinuousClock.now - start
    }

    func retire() async throws { try await node.retire(process) }

    /// In KiB, a field of proc_pid_status(5): `VmRSS` is what the process has in memory now, `VmHWM` the most it ever
    /// had.
    func memory(_ field: String) throws -> Int {
        let bytes = try DurableFile.read("/proc/\(process.pid)/status", limit: 1 << 16) ?? []
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("\(field):") }
        guard let number = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) else {
            throw HostError.unexpected("the status of process \(process.pid) has no \(field)")
        }
        return number
    }

    /// The processor time that the daemon and its NFS server have used since they were started.
    func processorTime() throws -> (daemon: Duration, server: Duration) {
        (try Self.processorTime(of: process), try node.nfsServer().map(Self.processorTime) ?? .zero)
    }

    /// Fields 14 and 15 of proc_pid_stat(5), in clock ticks.
    private static func processorTime(of process: ProcessIdentity) throws -> Duration {
        let bytes = try DurableFile.read("/proc/\(process.pid)/stat", limit: 8192) ?? []
        let text = String(decoding: bytes, as: UTF8.self)
        // The name in field 2 may hold anything, so fields are counted from behind it.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else {
            throw HostError.unexpected("process \(process.pid) has no status (proc_pid_stat(5))")
        }
        return .seconds(Double(user + system) / Double(sysconf(Int32(_SC_CLK_TCK))))
    }
}

extension DaemonNode {
    /// Runs `body` with one client, so that its connections stay open for all of it.
    func session<Value: Sendable>(
        _ address: ServerAddress? = nil, _ body: @Sendable (NodeClient) async throws -> Value
    ) async throws -> Value {
        try await NodeClient.with(address ?? server, timeout: .seconds(120)) { (client) async throws(StorageError) in
            do { return try await body(client) } catch { throw StorageError.wrap(error) }
        }
    }
}

extension NodeClient {
    /// Creates an ext4 volume that 127.0.0.1 may mount; answers how long that took. An existing one is an error.
    func create(_ key: VolumeKey, _ capacity: ByteCount) async throws -> Duration {
        let rule = ClientRule(address: try ClientAddress("127.0.0.1"), access: .readWrite)
        let request = CreateVolumeRequest(key: key, capacity: capacity, filesystem: .ext4, clients: [rule])
        let start = ContinuousClock.now
        let outcome = try await createVolume(request).outcome
        let duration = ContinuousClock.now - start
        guard outcome == .changed else { throw StorageError(.conflict, "the volume \(key) is there already") }
        return duration
    }
}
