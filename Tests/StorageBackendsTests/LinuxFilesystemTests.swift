import FoundationEssentials
import Glibc
import HostTools
import StorageBackends
import StorageCore
import TestSupport
import Testing

@Suite(
    "Real filesystems", .tags(.integration), .requiresRoot, .requiresLoopDevices,
    .requires(.mkfsXFS, .mkfsExt4, .blkid, .adminXFS))
struct LinuxFilesystemTests {
    private func mode(_ path: MountPath) -> mode_t {
        var status = stat()
        return stat(path.value, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    private func device(_ kind: FilesystemKind, _ pool: StorageFixture) async throws -> (VolumeIdentity, DevicePath) {
        let volume = try pool.identity("a")
        _ = try await pool.backend.create(volume, capacity: kind.minimumCapacity)
        return (volume, try await pool.backend.activate(volume))
    }

    private func overwrite(_ device: DevicePath, at offset: Int, with bytes: [UInt8]) throws {
        let file = try #require(fopen(device.value, "r+"))
        defer { fclose(file) }
        fseek(file, offset, SEEK_SET)
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }

    @Test(
        "any user may write to a new volume, and nobody to the directory below it", arguments: FilesystemKind.allCases)
    func modes(_ kind: FilesystemKind) async throws {
        try await StorageFixture.with(.loop) { pool in
            let volume = try pool.identity("a")
            let path = pool.path(of: volume)
            try await pool.provision(volume, kind.minimumCapacity, kind)
            #expect(mode(path) == 0o777)
            let owner = try Directory.owner(of: path.value)
            #expect(owner == 0)
            // An operator who makes it tighter is not overruled by a remount.
            chmod(path.value, 0o750)
            try Mounter.unmount(path.value)
            #expect(mode(path) == 0)
            let device = try await pool.backend.activate(volume)
            _ = try await pool.filesystem.mount(device, as: kind, at: path)
            #expect(mode(path) == 0o750)
            let entry = try MountTable.current().first { $0.mountPoint == path.value }
            #expect(entry?.options.contains("nosuid") == true && entry?.options.contains("nodev") == true)
        }
    }

    @Test("what was freed is given back, and what is there stays", arguments: FilesystemKind.allCases)
    func trims(_ kind: FilesystemKind) async throws {
        try await StorageFixture.with(.loop) { pool in
            let filesystem = try #require(pool.filesystem as? LinuxFilesystem)
            let volume = try pool.identity("a")
            let path = pool.path(of: volume)
            try await pool.provision(volume, kind.minimumCapacity, kind)
            try pool.write("kept", to: "file", on: volume)
            let before = try await filesystem.trim(path, from: .zero, count: .gibibytes(1))
            #expect(before > .zero && before <= kind.minimumCapacity)
            #expect(try await filesystem.trim(path, from: .gibibytes(8), count: .gibibytes(1)) == .zero)
            #expect(try pool.holds("kept", in: "file", on: volume))
            await expect(.internal) { try await filesystem.trim(MountPath("/tmp"), from: .zero, count: .gibibytes(1)) }
        }
    }

    @Test("a directory with something in it is not mounted over")
    func refusesFullDirectory() async throws {
        try await StorageFixture.with(.loop) { pool in
            let (volume, device) = try await device(.ext4, pool)
            _ = try await pool.filesystem.format(device, as: .ext4, id: volume.id)
            let path = pool.path(of: volume)
            try Directory.ensure(path.value, mode: 0o755)
            try DurableFile.write([1], to: "\(path)/precious")
            await expect(.conflict) { try await pool.filesystem.mount(device, as: .ext4, at: path) }
            _ = try? await pool.filesystem.unmount(path)
            #expect(try DurableFile.read("\(path)/precious", limit: 10) == [1])
        }
    }

    @Test(
        "a device that holds anything is not formatted",
        arguments: [
            (510, [0x55, 0xAA] as [UInt8]),  // a partition table
            (1080, [0x53, 0xEF]),  // a superblock that mke2fs did not finish
            (4086, Array("SWAPSPACE2".utf8)),
            (1 << 20, [0x0D, 0xD0, 0x01, 0xC0]),  // VMFS
        ])
    func refusesUsedDevice(_ offset: Int, _ signature: [UInt8]) async throws {
        try await StorageFixture.with(.loop) { pool in
            let (volume, device) = try await device(.ext4, pool)
            if offset == 510 {
                // One entry: type 83, from sector 8 on.
                try overwrite(device, at: 446, with: [0, 0, 0, 0, 0x83, 0, 0, 0, 8, 0, 0, 0, 0, 1, 0, 0])
            }
            if offset == 1080 {
                _ = try await pool.filesystem.format(device, as: .ext4, id: volume.id)
                try overwrite(device, at: 1082, with: [0])
            }
            if offset == 4086 { try overwrite(device, at: 1024, with: [1, 0, 0, 0, 7, 0, 0, 0]) }
            try overwrite(device, at: offset, with: signature)
            await expect(.conflict) { try await pool.filesystem.format(device, as: .ext4, id: volume.id) }
        }
    }

    @Test("an XFS whose mkfs was killed is not taken for whole")
    func refusesHalfMade() async throws {
        try await StorageFixture.with(.loop) { pool in
            let (volume, device) = try await device(.xfs, pool)
            _ = try await pool.filesystem.format(device, as: .xfs, id: volume.id)
            try overwrite(device, at: 126, with: [1])
            await expect(.conflict) { try await pool.filesystem.format(device, as: .xfs, id: volume.id) }
        }
    }

    @Test("an XFS whose new UUID was written only in part is renewed again")
    func resumesRenewal() async throws {
        try await StorageFixture.with(.loop) { pool in
            let (volume, device) = try await device(.xfs, pool)
            _ = try await pool.filesystem.format(device, as: .xfs, id: VolumeID())
            let before = try DeviceContent.read(device.value, count: 4096)
            _ = try await pool.filesystem.renew(device, as: .xfs, id: volume.id)
            let after = try DeviceContent.read(device.value, count: 4096)
            #expect(before[32..<48] != after[32..<48])
            // The last copy, as it was when only the first had been written: sb_agblocks at 84, sb_agcount at 88.
            let groupSize = after[84..<88].reduce(0) { $0 << 8 | Int($1) } * 4096
            let groups = after[88..<92].reduce(0) { $0 << 8 | Int($1) }
            try overwrite(device, at: (groups - 1) * groupSize + 32, with: Array(before[32..<48]))
            #expect(try await pool.filesystem.renew(device, as: .xfs, id: volume.id) == .changed)
            #expect(try await pool.filesystem.renew(device, as: .xfs, id: volume.id) == .unchanged)
        }
    }

    @Test(
        "a probe that fails is not a blank device",
        arguments: [HostTools.ExitStatus.exited(4), .exited(8), .signalled(9)])
    func refusesFailedProbe(_ status: HostTools.ExitStatus) async throws {
        try await StorageFixture.with(.loop) { pool in
            let (volume, device) = try await device(.ext4, pool)
            try overwrite(device, at: 0, with: [1])
            let runner = FailingProbe(status: status)
            let filesystem = try await LinuxFilesystem.open(
                toolbox: ToolLocator.ofThisProcess.locate(LinuxFilesystem.requiredTools), runner: runner,
                stateDirectory: "\(pool.root).state")
            await expect(.unavailable) { try await filesystem.format(device, as: .ext4, id: volume.id) }
            await expect(.unavailable) {
                try await filesystem.format(DevicePath("/dev/absent"), as: .ext4, id: volume.id)
            }
        }
    }

    @Test(
        "a link or a file at the mount point is somebody's: a conflict, and nothing is mounted or taken away",
        arguments: ["link", "dangling", "file"])
    func mountPointOfOthers(_ what: String) async throws {
        try await StorageFixture.with(.loop) { pool in
            let (volume, device) = try await device(.ext4, pool)
            _ = try await pool.filesystem.format(device, as: .ext4, id: volume.id)
            let path = pool.path(of: volume)
            let target = "\(pool.root).target"
            try Directory.ensure(pool.root, mode: 0o755)
            if what == "link" { try Directory.ensure(target, mode: 0o755) }
            if what == "file" {
                try DurableFile.write([1], to: path.value)
            } else {
                #expect(symlink(target, path.value) == 0)
            }
            await expect(.conflict) { try await pool.filesystem.mount(device, as: .ext4, at: path) }
            #expect(try await pool.filesystem.unmount(device, of: volume.id, from: path) == .unchanged)
            #expect(try MountPoint.device(at: target) == nil)
            var status = stat()
            #expect(lstat(path.value, &status) == 0, "it is still there")
            try DurableFile.remove(path.value)
            try Directory.remove(target)
            #expect(try await pool.filesystem.mount(device, as: .ext4, at: path) == .changed)
        }
    }

    @Test(
        "without its device, a filesystem is unmounted by its UUID, and another's is not",
        arguments: FilesystemKind.allCases)
    func unmountsByIdentity(_ kind: FilesystemKind) async throws {
        try await StorageFixture.with(.loop) { pool in
            let volume = try pool.identity("a")
            let path = pool.path(of: volume)
            try await pool.provision(volume, kind.minimumCapacity, kind)
            #expect(try await pool.filesystem.unmount(nil, of: VolumeID(), from: path) == .unchanged)
            #expect(try await pool.filesystem.mounted(at: path) != nil)
            #expect(try await pool.filesystem.unmount(nil, of: volume.id, from: path) == .changed)
            #expect(try await pool.filesystem.mounted(at: path) == nil)
        }
    }

    @Test("what is not zero but holds nothing that blkid knows is blank")
    func formatsUnknownBytes() async throws {
        try await StorageFixture.with(.loop) { pool in
            let (volume, device) = try await device(.ext4, pool)
            try overwrite(device, at: 0, with: [1])
            #expect(try await pool.filesystem.format(device, as: .ext4, id: volume.id) == .changed)
        }
    }

    @Test("a busy filesystem names who holds it, and is unmounted once it is let go")
    func namesHolders() async throws {
        try await StorageFixture.with(.loop) { pool in
            let volume = try pool.identity("a")
            let path = pool.path(of: volume)
            try await pool.provision(volume, .mebibytes(32), .ext4)
            try pool.write("held", to: "file", on: volume)
            let file = open("\(path)/file", O_RDONLY | O_CLOEXEC)
            do {
                _ = try await pool.filesystem.unmount(path)
                Issue.record("it was unmounted while a file is open")
            } catch {
                let error = try #require(error as? StorageError)
                #expect(error.code == .busy)
                #expect(error.message.contains("(\(getpid()))"))
            }
            #expect(try await pool.filesystem.mounted(at: path) != nil)
            close(file)
            #expect(try await pool.filesystem.unmount(path) == .changed)
        }
    }

    @Test(
        "a filesystem that has shut itself down says so while it is mounted, and works when it is mounted anew",
        arguments: FilesystemKind.allCases)
    func showsShutdown(_ kind: FilesystemKind) async throws {
        try await StorageFixture.with(.loop) { pool in
            let volume = try pool.identity("a")
            let path = pool.path(of: volume)
            let device = try await pool.provision(volume, kind.minimumCapacity, kind)
            try pool.write("kept", to: "file", on: volume)
            sync()
            #expect(try await pool.filesystem.mounts(under: [pool.root])[path] == ObservedMount(device: device))
            try shutDown(kind, path, device)
            let seen = try await pool.filesystem.mounts(under: [pool.root])[path]
            #expect(seen?.device == device)
            #expect(seen?.failure != nil)
            #expect(try await pool.filesystem.mounted(at: path) == device)
            if kind == .xfs { await expect(.internal) { try await pool.filesystem.usage(of: path) } }

            #expect(try await pool.filesystem.thaw(path) == .unchanged)
            #expect(try await pool.filesystem.unmount(device, of: VolumeID(), from: path) == .changed)
            #expect(try await pool.filesystem.mount(device, as: kind, at: path) == .changed)
            #expect(try await pool.filesystem.mounts(under: [pool.root])[path] == ObservedMount(device: device))
            #expect(try pool.holds("kept", in: "file", on: volume))
        }
    }

    /// As an I/O error does it: of XFS by its ioctl (ioctl_xfs_goingdown(2)), of ext4 by an error of its own (ext4(5)).
    private func shutDown(_ kind: FilesystemKind, _ path: MountPath, _ device: DevicePath) throws {
        switch kind {
        case .xfs:
            let directory = open(path.value, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { close(directory) }
            var withoutFlush: UInt32 = 2
            #expect(ioctl(directory, 0x8004_587D, &withoutFlush) == 0)
        case .ext4:
            let name = try #require(device.value.split(separator: "/").last)
            let trigger = open("/sys/fs/ext4/\(name)/trigger_fs_error", O_WRONLY | O_CLOEXEC)
            defer { close(trigger) }
            #expect(write(trigger, "1", 1) == 1)
        }
    }

    @Test("private mounts that a crash left are gone after the next start")
    func clearsPrivateMounts() async throws {
        try await StorageFixture.with(.loop) { pool in
            let (volume, device) = try await device(.ext4, pool)
            _ = try await pool.filesystem.format(device, as: .ext4, id: volume.id)
            let state = "\(pool.root).state"
            let left = "\(state)/mounts/\(volume.id)"
            try Directory.ensure(left, mode: 0)
            try Mounter.mount(device.value, at: left, filesystem: "ext4", data: "")
            _ = try await LinuxFilesystem.open(state)
            #expect(try MountPoint.device(at: left) == nil)
            #expect(try await pool.backend.remove(volume) == .changed)
        }
    }

    @Test("a start writes its template once, and again only if it is another: the disk may be full by then")
    func writesTemplateOnce() async throws {
        try await withScratchDirectory { directory in
            let template = "\(directory)/xfs-root.prototype"
            _ = try await LinuxFilesystem.open(directory)
            let first = try #require(try FileFacts.of(template))
            let text = try DurableFile.read(template, limit: 4096)
            _ = try await LinuxFilesystem.open(directory)
            #expect(try FileFacts.of(template)?.id == first.id)
            try DurableFile.write(Array("older".utf8), to: template)
            _ = try await LinuxFilesystem.open(directory)
            #expect(try DurableFile.read(template, limit: 4096) == text)
        }
    }

    @Test("a missing tool stops the start and names its package")
    func namesMissingTool() async throws {
        try await withScratchDirectory { directory in
            do throws(StorageError) {
                _ = try await LinuxFilesystem.open(
                    toolbox: Toolbox(tools: [:]), runner: SystemCommandRunner(), stateDirectory: directory)
                Issue.record("it was opened without tools")
            } catch {
                #expect(error.code == .unavailable && error.message.contains("xfsprogs"))
            }
        }
    }
}

/// The real tools, but for a blkid that fails.
private struct FailingProbe: CommandRunner {
    let status: HostTools.ExitStatus

    func run(_ invocation: Invocation) async throws(HostError) -> CommandOutput {
        if invocation.tool.name == ToolName.blkid.rawValue { return CommandOutput(status: status) }
        if invocation.tool.name.hasPrefix("mkfs") {
            throw HostError.unexpected("mkfs ran on a device that is not proven blank")
        }
        return try await SystemCommandRunner().run(invocation)
    }
}
