import Glibc
import HostTools
import StorageCore

/// The service's own small filesystem, which holds what has to move with the data, and the end of all that is mounted beside it. Needs root.
struct StateVolume: Sendable {
    static let requiredTools: [ToolName] = [.blkid, .mkfsExt4, .checkExt4]
    static let size = ByteCount.mebibytes(64)
    private static let filesystem = "ext4"

    /// Where it is mounted.
    let directory: String
    private let blkid: Tool
    private let mkfs: Tool
    private let fsck: Tool
    private let runner: any CommandRunner
    private let work = BlockingWork(label: "pair")

    init(directory: String, toolbox: Toolbox, runner: any CommandRunner) throws(HostError) {
        self.directory = directory
        blkid = try toolbox.require(.blkid)
        mkfs = try toolbox.require(.mkfsExt4)
        fsck = try toolbox.require(.checkExt4)
        self.runner = runner
    }

    /// Ensures a filesystem on the device. Nothing that is there is made anew; throws `conflict` for anything else on it.
    func make(on path: String) async throws(StorageError) {
        switch try await SetupDisk(path: path, blkid: blkid, runner: runner).content() {
        case .blank:
            try await run(Invocation(mkfs, ["-q", "-E", "nodiscard", path]), "the filesystem of \(path)")
        case .metadata, .other:
            try await run(Invocation(fsck, ["-f", "-n", path]), "\(path) is there, and is no filesystem that is whole")
        }
    }

    private func run(_ invocation: Invocation, _ what: String) async throws(StorageError) {
        do throws(HostError) { try await runner.output(of: invocation) } catch {
            throw StorageError(.conflict, "\(what): \(error)")
        }
    }

    func isMounted() throws(StorageError) -> Bool {
        do throws(HostError) { return try MountPoint.device(at: directory) != nil } catch {
            throw StorageError(.unavailable, "\(directory) cannot be looked at: \(error)")
        }
    }

    /// Mounts the device. `links` are names of device-mapper's that nobody may have waited for.
    func mount(_ device: String, links: [String] = []) async throws(StorageError) {
        try await blocking("mounting the state volume") { directory throws(HostError) in
            try DeviceMapper.ensureLinks(of: links)
            try Directory.ensure(directory, mode: 0o700)
            // nfsdcld's commit is the removal of SQLite's journal, which SQLite itself does not bring to the disk (PRAGMA synchronous): a
            // client that came seconds before a loss of power would be forgotten, and lose its locks.
            try Mounter.mount(device, at: directory, filesystem: Self.filesystem, data: "", keepsNames: true)
        }
    }

    // MARK: Unmounting

    /// Ensures that nothing of what `isOurs` is mounted, wherever; all at once, since each waits for its disk. Throws `busy` while
    /// something is in use.
    func unmountAll(_ isOurs: (DeviceNumber) throws(HostError) -> Bool) async throws(StorageError) {
        var paths: [String] = []
        do throws(HostError) {
            for entry in try MountTable.current() {
                if let device = entry.blockDevice, try isOurs(device) { paths.append(entry.mountPoint) }
            }
        } catch {
            throw StorageError(.unavailable, "the mounts cannot be looked at: \(error)")
        }
        let refusals: [StorageError] = await withTaskGroup(of: StorageError?.self) { group in
            for path in paths.reversed() {
                group.addTask {
                    do throws(StorageError) { try await unmount(path) } catch { return error }
                    return nil
                }
            }
            var refusals: [StorageError] = []
            for await refusal in group { if let refusal { refusals.append(refusal) } }
            return refusals
        }
        if let refusal = refusals.first { throw refusal }
    }

    /// The NFS server lets go of what it served a moment after it has ended.
    private static let patience = Duration.seconds(5)

    private func unmount(_ path: String) async throws(StorageError) {
        let end = ContinuousClock.now + Self.patience
        while true {
            let isBusy = try await blocking("unmounting \(path)") { _ throws(HostError) in
                guard try MountPoint.device(at: path) != nil else { return false }
                do throws(HostError) { try Mounter.unmount(path) } catch {
                    guard error.errorNumber == EBUSY else { throw error }
                    return true
                }
                return try MountPoint.device(at: path) != nil
            }
            guard isBusy else { return }
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(50))) != nil else {
                let holders = (try? MountHolder.all(of: path)) ?? []
                let names = holders.isEmpty ? "" : " by \(holders.map(\.description).joined(separator: ", "))"
                throw StorageError(.busy, "\(path) is in use\(names)")
            }
        }
    }

    private func blocking<Value: Sendable>(
        _ what: String, _ body: @escaping @Sendable (String) throws(HostError) -> Value
    ) async throws(StorageError) -> Value {
        do throws(HostError) {
            return try await work.run(what, deadline: .seconds(20)) { [directory] _ throws(HostError) in
                try body(directory)
            }
        } catch {
            throw StorageError(.unavailable, "\(what): \(error)")
        }
    }
}
