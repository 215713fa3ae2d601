extension Recipe {
    /// Storage nodes and clients alike: Debian 12 with its kernel, LVM, both NFS servers, the NFS client, and what a
    /// pair needs. It starts with an init of the lab's own instead of systemd.
    package static let standard = Recipe(
        release: "bookworm",
        packages: storage + servers + pair + ceph + tools,
        kernel: "linux-image-cloud-amd64",
        files: bootFiles,
        bootModules: [
            "drivers/virtio/virtio_ring", "drivers/virtio/virtio", "drivers/virtio/virtio_pci_modern_dev",
            "drivers/virtio/virtio_pci_legacy_dev", "drivers/virtio/virtio_pci", "drivers/block/virtio_blk",
        ],
        droppedModules: [
            "sound", "drivers/gpu", "drivers/media", "drivers/infiniband", "drivers/net/ethernet", "drivers/hid",
            "drivers/comedi", "drivers/net/wireguard", "drivers/net/wwan", "drivers/input", "drivers/leds",
            "net/bluetooth",
            "drivers/iio", "drivers/video",
        ],
        udevRules: [
            "50-udev-default.rules", "55-dm.rules", "56-lvm.rules", "60-block.rules", "60-persistent-storage-dm.rules",
            "60-persistent-storage.rules", "65-drbd.rules", "69-lvm.rules", "95-dm-notify.rules",
        ],
        ramdiskInit: ramdiskScript,
        rootSize: 8 << 30)

    private static let storage = [
        "lvm2", "thin-provisioning-tools", "xfsprogs", "e2fsprogs", "btrfs-progs", "util-linux", "mount", "udev",
        "kmod", "systemd",
    ]
    /// With the libraries that our programs are linked to.
    private static let servers = [
        "nfs-kernel-server", "nfs-common", "rpcbind", "nfs-ganesha", "nfs-ganesha-vfs", "dbus-daemon", "libdbus-1-3",
        "libsqlite3-0", "libnfs13", "libstdc++6", "zlib1g",
    ]
    private static let pair = ["keepalived", "rsync", "drbd-utils", "nftables", "iproute2"]
    /// Of Ceph's clients: the library that our helper is linked to, what maps images where the kernel cannot, and what rbd(8) of this host needs
    /// where that is brought along.
    private static let ceph = ["librbd1", "librados2", "rbd-nbd", "libncurses6", "libboost-program-options1.74.0"]
    private static let tools = [
        "busybox-static", "iputils-ping", "iputils-arping", "procps", "psmisc", "fio", "strace", "tcpdump",
    ]
}
