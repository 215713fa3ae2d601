import Glibc
import HostTools
import Logging
import NFSExports
import StorageCore

/// The kernel's NFS server of this machine, which the tests have for themselves, and small ext4 volumes on loop devices
/// to export. Needs root and a kernel with nfsd. `with` takes everything away again, however the test ends.
package actor KernelNode: ExporterRig {
    package nonisolated let directory: String
    package nonisolated let exporter: KernelExporter
    private let tools: KernelTools
    private let loops = LoopDevices()
    private var volumes: [UInt16: TestVolume] = [:]

    package static func with<Result: Sendable>(
        _ body: (KernelNode) async throws -> Result
    ) async throws -> Result {
        let node = try KernelNode()
        do {
            let result = try await body(node)
            try await node.takeAway()
            return result
        } catch {
            try? await node.takeAway()
            throw error
        }
    }

    private init() throws {
        var template = Array("/var/tmp/convert2nfs-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw HostError.systemCall(name: "mkdtemp", errno: errno, subject: "/var/tmp")
        }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        tools = try KernelTools(ToolLocator.ofThisProcess.locate(KernelTools.names))
        var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        let server = KernelServer(
            settings: KernelSettings(leaseSeconds: 10, graceSeconds: 10),
            files: KernelFiles(state: "\(directory)/state"),
            tools: tools, runner: SystemCommandRunner(), logger: logger)
        exporter = KernelExporter(server: server, logger: logger)
    }

    package func mountedPath(_ number: UInt16) async throws -> MountPath {
        if let known = volumes[number] { return known.path }
        let volume = try await TestVolume.make(in: directory, number: number, loops: loops)
        volumes[number] = volume
        return volume.path
    }

    package func killServer() async throws {
        let nfsd = try ToolLocator.ofThisProcess.locate([.nfsd]).require(.nfsd)
        try await SystemCommandRunner().output(of: Invocation(nfsd, ["0"]))
    }

    private func takeAway() async throws {
        var failure: (any Error)?
        do { try await exporter.stop() } catch { failure = error }
        for number in volumes.keys.sorted() {
            do { try await volumes[number]?.remove(loops) } catch { failure = failure ?? error }
        }
        do { try Tree.remove(directory) } catch { failure = failure ?? error }
        if let failure { throw failure }
    }
}
