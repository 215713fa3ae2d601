import HostTools
import StorageCore

/// Every invocation of mkfs and its relatives, as values. Pure.
struct FilesystemTools: Sendable {
    /// What `LinuxFilesystem` needs of the host.
    static let names: [ToolName] = [
        .mkfsXFS, .growXFS, .adminXFS, .mkfsExt4, .resizeExt4, .tuneExt4, .checkExt4, .blkid,
    ]

    private let toolbox: Toolbox
    /// Describes an empty root directory to mkfs.xfs (mkfs.xfs(8), -p).
    let rootPrototype: String

    init(toolbox: Toolbox, rootPrototype: String) throws(HostError) {
        for name in Self.names { _ = try toolbox.require(name) }
        self.toolbox = toolbox
        self.rootPrototype = rootPrototype
    }

    /// Directory, mode 0777, owned by root; nothing in it.
    static let rootPrototypeText = "convert2nfs\n0 0\nd--777 0 0\n$\n"

    /// Who owns the root directory of an ext4 filesystem until its first mount opens it to everybody: mke2fs can set a
    /// mode only from 1.47.1 on (-E root_perms), Debian 12 has 1.47.0, but an owner it can. It is a number that nobody
    /// has, so that a mount knows what it has to do, also after a crash in between, and never does it twice.
    static let ownerOfUnopenedRoot: UInt32 = 0xC2F5_0000

    /// xfs: no discard (`-K`), because there is nothing to discard on blank storage. The rest is mkfs.xfs's own choice:
    /// checksums, 64-bit inodes and reverse maps are what a filesystem that serves NFS for years wants. ext4: nothing
    /// kept for root (`-m 0`), because the volume has one user and its size is real; an error makes it read-only, so
    /// that no client builds on damage; inode tables are left as they are (mke2fs's default), the journal is zeroed,
    /// since the device may hold an old one.
    func make(_ kind: FilesystemKind, on device: DevicePath, id: VolumeID) throws(HostError) -> Invocation {
        switch kind {
        case .xfs:
            Invocation(
                try toolbox.require(.mkfsXFS),
                ["-q", "-K", "-m", "uuid=\(id)", "-p", rootPrototype, device.value], deadline: .seconds(120))
        case .ext4:
            Invocation(
                try toolbox.require(.mkfsExt4),
                [
                    "-q", "-m", "0", "-e", "remount-ro", "-E", "nodiscard,root_owner=\(Self.ownerOfUnopenedRoot):0",
                    "-U",
                    "\(id)", device.value,
                ],
                deadline: .seconds(120))
        }
    }

    /// Low-level probing, past every cache; exit status 2 is "nothing was found" (blkid(8)).
    func probe(_ device: DevicePath) throws(HostError) -> Invocation {
        Invocation(
            try toolbox.require(.blkid), ["-p", "-o", "export", device.value], deadline: .seconds(30))
    }

    /// Replays the journal and repairs what can be without a question; exit status 1 is "errors were corrected".
    func check(ext4 device: DevicePath) throws(HostError) -> Invocation {
        Invocation(try toolbox.require(.checkExt4), ["-f", "-p", device.value], deadline: .seconds(3600))
    }

    func identify(_ kind: FilesystemKind, on device: DevicePath, id: VolumeID) throws(HostError) -> Invocation {
        switch kind {
        case .xfs: Invocation(try toolbox.require(.adminXFS), ["-U", "\(id)", device.value], deadline: .seconds(300))
        case .ext4: Invocation(try toolbox.require(.tuneExt4), ["-U", "\(id)", device.value], deadline: .seconds(300))
        }
    }

    func grow(_ kind: FilesystemKind, at path: MountPath, on device: String) throws(HostError) -> Invocation {
        switch kind {
        case .xfs: Invocation(try toolbox.require(.growXFS), ["-d", path.value], deadline: .seconds(300))
        case .ext4: Invocation(try toolbox.require(.resizeExt4), [device], deadline: .seconds(600))
        }
    }
}
