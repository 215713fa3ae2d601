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
    case nfsd = "rpc.nfsd"
    case mountd = "rpc.mountd"
    case exportfs = "exportfs"
    case nfsdcld = "nfsdcld"
    case modprobe = "modprobe"
    case nft = "nft"
    case drbdadm = "drbdadm"
    case drbdsetup = "drbdsetup"
    case drbdmeta = "drbdmeta"
    case keepalived = "keepalived"
    case ss = "ss"
    case etcd = "etcd"
    case systemctl = "systemctl"
    case smNotify = "sm-notify"
    case unshare = "unshare"
    case qemu = "qemu-system-x86_64"
    case mmdebstrap = "mmdebstrap"
    case makeExt4 = "mke2fs"
    case ip = "ip"
    case depmod = "depmod"
    case cpio = "cpio"
    case remove = "rm"
    case copy = "cp"
    case ldd = "ldd"
    case strip = "strip"
    case rsync = "rsync"
    case find = "find"
    /// Ours; see `convert2nfs-rbd`.
    case rbdHelper = "convert2nfs-rbd"
    case rbdNBD = "rbd-nbd"
    case ceph = "ceph"
    case rbd = "rbd"
    case rados = "rados"
    case cephMon = "ceph-mon"
    case cephMgr = "ceph-mgr"
    case cephOSD = "ceph-osd"
    case cephAuthtool = "ceph-authtool"
    case monmaptool = "monmaptool"

    /// What has to be installed for it, as Debian names it.
    package var package: String {
        switch self {
        case .mkfsXFS, .growXFS, .adminXFS: "xfsprogs"
        case .mkfsExt4, .resizeExt4, .tuneExt4, .checkExt4, .makeExt4: "e2fsprogs"
        case .blkid, .unshare: "util-linux"
        case .lvm: "lvm2 thin-provisioning-tools"
        case .ganesha: "nfs-ganesha nfs-ganesha-vfs"
        case .dbusDaemon: "dbus-daemon"
        case .rpcbind: "rpcbind"
        case .statd, .smNotify: "nfs-common"
        case .nfsd, .mountd, .exportfs, .nfsdcld: "nfs-kernel-server"
        case .nft: "nftables"
        case .qemu: "qemu-system-x86"
        case .mmdebstrap: "mmdebstrap"
        case .ip, .ss: "iproute2"
        case .drbdadm, .drbdsetup, .drbdmeta: "drbd-utils"
        case .keepalived: "keepalived"
        case .etcd: "etcd-server"
        case .depmod, .modprobe: "kmod"
        case .cpio: "cpio"
        case .remove, .copy: "coreutils"
        case .ldd: "libc-bin"
        case .strip: "binutils"
        case .systemctl: "systemd"
        case .rsync: "rsync"
        case .find: "findutils"
        case .rbdHelper: "convert2nfs librbd1"
        case .rbdNBD: "rbd-nbd"
        case .ceph, .rbd, .rados, .cephAuthtool, .monmaptool: "ceph-common"
        case .cephMon: "ceph-mon"
        case .cephMgr: "ceph-mgr"
        case .cephOSD: "ceph-osd"
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
