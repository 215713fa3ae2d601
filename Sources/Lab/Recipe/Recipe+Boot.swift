/// The scripts a machine boots with. Each process they start costs up to 40 ms on an emulated processor, so they start
/// few.
extension Recipe {
    static let bootFiles = [
        File(path: "/etc/inittab", content: inittab),
        File(path: "/etc/fstab", content: mounts),
        File(path: "/etc/hosts", content: hosts),
        File(path: "/usr/lib/lab/boot", content: bootScript, mode: 0o755),
        File(path: "/usr/lib/lab/agent", content: agentScript, mode: 0o755),
        File(path: "/etc/systemd/system/lab-boot.service", content: bootUnit),
        File(path: "/etc/systemd/system/lab-agent.service", content: agentUnit),
    ]

    /// Loads the few modules without which there is no disk, and goes over to the root filesystem. With `lab.probe` it
    /// only says that it came up: so an accelerator is tried.
    static let ramdiskScript = """
        #!/bin/busybox sh
        /bin/busybox mount -t proc proc /proc
        read -r line </proc/cmdline
        case $line in *lab.probe*)
            echo LAB-PROBE-OK >/dev/console
            exec /bin/busybox poweroff -f;;
        esac
        /bin/busybox mount -t devtmpfs dev /dev
        for module in $(/bin/busybox cat /modules/order); do
            /bin/busybox insmod /modules/$module
        done
        tries=0
        until [ -b /dev/vda ] && [ -b /dev/vdb ] || [ $tries -gt 200 ]; do
            /bin/busybox usleep 20000
            tries=$((tries + 1))
        done
        /bin/busybox mount -t ext4 -o noatime /dev/vda /root
        /bin/busybox mount -t ext4 -o ro /dev/vdb /root/opt/convert2nfs
        if [ ! -s /root/etc/machine-id ]; then
            /bin/busybox tr -d - </proc/sys/kernel/random/uuid >/root/etc/machine-id
        fi
        /bin/busybox mount --move /dev /root/dev
        /bin/busybox umount /proc
        case $line in *lab.systemd*) exec /bin/busybox switch_root /root /usr/lib/systemd/systemd;; esac
        exec /bin/busybox switch_root /root /usr/lib/lab/init

        """

    /// busybox's init: it reaps what nobody else does, and starts the agent again should it end.
    private static let inittab = """
        ::sysinit:/usr/lib/lab/boot
        ::respawn:/usr/lib/lab/agent

        """

    private static let mounts = """
        proc /proc proc defaults 0 0
        sys /sys sysfs defaults 0 0
        run /run tmpfs mode=755 0 0
        tmp /tmp tmpfs mode=1777 0 0
        devpts /dev/pts devpts defaults 0 0
        shm /dev/shm tmpfs mode=1777 0 0

        """

    private static let hosts = """
        127.0.0.1 localhost
        10.77.0.11 s1
        10.77.0.12 s2
        10.77.0.21 c1
        10.77.0.100 vip

        """

    /// `lab.name`, `lab.number` and `lab.role` are on the kernel's command line. The interfaces are known by their
    /// hardware addresses, which end with the machine's number. What systemd has done already is left out.
    private static let bootScript = """
        #!/bin/sh
        export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        { read -r first </proc/1/comm; } 2>/dev/null || first=
        if [ "$first" != systemd ]; then
            mkdir -p /dev/pts /dev/shm
            busybox mount -a
            mkdir -p /run/lock /run/rpc_pipefs /run/sendsigs.omit.d
        fi
        for word in $(cat /proc/cmdline); do
            case $word in
            lab.name=*) name=${word#*=};;
            lab.number=*) number=${word#*=};;
            lab.role=*) role=${word#*=};;
            esac
        done
        echo "$name" >/proc/sys/kernel/hostname
        if [ ! -s /etc/hostname ] || [ "$(cat /etc/hostname)" != "$name" ]; then
            echo "$name" >/etc/hostname
            # systemd's part on other machines; NFS-Ganesha reads it.
            ln -sf /proc/self/mounts /etc/mtab
        fi
        modprobe -a virtio_net virtio_rng loop
        for path in /sys/class/net/*; do
            read -r address <$path/address
            case $address in
            52:54:00:4c:01:*) data=${path##*/};;
            52:54:00:4c:02:*) management=${path##*/};;
            52:54:00:4c:03:*) replication=${path##*/};;
            esac
        done
        ip -batch - <<END
        link set lo up
        link set $data name data0
        link set $management name mgmt0
        link set $replication name repl0
        address add 10.77.0.$number/24 dev data0
        address add 10.78.0.$number/24 dev mgmt0
        address add 10.79.0.$number/24 dev repl0
        link set data0 up
        link set mgmt0 up
        link set repl0 up
        END
        if [ "$first" != systemd ]; then
            # What systemd's units have of the processors.
            mount -t cgroup2 none /sys/fs/cgroup
            mkdir -p /sys/fs/cgroup/system.slice
            for group in /sys/fs/cgroup /sys/fs/cgroup/system.slice; do echo +cpu >$group/cgroup.subtree_control; done
            mkdir /sys/fs/cgroup/system.slice/udevd
            (echo 0 >/sys/fs/cgroup/system.slice/udevd/cgroup.procs; exec /lib/systemd/systemd-udevd --daemon)
            udevadm trigger --action=add --subsystem-match=block
            udevadm settle
            if [ "$role" = client ]; then rpcbind -w; fi
        fi
        echo LAB-BOOTED

        """

    private static let bootUnit = """
        [Unit]
        DefaultDependencies=no
        Before=network-pre.target network.target
        Wants=network-pre.target network.target
        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=/usr/lib/lab/boot
        StandardOutput=tty
        TTYPath=/dev/console

        """

    /// Outside of the order in which the rest starts, so that a test can look at it.
    private static let agentUnit = """
        [Unit]
        DefaultDependencies=no
        Wants=lab-boot.service
        After=lab-boot.service
        [Service]
        ExecStart=/usr/lib/lab/agent
        Restart=always
        KillMode=process

        """

    private static let agentScript = """
        #!/bin/sh
        for word in $(cat /proc/cmdline); do
            case $word in lab.number=*) number=${word#*=};; esac
        done
        exec /opt/convert2nfs/convert2nfs-lab-agent 10.78.0.$number 7000

        """
}
