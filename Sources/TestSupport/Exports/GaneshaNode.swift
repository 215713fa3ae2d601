import Glibc
import HostTools
import Logging
import NFSClient
import NFSExports
import NodeHarness
import StorageCore

/// A real NFS-Ganesha on free ports with its state in a directory of its own, and small ext4 volumes on loop devices to
/// export. Needs root. `with` takes everything away again, however the test ends.
package actor GaneshaNode: ExporterRig {
    package nonisolated let directory: String
    /// With a space in its name, as an operator's may have.
    package nonisolated var stateDirectory: String { "\(directory)/nfs state" }
    package nonisolated let settings: GaneshaSettings
    package nonisolated let exporter: GaneshaExporter
    package nonisolated let tools: GaneshaTools
    private let loops = LoopDevices()
    private var volumes: [UInt16: TestVolume] = [:]

    package static func with<Result: Sendable>(
        _ adjust: @Sendable (inout GaneshaSettings) -> Void = { _ in }, _ body: (GaneshaNode) async throws -> Result
    ) async throws -> Result {
        let node = try GaneshaNode(adjust)
        do {
            let result = try await body(node)
            try await node.takeAway()
            return result
        } catch {
            try? await node.takeAway()
            throw error
        }
    }

    private init(_ adjust: @Sendable (inout GaneshaSettings) -> Void) throws {
        let ports = try FreePorts.pick(3)
        // Short, because a restarted server keeps NFSv4 clients waiting for as long.
        var settings = try GaneshaSettings(
            nfsPort: ports[0], mountdPort: ports[1], lockManagerPort: ports[2], leaseSeconds: 2, graceSeconds: 3)
        adjust(&settings)
        self.settings = settings
        tools = try GaneshaTools(ToolLocator.ofThisProcess.locate(GaneshaTools.names))
        var template = Array("/tmp/convert2nfs-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw HostError.systemCall(name: "mkdtemp", errno: errno, subject: "/tmp")
        }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        exporter = try Self.exporter(settings, directory, tools)
    }

    /// One more exporter on the same state directory, as after the daemon's restart: it shares no memory with the
    /// first.
    package nonisolated func nextLife(
        patience: Patience = .init(), _ adjust: @Sendable (inout GaneshaSettings) -> Void = { _ in }
    ) throws -> GaneshaExporter {
        var settings = settings
        adjust(&settings)
        return try Self.exporter(settings, directory, tools, patience)
    }

    private static func exporter(
        _ settings: GaneshaSettings, _ directory: String, _ tools: GaneshaTools, _ patience: Patience = .init()
    ) throws -> GaneshaExporter {
        var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        let server = try GaneshaServer(
            settings: settings, stateDirectory: "\(directory)/nfs state", tools: tools, logger: logger,
            patience: patience)
        return GaneshaExporter(server: server, logger: logger)
    }

    // MARK: Volumes

    package func mountedPath(_ number: UInt16) async throws -> MountPath {
        if let known = volumes[number] { return known.path }
        let volume = try await TestVolume.make(in: directory, number: number, loops: loops)
        volumes[number] = volume
        return volume.path
    }

    package func volume(_ number: UInt16) throws -> TestVolume {
        guard let volume = volumes[number] else { throw HostError.unexpected("there is no volume \(number) yet") }
        return volume
    }

    /// Unmounts it and lets go of its loop device. Throws EBUSY while a client holds something.
    package func removeVolume(_ number: UInt16) async throws {
        try await volumes[number]?.remove(loops)
        volumes[number] = nil
    }

    // MARK: Server and clients

    package func killServer() async throws { try await kill(server()) }

    package func killBus() async throws { try await kill(bus()) }

    package func signalServer(_ number: Int32) throws { for process in try server() { try process.signal(number) } }

    package func signalBus(_ number: Int32) throws { for process in try bus() { try process.signal(number) } }

    /// Nil if it does not run.
    package func serverPID() throws -> Int32? { try server().first?.pid }

    private func server() throws -> [ProcessIdentity] {
        try Self.processes("ganesha.nfsd", naming: "\(stateDirectory)/ganesha.conf")
    }

    private func bus() throws -> [ProcessIdentity] {
        try Self.processes("dbus-daemon", naming: "--config-file=\(stateDirectory)/dbus.conf")
    }

    private func kill(_ processes: [ProcessIdentity]) async throws {
        for process in processes {
            try process.signal(SIGKILL)
            try await process.waitForExit()
        }
    }

    private static func processes(_ name: String, naming argument: String) throws -> [ProcessIdentity] {
        try (Directory.names(in: "/proc") ?? []).compactMap { Int32($0) }.compactMap { pid in
            guard let line = try? DurableFile.read("/proc/\(pid)/cmdline", limit: 1 << 16),
                line.split(separator: 0).dropFirst().contains(Array(argument.utf8)[...]),
                let process = try ProcessIdentity.current(of: pid), process.executable.hasSuffix("/\(name)")
            else { return nil }
            return process
        }
    }

    /// A mounted client of the volume, from 127.0.0.1.
    package nonisolated func client(
        _ path: MountPath, _ version: NFSConnection.Version = .v3, user: Int32 = 0,
        deadline: Duration = .seconds(20)
    ) async throws -> NFSConnection {
        let connection = NFSConnection(
            NFSConnection.Target(
                server: "127.0.0.1", path: path.value, version: version, nfsPort: settings.nfsPort,
                mountdPort: settings.mountdPort, deadline: deadline, user: user, group: user))
        try await connection.mount()
        return connection
    }

    private func takeAway() async throws {
        var failure: (any Error)?
        // One that a test stopped would keep the end waiting.
        for process in try server() + bus() { try process.signal(SIGCONT) }
        do { try await exporter.stop() } catch { failure = error }
        for number in volumes.keys.sorted() {
            do { try await removeVolume(number) } catch { failure = failure ?? error }
        }
        do { try Tree.remove(directory) } catch { failure = failure ?? error }
        if let failure { throw failure }
    }
}
