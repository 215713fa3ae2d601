import Lab
import Testing

/// What an operator had mounted and exported by hand, and what its clients see while it becomes volumes.
@Suite("Logical volumes that are exported already are adopted", .serialized, .machines(.s1, .c1))
struct AdoptionTests {
    private func node() throws -> Node {
        Node(
            machine: try machine("s1"), server: "kernel",
            pools: "pools: [{name: default, backend: lvm, volumeGroup: vg-paas}]")
    }

    private func client() throws -> Machine { try machine("c1") }

    /// Makes, mounts and does not export it.
    private func make(_ name: String, _ kind: String = "xfs") async throws {
        try await node().machine.sh(
            """
            lvcreate -q -y -n \(name) -L 304M vg-paas
            mkfs.\(kind) -q /dev/vg-paas/\(name)
            mkdir -p /nfs/shop\(name) && mount /dev/vg-paas/\(name) /nfs/shop\(name)
            """, deadline: .seconds(60))
    }

    /// What adoption changes, as the machine shows it.
    private func state() async throws -> String {
        try await node().machine.sh(
            """
            lvs --noheadings -o lv_name,lv_tags vg-paas; cat /etc/exports /etc/exports.d/*; sort /var/lib/nfs/etab; cat /proc/mounts
            convert2nfs volume list -o name
            """, deadline: .seconds(60))
    }

    /// What convert2nfs says when it refuses.
    private func refusal(_ arguments: String) async throws -> String {
        let before = try await state()
        let text = try await node().machine.sh(
            "convert2nfs adopt \(arguments) 2>&1 && echo DONE || true", deadline: .seconds(60))
        #expect(try await state() == before, "\(arguments): \(text)")
        return text
    }

    @Test("a dry run says what would be done, and changes nothing")
    func dryRun() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            modprobe -a dm-mod dm-snapshot xfs ext4
            vgcreate -q vg-paas /dev/disk/by-id/virtio-data0
            """, deadline: .seconds(60))
        for (name, kind) in [("plain", "xfs"), ("numbered", "ext4")] { try await make(name, kind) }
        try await node.machine.sh(
            #"""
            echo '# own' >/etc/exports
            echo '"/nfs/shopplain" 10.77.0.0/24(rw,async,no_subtree_check,no_root_squash) \' >>/etc/exports
            echo '    10.77.0.99(ro,no_subtree_check,no_root_squash) # the last one' >>/etc/exports
            mkdir -p /etc/exports.d; echo '# nothing' >/etc/exports.d/site.exports
            """#)
        try await node.start()
        try await node.machine.sh(
            "exportfs -i -o rw,sync,no_subtree_check,root_squash,fsid=17 10.77.0.21:/nfs/shopnumbered")
        let before = try await state()
        let text = try await node.convert2nfs("adopt shop/plain --dry-run")
        #expect(
            text.contains("volume shop/plain would be adopted: vg-paas/plain at /nfs/shopplain (default, xfs, 304Mi)"),
            "\(text)")
        #expect(text.contains("clients: 10.77.0.0/24 (rw), 10.77.0.99 (ro); squash none; fsid "))
        #expect(text.contains("changes: 10.77.0.0/24: async becomes sync"))
        #expect(text.contains("would become a comment in /etc/exports: \"/nfs/shopplain\" 10.77.0.0/24("))
        #expect(try await state() == before)
    }

    @Test(
        "clients of v3 and v4.1 write on with the same file handles, whether the fsid was named or not",
        arguments: ["plain", "numbered"])
    func adopted(_ name: String) async throws {
        let node = try node()
        let client = try client()
        if name == "numbered" { try await node.machine.sh("chmod 777 /nfs/shopnumbered") }
        for version in ["3", "4.1"] {
            try await client.sh(
                """
                path=/mnt/\(name)\(version); rm -f /tmp/stop
                mkdir -p $path
                mount -t nfs -o nfsvers=\(version),proto=tcp,hard,nosharecache s1:/nfs/shop\(name) $path
                ( exec 7>>$path/held\(version); while [ ! -e /tmp/stop ]; do
                    { echo x >&7 && sync $path/held\(version); } && echo ok || echo failed
                    cat $path/held\(version) >/dev/null || echo failed
                    sleep 0.1
                done; echo ended ) >/tmp/log\(version) 2>&1 </dev/null &
                until grep -q ok /tmp/log\(version); do sleep 0.1; done
                """, deadline: .seconds(60))
        }
        let handles = "for path in /mnt/\(name)*; do stat -c %i $path/held*; done"
        let inodes = try await client.sh(handles)
        #expect(try await node.convert2nfs("adopt shop/\(name)").hasPrefix("volume shop/\(name) adopted: "))
        let counts = try await client.sh("cat /tmp/log3 /tmp/log4.1 | wc -l")
        let log = try await client.sh(
            """
            until [ "$(cat /tmp/log3 /tmp/log4.1 | wc -l)" -gt \((Int(counts.filter(\.isNumber)) ?? 0) + 20) ]; do sleep 0.1; done
            echo 3 >/proc/sys/vm/drop_caches
            \(handles)
            touch /tmp/stop
            until grep -q ended /tmp/log3 && grep -q ended /tmp/log4.1; do sleep 0.1; done
            sort -u /tmp/log3 /tmp/log4.1
            """, deadline: .seconds(60))
        #expect(log == inodes + "ended\nok\n")
        #expect(try await node.convert2nfs("adopt shop/\(name)") == "volume shop/\(name): unchanged\n")
    }

    @Test("what was adopted is a volume like any other: marked, exported by us alone, healthy, grown")
    func isVolume() async throws {
        let node = try node()
        let table = try await node.machine.sh("cat /var/lib/nfs/etab")
        #expect(table.contains("/nfs/shopnumbered\t10.77.0.21(") && table.contains("fsid=17,"))
        let files = try await node.machine.sh("cat /etc/exports /etc/exports.d/site.exports; ls /etc/exports.d")
        #expect(
            files == #"""
                # own
                # convert2nfs exports it since it was adopted:
                # "/nfs/shopplain" 10.77.0.0/24(rw,async,no_subtree_check,no_root_squash) \
                #     10.77.0.99(ro,no_subtree_check,no_root_squash) # the last one
                # nothing
                convert2nfs-1.exports
                convert2nfs-2.exports
                site.exports

                """#, "\(files)")
        // exportfs reads them all anew.
        try await node.machine.sh("exportfs -ra")
        #expect(try await node.machine.sh("cat /var/lib/nfs/etab | grep -c 'fsid='") == "3\n")
        let diagnosis = try await node.convert2nfs("doctor shop/numbered --from 10.77.0.21")
        #expect(diagnosis.hasPrefix("nothing is wrong\n"), "\(diagnosis)")
        try await node.convert2nfs("volume resize shop/plain 400Mi")
        #expect(
            try await node.machine.sh("lvs --noheadings --nosuffix --units m -o lv_size vg-paas/plain") == "  400.00\n")
        try await node.convert2nfs("snapshot create shop/numbered@monday")
    }

    @Test("a catalog that is rebuilt has the fsid that it was adopted with, and mounts go on")
    func rebuilt() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            daemon=$(pidof convert2nfsd); kill $daemon
            timeout 30 tail --pid=$daemon -f /dev/null
            rm /var/lib/convert2nfs/catalog.sqlite*
            """, deadline: .seconds(60))
        try await node.start()
        #expect(try await node.convert2nfs("catalog rebuild -o name") == "shop/numbered\nshop/plain\n")
        for name in ["numbered", "plain"] {
            try await node.convert2nfs("volume clients shop/\(name) --add 10.77.0.21")
        }
        let text = try await client().sh(
            """
            echo 3 >/proc/sys/vm/drop_caches
            for path in /mnt/numbered3 /mnt/numbered4.1 /mnt/plain3 /mnt/plain4.1; do
                touch $path/again && ls $path | grep again && umount $path
            done
            """, deadline: .seconds(120))
        #expect(text == "again\nagain\nagain\nagain\n")
        try await node.convert2nfs("volume delete shop/numbered --snapshots")
        try await node.convert2nfs("volume delete shop/plain")
        #expect(try await node.machine.sh("lvs --noheadings vg-paas; ls /nfs") == "")
    }

    @Test("what would break its clients, or is no volume's, is refused, and nothing is changed")
    func refused() async throws {
        let node = try node()
        try await make("odd")
        let cases = [
            ("no_subtree_check,insecure", "insecure"), ("subtree_check", "subtree_check"),
            ("no_subtree_check,root_squash,anonuid=7", "anongid=65534,anonuid=7"),
            ("no_subtree_check,fsid=0", "root of NFSv4"), ("no_subtree_check,sec=krb5", "sec=krb5"),
            ("no_subtree_check,nohide", "nohide"),
        ]
        for (options, reason) in cases {
            try await node.machine.sh("exportfs -i -o rw,\(options) 10.77.0.21:/nfs/shopodd")
            let text = try await refusal("shop/odd")
            #expect(text.contains(reason) && !text.contains("DONE"), "\(options): \(text)")
            try await node.machine.sh("exportfs -u 10.77.0.21:/nfs/shopodd")
        }
        try await node.machine.sh(
            """
            mkdir -p /nfs/shoppart /nfs/shopdata
            mkdir /nfs/shopodd/part && mount --bind /nfs/shopodd/part /nfs/shoppart
            mount -t tmpfs none /nfs/shopdata
            """)
        for (arguments, reason) in [
            ("shop/none", "nothing is mounted at /nfs/shopnone"), ("shop/part", "only /part of"),
            ("shop/data", "is in no pool"), ("shop/odd --client 10.0.0.0/8 --client 10.0.0.0/8=ro", "both rw and ro"),
        ] {
            let text = try await refusal(arguments)
            #expect(text.contains(reason) && !text.contains("DONE"), "\(arguments): \(text)")
        }
        try await node.machine.sh("umount /nfs/shoppart /nfs/shopdata && rmdir /nfs/shopodd/part")
    }

    /// What is otherwise than of a volume, made and taken back.
    private static let surroundings = [
        ("true", "true", "it is exported to nobody"),
        (
            "mkdir /nfs/shopodd/sub; exportfs -i -o rw,no_subtree_check 10.77.0.21:/nfs/shopodd/sub",
            "exportfs -u 10.77.0.21:/nfs/shopodd/sub; rmdir /nfs/shopodd/sub",
            "its directory /nfs/shopodd/sub is exported"
        ),
        (
            "exportfs -i -o ro,crossmnt 10.77.0.21:/nfs", "exportfs -u 10.77.0.21:/nfs",
            "/nfs is exported with crossmnt"
        ),
        (
            "echo '/nfs/shopodd 10.77.0.98(rw)' >/etc/exports.d/odd.exports", "rm /etc/exports.d/odd.exports",
            "not served yet: 10.77.0.98 (/etc/exports.d/odd.exports)"
        ),
        (
            "mkdir -p /srv/second && mount /dev/vg-paas/odd /srv/second", "umount /srv/second",
            "is mounted at /srv/second too"
        ),
        ("mount -o remount,ro /nfs/shopodd", "mount -o remount,rw /nfs/shopodd", "is mounted read-only"),
        (
            "mkdir -p /srv/below && mount --bind /nfs /srv/below && touch /srv/below/shopodd/file && umount /srv/below",
            "mount --bind /nfs /srv/below && rm /srv/below/shopodd/file && umount /srv/below",
            "hides files in the directory below it (file)"
        ),
        (
            "mkdir /nfs/shopodd/in && mount -t tmpfs none /nfs/shopodd/in",
            "umount /nfs/shopodd/in && rmdir /nfs/shopodd/in",
            "has something mounted at /nfs/shopodd/in"
        ),
        (
            "lvchange -q --setactivationskip y vg-paas/odd", "lvchange -q --setactivationskip n vg-paas/odd",
            "would not be active after a boot"
        ),
    ]

    @Test(
        "what is mounted or exported otherwise than a volume is refused with the reason, and nothing is changed",
        arguments: surroundings)
    func circumstances(_ begin: String, _ end: String, _ reason: String) async throws {
        let node = try node()
        if begin != "true" {
            try await node.machine.sh("exportfs -i -o rw,no_subtree_check,no_root_squash 10.77.0.21:/nfs/shopodd")
        }
        try await node.machine.sh(begin, deadline: .seconds(60))
        let text = try await refusal("shop/odd")
        #expect(text.contains(reason) && !text.contains("DONE"), "\(text)")
        try await node.machine.sh(end, deadline: .seconds(60))
        try await node.machine.sh("exportfs -u 10.77.0.21:/nfs/shopodd || true")
    }

    @Test("clients that were named by their host are named by their address, nested networks are taken as they are")
    func named() async throws {
        let node = try node()
        let client = try client()
        try await node.machine.sh(
            """
            grep -q c1 /etc/hosts || echo '10.77.0.21 c1' >>/etc/hosts
            echo '/nfs/shopodd c1(rw,no_subtree_check,no_root_squash)' >/etc/exports.d/odd.exports
            exportfs -ra
            """)
        try await client.sh(
            """
            mkdir -p /mnt/odd && mount -t nfs -o nfsvers=3,proto=tcp,hard s1:/nfs/shopodd /mnt/odd
            echo one >/mnt/odd/file && sync -f /mnt/odd
            """, deadline: .seconds(60))
        let text = try await refusal("shop/odd")
        #expect(text.contains("c1") && text.contains("--client") && !text.contains("DONE"), "\(text)")
        try await client.sh(
            """
            rm -f /tmp/stop
            ( while [ ! -e /tmp/stop ]; do
                cat /mnt/odd/file >/dev/null && echo two >>/mnt/odd/file && sync -f /mnt/odd && echo ok || echo failed
            done; echo ended ) >/tmp/odd 2>&1 </dev/null &
            until grep -q ok /tmp/odd; do sleep 0.1; done
            """, deadline: .seconds(60))
        try await node.convert2nfs("adopt shop/odd --client 10.77.0.0/24=ro --client 10.0.0.0/8 --client 10.77.0.21")
        #expect(
            try await client.sh(
                "touch /tmp/stop; until grep -q ended /tmp/odd; do sleep 0.1; done; sort -u /tmp/odd",
                deadline: .seconds(60)) == "ended\nok\n")
        let table = try await node.machine.sh("grep shopodd /var/lib/nfs/etab | cut -f 2 | cut -d '(' -f 1 | sort")
        #expect(table == "10.0.0.0/8\n10.77.0.0/24\n10.77.0.21\n")
        #expect(try await node.machine.sh("cat /etc/exports.d/odd.exports | grep -vc '^#' || true") == "0\n")
        let again = try await refusal("shop/odd --client 10.77.0.21")
        #expect(again.contains("with other clients"), "\(again)")
    }

    @Test("an adoption that was interrupted goes on when it is asked for again")
    func interrupted() async throws {
        let node = try node()
        try await make("half")
        try await node.machine.sh("exportfs -i -o rw,no_subtree_check,no_root_squash,fsid=18 10.77.0.21:/nfs/shophalf")
        // As after a rebuild that was not gone through with, or a try of an older version, which found another fsid.
        try await node.machine.sh(
            """
            id=$(blkid -o value -s UUID /dev/vg-paas/half)
            lvchange -q --addtag convert2nfs.id=$id --addtag convert2nfs.namespace=shop --addtag convert2nfs.name=half \\
                --addtag convert2nfs.role=volume --addtag convert2nfs.fsid=19 --addtag own vg-paas/half
            """, deadline: .seconds(60))
        try await node.convert2nfs("adopt shop/half")
        let tags = try await node.machine.sh("lvs --noheadings -o lv_tags vg-paas/half")
        #expect(tags.contains("convert2nfs.fsid=18") && !tags.contains("fsid=19") && tags.contains("own"), "\(tags)")
        // As after a kill between the catalog and the operator's files: the daemon serves by the catalog, and the line goes.
        try await node.machine.sh("echo '/nfs/shophalf 10.77.0.99(rw,fsid=18)' >/etc/exports.d/half.exports")
        let text = try await node.convert2nfs("adopt shop/half")
        #expect(text.contains("is now a comment in /etc/exports.d/half.exports"), "\(text)")
        #expect(try await node.convert2nfs("adopt shop/half") == "volume shop/half: unchanged\n")
    }

    @Test("an adopted volume is given back by hand: untagged and forgotten, its logical volume and its files stay")
    func givenBack() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            echo precious >/nfs/shophalf/file
            daemon=$(pidof convert2nfsd); kill $daemon
            timeout 30 tail --pid=$daemon -f /dev/null
            convert2nfsd retire --config /etc/convert2nfs.yaml
            for tag in $(lvs --noheadings -o lv_tags vg-paas/half | tr , ' '); do
                case $tag in convert2nfs.*) lvchange -q --deltag $tag vg-paas/half ;; esac
            done
            """, deadline: .seconds(120))
        try await node.start()
        try await node.convert2nfs("volume delete shop/half")
        let text = try await node.machine.sh(
            """
            lvs --noheadings -o lv_name,lv_tags vg-paas/half | xargs
            lvchange -q --activate y vg-paas/half
            mkdir -p /nfs/shophalf && mount /dev/vg-paas/half /nfs/shophalf && cat /nfs/shophalf/file
            umount /nfs/shophalf; convert2nfs volume list -o name
            """, deadline: .seconds(60))
        #expect(text == "half own\nprecious\nshop/odd\n")
    }
}
