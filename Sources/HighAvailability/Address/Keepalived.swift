import HostTools
import Logging
import StorageCore
import Synchronization

/// keepalived(8) as the holder of the service address: the host's own or, where none runs, one that we start, and that outlives us.
/// Needs root.
package final class Keepalived: AddressHolder {
    package static let requiredTools: [ToolName] = [.keepalived]

    private let settings: KeepalivedSettings
    private let configuration: String
    private let output: String
    private let tool: Tool
    private let systemctl: Tool?
    private let runner: any CommandRunner
    private let logger: Logger
    private let isListening = Mutex(false)
    private let lastState = Mutex<AddressState>(.unknown)
    /// Whether the host's own was asked for since one was last seen to run.
    private let wasAsked = Mutex(false)
    package let changes: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation

    /// `configuration` is the file that keepalived reads; `output` takes what one says that we start. `systemctl` is nil where systemd does
    /// not run.
    package init(
        _ settings: KeepalivedSettings, configuration: String = "/etc/keepalived/keepalived.conf", output: String,
        toolbox: Toolbox, systemctl: Tool?, runner: any CommandRunner, logger: Logger
    ) throws(StorageError) {
        do throws(HostError) { tool = try toolbox.require(.keepalived) } catch {
            throw StorageError(.unavailable, "\(error)")
        }
        self.settings = settings
        self.configuration = configuration
        self.output = output
        self.systemctl = systemctl
        self.runner = runner
        self.logger = logger
        (changes, change) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func start() async throws(StorageError) {
        do {
            try listen()
            try configure()
            let running = try ProcessSearch.find(executableNamed: tool.name)
            let isRead = try DurableFile.read(settings.lastRead, limit: 1 << 20) == Array(settings.text.utf8)
            wasAsked.withLock { $0 = $0 && running.isEmpty }
            if running.isEmpty {
                try await begin()
            } else if !isRead {
                // It reads its files again; the address stays where it is (keepalived(8)).
                for process in running { _ = try process.signal(1) }
            }
            if !isRead { try DurableFile.write(Array(settings.text.utf8), to: settings.lastRead, mode: 0o644) }
        } catch {
            throw error as? StorageError ?? StorageError(.unavailable, "\(error)")
        }
    }

    package func obstacle() -> String? {
        guard let found = try? DurableFile.read(configuration, limit: 1 << 20), isForeign(found) else { return nil }
        return foreignText
    }

    private func isForeign(_ file: [UInt8]) -> Bool {
        !String(decoding: file, as: UTF8.self).hasPrefix(KeepalivedSettings.mark)
    }

    private var foreignText: String {
        "\(configuration) is not written by convert2nfs; move it away, and its instances, if any, to a keepalived of their own"
    }

    private func listen() throws {
        try isListening.withLock { isListening in
            if isListening { return }
            let lines = try EventPipe.lines(at: settings.events)
            Task { for await line in lines { hear(line) } }
            isListening = true
        }
    }

    private func hear(_ line: String) {
        guard let state = KeepalivedEvent.state(line) else { return }
        lastState.withLock { $0 = state }
        logger.info("keepalived: \(line)")
        change.yield()
    }

    /// A file that is somebody else's is left alone.
    private func configure() throws {
        let wanted = Array(settings.text.utf8)
        let found = try DurableFile.read(configuration, limit: 1 << 20)
        if found == wanted { return }
        if let found, isForeign(found) { throw StorageError(.conflict, foreignText) }
        let directory = String(configuration[..<(configuration.lastIndex(of: "/") ?? configuration.startIndex)])
        try Directory.ensureExists(directory, mode: 0o755)
        // Whatever keepalived has read since, it was not this.
        try DurableFile.remove(settings.lastRead)
        try DurableFile.write(wanted, to: configuration, mode: 0o644)
    }

    /// The host's own where it has one: whoever runs it looks for it and starts it anew there. One of ours where that does not come up.
    private func begin() async throws {
        if let systemctl, !wasAsked.withLock({ $0 }) {
            wasAsked.withLock { $0 = true }
            do throws(HostError) {
                try await runner.output(
                    of: Invocation(systemctl, ["start", "keepalived.service"], deadline: .seconds(8)))
                return logger.notice("started keepalived.service, since no keepalived ran")
            } catch {
                logger.warning("keepalived.service does not start, so one of our own does: \(error)")
            }
        }
        let process = DetachedProcess(
            tool, ["--dont-fork", "--vrrp", "--log-console", "--use-file", configuration],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"], outputFile: output)
        let identity = try process.start()
        logger.notice("started keepalived, since none ran", metadata: ["pid": "\(identity.pid)"])
    }

    package func look() async -> AddressState {
        guard let addresses = try? NetworkInterfaces.addresses() else { return .unknown }
        let text = settings.address.description
        if addresses.contains(where: { $0.interface == settings.interface && $0.text == text }) { return .held }
        // Of what it said last, only this is more than the address tells.
        return lastState.withLock { $0 } == .fault ? .fault : .notHeld
    }

    package func tell(_ fitness: FailoverMachine.Fitness) throws(StorageError) {
        do throws(HostError) {
            try DurableFile.write(Array(KeepalivedSettings.text(of: fitness).utf8), to: settings.fitness, mode: 0o644)
        } catch {
            throw StorageError(.unavailable, "\(settings.fitness): \(error)")
        }
    }
}
