import HostTools
import StorageCore

/// Real filesystems: xfsprogs, e2fsprogs, mount(2) and the kernel's ioctls. Needs root.
///
/// The root directory of a new volume has mode 0777, without the sticky bit. An NFS client's processes run as any user,
/// and with root squashed nobody could change that afterwards; who may reach the volume at all is decided by its
/// clients, and inside it by the pods that share it. Kubernetes's fsGroup does not help, since it changes no ownership
/// over NFS. Whoever wants it tighter changes the mode once; it is never set again. mkfs.xfs sets it; ext4 gets it with
/// its first mount.
package struct LinuxFilesystem: VolumeFilesystem {
    let tools: FilesystemTools
    let runner: any CommandRunner
    /// Where filesystems are mounted that nobody else may see: a directory for each id, mode 0700.
    let privateMounts: String
    let work: BlockingWork
    /// How long an unmount is tried again while something still holds the filesystem.
    let unmountPatience: Duration
    /// Makes the kernel let go of the filesystem at a path, as far as nobody uses it; nil where nothing can.
    let release: Release?
    /// Nil where whoever freezes is certain to thaw.
    let freezeGuard: FreezeGuard?
    let freezeDeadline: Duration
    /// Where a freeze or a thaw is under way.
    let freezing = FreezeCalls()

    package typealias Release = @Sendable (_ path: String) async -> Void

    /// What `toolbox` has to hold.
    package static let requiredTools = FilesystemTools.names

    /// `stateDirectory` is the daemon's own. Private mounts that a crash has left there are unmounted.
    /// Throws `unavailable` naming the package if a tool is missing.
    package static func open(
        toolbox: Toolbox, runner: any CommandRunner, stateDirectory: String,
        unmountPatience: Duration = .seconds(1), release: Release? = nil, freezeGuard: FreezeGuard? = nil,
        freezeDeadline: Duration = deadline
    ) async throws(StorageError) -> LinuxFilesystem {
        let work = BlockingWork(label: "filesystems")
        let filesystem = try await work.perform("preparing \(stateDirectory) for filesystems") { _ in
            let prototype = "\(stateDirectory)/xfs-root.prototype"
            let privateMounts = "\(stateDirectory)/mounts"
            try Directory.ensure(privateMounts, mode: 0o700)
            let text = Array(FilesystemTools.rootPrototypeText.utf8)
            // On a disk that is full by now nothing more can be written, and nothing needs to be.
            if try DurableFile.read(prototype, limit: 1 << 16) != text {
                try DurableFile.write(text, to: prototype)
            }
            return LinuxFilesystem(
                tools: try FilesystemTools(toolbox: toolbox, rootPrototype: prototype), runner: runner,
                privateMounts: privateMounts, work: work, unmountPatience: unmountPatience, release: release,
                freezeGuard: freezeGuard, freezeDeadline: freezeDeadline)
        }
        try await filesystem.clearPrivateMounts()
        return filesystem
    }

    package func format(
        _ device: DevicePath, as kind: FilesystemKind, id: VolumeID
    ) async throws(StorageError) -> Outcome {
        let action = "making \(kind.rawValue) on \(device)"
        var isBlank = try await probe(device) { path throws(HostError) in
            try DeviceContent.hasBlankMargins(path, head: Self.signatureHead, tail: Self.signatureTail)
        }
        if !isBlank { isBlank = try await isProvenBlank(device, for: kind, id: id) }
        if isBlank {
            try await run(action) { () throws(HostError) in try tools.make(kind, on: device, id: id) }
        }
        return isBlank ? .changed : .unchanged
    }

    /// Where libblkid looks for signatures. The farthest from the start is LUKS2's last copy of its header, at 4 MiB;
    /// from the end, ZFS's labels at 512 KiB. Where all of that is zero there is none, and blkid(8), which costs as
    /// much as mkfs itself, need not be asked.
    private static let signatureHead = (4 << 20) + (64 << 10)
    private static let signatureTail = 1 << 20

    static let deadline = Duration.seconds(60)

    /// Whether blkid(8) finds nothing. False if the device has this very filesystem, complete. Throws `conflict` for
    /// anything else that is found, `unavailable` if the probe fails: that is not "blank".
    private func isProvenBlank(
        _ device: DevicePath, for kind: FilesystemKind, id: VolumeID
    ) async throws(StorageError) -> Bool {
        let output: CommandOutput
        do {
            output = try await runner.output(of: tools.probe(device), accepting: [0, 2])
        } catch {
            throw Self.unproven(device, error)
        }
        if output.status == .exited(2) { return true }
        if let found = try await superblock(of: device), found.kind == kind, found.id == id, found.isComplete {
            return false
        }
        let words = output.text.split(separator: "\n").filter { !$0.hasPrefix("DEVNAME=") }.joined(separator: " ")
        throw StorageError(
            .conflict,
            "\(device) is not blank, so it is not formatted; blkid finds \(words.isEmpty ? "something" : words)")
    }

    package func identify(_ device: DevicePath) async throws(StorageError) -> IdentifiedFilesystem? {
        try await superblock(of: device).map { IdentifiedFilesystem(kind: $0.kind, id: $0.id) }
    }

    private func superblock(of device: DevicePath) async throws(StorageError) -> Superblock? {
        let head = try await probe(device) { path throws(HostError) in
            try DeviceContent.read(path, count: Superblock.length)
        }
        return Superblock(head)
    }

    private func probe<Value: Sendable>(
        _ device: DevicePath, _ body: @escaping @Sendable (String) throws(HostError) -> Value
    ) async throws(StorageError) -> Value {
        do {
            return try await work.run("probing \(device)", deadline: Self.deadline) { _ throws(HostError) in
                try body(device.value)
            }
        } catch {
            throw Self.unproven(device, error)
        }
    }

    private static func unproven(_ device: DevicePath, _ cause: HostError) -> StorageError {
        StorageError(
            cause == .cancelled ? .cancelled : .unavailable,
            "\(device) could not be probed, so nothing is done to it: \(cause)", cause: cause)
    }

    /// The filesystems that this process may not grow while they are mounted, and why; what to ask before anything is
    /// grown for them.
    package static func growthRefusals() throws(StorageError) -> [FilesystemKind: String] {
        do throws(HostError) {
            guard try !Capabilities.haveSysResource() else { return [:] }
        } catch {
            throw StorageError(host: error, "reading the capabilities")
        }
        return [
            .ext4: "the kernel lets only a process with CAP_SYS_RESOURCE grow ext4 while it is mounted; "
                + "give it to the daemon, or use xfs"
        ]
    }

    package func grow(_ path: MountPath, as kind: FilesystemKind) async throws(StorageError) -> Outcome {
        guard let before = try await usage(of: path), let device = try await mounted(at: path) else {
            throw StorageError(.notFound, "nothing is mounted at \(path), so it cannot grow")
        }
        do throws(StorageError) {
            try await run("growing \(path)") { () throws(HostError) in
                try tools.grow(kind, at: path, on: device.value)
            }
        } catch {
            guard let reason = try Self.growthRefusals()[kind] else { throw error }
            throw StorageError(.unavailable, reason, cause: error)
        }
        return try await usage(of: path)?.capacity == before.capacity ? .unchanged : .changed
    }

    package func usage(of path: MountPath) async throws(StorageError) -> FilesystemUsage? {
        try await work.perform("measuring \(path)", on: "the usage of \(path)", deadline: .seconds(10)) { _ in
            guard try MountPoint.answering(at: path.value) != nil else { return nil }
            let space = try FilesystemControl.space(of: path.value)
            return FilesystemUsage(
                capacity: ByteCount(space.total), used: ByteCount(max(0, space.total - space.free)))
        }
    }

    /// Runs a tool that must succeed.
    @discardableResult
    func run(
        _ action: String, accepting accepted: Set<Int32> = [0], _ invocation: () throws(HostError) -> Invocation
    ) async throws(StorageError) -> CommandOutput {
        do {
            return try await runner.output(of: invocation(), accepting: accepted)
        } catch {
            throw StorageError(host: error, action)
        }
    }
}
