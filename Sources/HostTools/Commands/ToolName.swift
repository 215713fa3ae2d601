/// Every program of the operating system that this project runs. The raw value is its file name.
package enum ToolName: String, Sendable, Hashable, CaseIterable {
    case mkfsXFS = "mkfs.xfs"
    case growXFS = "xfs_growfs"
    case adminXFS = "xfs_admin"
    case mkfsExt4 = "mkfs.ext4"
    case resizeExt4 = "resize2fs"
    case tuneExt4 = "tune2fs"
    case checkExt4 = "e2fsck"
    case blkid = "blkid"
    case lvm = "lvm"
    case ganesha = "ganesha.nfsd"
    case dbusDaemon = "dbus-daemon"
    case rpcbind = "rpcbind"
    case statd = "rpc.statd"

    /// What has to be installed for it, as Debian names it.
    package var package: String {
        switch self {
        case .mkfsXFS, .growXFS, .adminXFS: "xfsprogs"
        case .mkfsExt4, .resizeExt4, .tuneExt4, .checkExt4: "e2fsprogs"
        case .blkid: "util-linux"
        case .lvm: "lvm2 thin-provisioning-tools"
        case .ganesha: "nfs-ganesha nfs-ganesha-vfs"
        case .dbusDaemon: "dbus-daemon"
        case .rpcbind: "rpcbind"
        case .statd: "nfs-common"
        }
    }
}

/// A program that was found.
package struct Tool: Hashable, Sendable, Codable {
    package let name: String
    /// Absolute.
    package let path: String

    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }
}
