import HostTools
import StorageCore

/// rsync(1), both of its ends. Needs root.
package struct Rsync: Sendable {
    package static let requiredTools: [ToolName] = [.rsync]

    package let settings: RsyncSettings
    private let rsync: Tool
    private let runner: any CommandRunner

    package init(
        _ settings: RsyncSettings, toolbox: Toolbox, runner: any CommandRunner
    ) throws(StorageError) {
        do throws(HostError) { rsync = try toolbox.require(.rsync) } catch {
            throw StorageError(.unavailable, "\(error)")
        }
        self.settings = settings
        self.runner = runner
    }

    /// Ensures that the daemon runs with our settings.
    func serve() throws(StorageError) {
        do throws(HostError) {
            let isChanged = try write()
            if let running = try running() {
                guard isChanged else { return }
                _ = try running.signal(15)
                try DurableFile.remove(settings.pidFile)
            }
            let process = DetachedProcess(
                rsync, ["--daemon", "--no-detach", "--config=\(settings.configuration)"],
                environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"], outputFile: settings.output)
            _ = try process.start()
        } catch {
            throw StorageError(.unavailable, "the rsync daemon: \(error)")
        }
    }

    /// Answers whether anything was otherwise.
    private func write() throws(HostError) -> Bool {
        try Directory.ensureExists(settings.directory, mode: 0o700)
        try Directory.ensureExists(settings.frozen, mode: 0o700)
        var isChanged = false
        for (path, text) in [
            (settings.secrets, "\(RsyncSettings.user):\(settings.password)\n"),
            (settings.passwordFile, "\(settings.password)\n"), (settings.configuration, settings.text),
        ] where try DurableFile.read(path, limit: 1 << 20) != Array(text.utf8) {
            try DurableFile.write(Array(text.utf8), to: path, mode: 0o600)
            isChanged = true
        }
        return isChanged
    }

    /// The daemon of ours that has written down its number, which may be another's by now.
    private func running() throws(HostError) -> ProcessIdentity? {
        guard let bytes = try DurableFile.read(settings.pidFile, limit: 64),
            let pid = Int32(String(decoding: bytes, as: UTF8.self).filter(\.isNumber)),
            let process = try ProcessIdentity.current(of: pid), process.executable == rsync.path
        else { return nil }
        return process
    }

    /// Makes `path` as `place` is on the other node. Throws `unavailable` with rsync's own words; `path` is of more than one moment
    /// then. Takes as long as there is something to be copied: rsync itself gives up when nothing moves for a minute.
    /// What is replaced or removed is kept below `RsyncSettings.kept` if a name for it is given.
    func pull(_ place: String, to path: MountPath, keeping name: String?) async throws(StorageError) {
        var keeping: [String] = []
        if let name {
            do throws(HostError) { try KeptFiles.prepare(RsyncSettings.kept, in: path.value) } catch {
                throw StorageError(.unavailable, "what is replaced in \(path) cannot be kept: \(error)")
            }
            keeping = ["--backup", "--backup-dir=\(RsyncSettings.kept)/\(name)-replaced"]
        }
        try await run(keeping + settings.arguments(from: place, to: path), deadline: .seconds(7 * 86_400))
    }

    /// Ends what copies into this node, also what an earlier life of the program has begun.
    func endPulls() async throws(StorageError) {
        do throws(HostError) {
            let argument = "--password-file=\(settings.passwordFile)"
            for process in try ProcessSearch.find(argument: argument, executableNamed: rsync.name) {
                try await process.terminate(grace: .zero)
            }
        } catch {
            throw StorageError(.unavailable, "what copies from the other node could not be ended: \(error)")
        }
    }

    /// Takes over what moves with the service beside the volumes.
    func pullShared() async throws(StorageError) { try await run(settings.sharedArguments, deadline: .seconds(60)) }

    private func run(_ arguments: [String], deadline: Duration) async throws(StorageError) {
        let invocation = Invocation(rsync, arguments, deadline: deadline)
        do throws(HostError) {
            // 24: a file was gone before it was read (rsync(1), EXIT VALUES), as one that clients remove.
            try await runner.output(of: invocation, accepting: [0, 24])
        } catch {
            throw StorageError(.unavailable, "rsync: \(error)")
        }
    }
}
