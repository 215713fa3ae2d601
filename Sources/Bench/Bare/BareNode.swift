import BenchReport
import FoundationEssentials
import HostTools
import NFSClient
import NodeHarness
import StorageCore

/// The same volumes from the same bare tools, run one after the other as an operator would: the measure for ours. Its
/// NFS server is its own, with its own bus, ports and directory, so that it runs beside a node.
struct BareNode: Sendable {
    private let configuration: BareConfiguration
    private let exports: ExportManager
    private let truncate: HandTool
    private let mkfs: HandTool
    private let mount: HandTool
    private let unmount: HandTool
    private let work = BlockingWork(label: "by hand")
    private let servers: [ProcessIdentity]

    private var directory: String { configuration.directory }

    /// Runs `body` with a server that is ready. In the end the server is stopped, and everything that was made is gone.
    static func with<Value: Sendable>(
        _ directory: String, _ body: (BareNode) async throws -> Value
    ) async throws -> Value {
        try Directory.ensure(directory, mode: 0o700)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let node = try await BareNode(directory)
        do {
            let value = try await body(node)
            try await node.stop()
            return value
        } catch {
            try? await node.stop()
            throw error
        }
    }

    private init(_ directory: String) async throws {
        let ports = try FreePorts.pick(consecutive: [1, 2])
        configuration = BareConfiguration(directory: directory, nfsPort: ports[0], mountdPort: ports[1])
        exports = try ExportManager(address: configuration.busAddress)
        truncate = try HandTool("truncate", package: "coreutils")
        mkfs = try HandTool("mkfs.ext4", package: "e2fsprogs")
        mount = try HandTool("mount", package: "mount")
        unmount = try HandTool("umount", package: "mount")
        servers = try await Self.start(configuration)
        try await waitUntilReady()
    }

    private static func start(_ configuration: BareConfiguration) async throws -> [ProcessIdentity] {
        let directory = configuration.directory
        for name in ["nfs", "recovery"] { try Directory.ensure("\(directory)/\(name)", mode: 0o755) }
        try write(configuration.server, "\(directory)/ganesha.conf")
        try write(configuration.bus, "\(directory)/dbus.conf")
        // One that finds another rpcbind at work ends by itself, which is as good.
        let rpcbind = try HandTool("rpcbind", package: "rpcbind")
        let helper = try? rpcbind.start(["-f", "-w"], output: "\(directory)/rpcbind.out")
        let bus = try HandTool("dbus-daemon", package: "dbus-daemon").start(
            ["--config-file=\(directory)/dbus.conf", "--nofork", "--nopidfile", "--nosyslog"],
            output: "\(directory)/dbus.out")
        try await Task.sleep(for: .milliseconds(300))
        let server = try HandTool("ganesha.nfsd", package: "nfs-ganesha").start(
            [
                "-F", "-f", "\(directory)/ganesha.conf", "-L", "\(directory)/ganesha.log", "-p",
                "\(directory)/ganesha.pid",
            ], output: "\(directory)/ganesha.out",
            environment: ["DBUS_SYSTEM_BUS_ADDRESS": configuration.busAddress, "BLKID_FILE": "/dev/null"])
        return [server, bus] + [helper].compactMap(\.self)
    }

    private func waitUntilReady() async throws {
        let probe = RPCProbe(host: "127.0.0.1", port: configuration.nfsPort)
        for _ in 0..<100 {
            if (try? await probe.null(.nfs, version: 3)) != nil { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        try? await stop()
        throw StorageError(.unavailable, "the bare NFS-Ganesha did not become ready; see its log in \(directory)")
    }

    private func stop() async throws {
        for server in servers { try await server.terminate(grace: .seconds(10)) }
        for entry in try MountTable.current().reversed() where entry.mountPoint.hasPrefix("\(directory)/") {
            try Mounter.unmount(entry.mountPoint)
        }
    }

    // MARK: Volumes

    /// truncate, mkfs.ext4, mount -o loop, AddExport. The mount point and the text of the export are there before the
    /// clock runs.
    func create(_ number: Int, _ capacity: ByteCount) async throws -> Timeline {
        let path = path(of: number)
        try Directory.ensure(path, mode: 0o755)
        let file = "\(directory)/export-\(number).conf"
        try Self.write(configuration.export(number, path: path), file)
        let image = image(of: number)
        return try await work.run("creating volume \(number) by hand") { [self] _ throws(HostError) in
            var timeline = Timeline()
            try truncate.run(["-s", "\(capacity.bytes)", image])
            timeline.finish("truncate")
            try mkfs.run(["-q", image])
            timeline.finish("mkfs.ext4")
            try mount.run(["-o", "loop", image, path])
            timeline.finish("mount -o loop")
            try exports.add(number, file: file)
            timeline.finish("AddExport")
            return timeline
        }
    }

    func delete(_ number: Int) async throws {
        try await work.run("deleting volume \(number) by hand") { [self] _ throws(HostError) in
            try exports.remove(number)
            try unmount.run([path(of: number)])
            try Directory.remove(path(of: number))
            try DurableFile.remove(image(of: number))
        }
    }

    func target(_ number: Int) -> NFSConnection.Target {
        NFSConnection.Target(
            server: "127.0.0.1", path: path(of: number), nfsPort: configuration.nfsPort,
            mountdPort: configuration.mountdPort)
    }

    private func path(of number: Int) -> String { "\(directory)/nfs/volume\(number)" }
    private func image(of number: Int) -> String { "\(directory)/volume\(number).img" }

    private static func write(_ text: String, _ path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }
}
