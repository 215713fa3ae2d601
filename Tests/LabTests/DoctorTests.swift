import FoundationEssentials
import HostTools
import Lab
import Testing

/// Faults are made on a real node, one by one, and doctor names each of them; before and after it finds nothing.
@Suite("Doctor in the lab", .serialized, .machines(.s1, .s2, .c1))
struct DoctorTests {
    private func node() throws -> Node {
        Node(
            machine: try machine("s1"), server: "kernel",
            pools: """
                pools:
                  - {name: thick, backend: lvm, volumeGroup: vg-paas}
                  - {name: thin, backend: lvm, volumeGroup: vg-thin, thinPool: pool, overcommit: 3}
                """)
    }

    /// What doctor says.
    private struct Diagnosis: Decodable {
        struct Finding: Decodable {
            let check: String
            let evidence: String
            let remedy: String
        }
        let healthy: Bool
        let findings: [Finding]
    }

    private func doctor(_ arguments: String) async throws -> (status: String, diagnosis: Diagnosis) {
        let output = try await node().machine.sh(
            """
            status=0
            convert2nfs doctor -o json \(arguments) 2>/dev/null || status=$?
            echo $status
            """, deadline: .seconds(120))
        let lines = output.split(separator: "\n")
        let json = lines.dropLast().joined(separator: "\n")
        return (
            String(lines.last ?? ""), try JSONDecoder().decode(Diagnosis.self, from: Data(json.utf8))
        )
    }

    private func expectHealth(_ arguments: String, after fault: String) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            let (status, diagnosis) = try await doctor(arguments)
            if diagnosis.healthy, status == "0" { return }
            guard ContinuousClock.now < end else {
                Issue.record(
                    "after \(fault), \"doctor \(arguments)\" still finds \(diagnosis.findings), status \(status)")
                return
            }
        }
    }

    @Test("it finds nothing wrong with a healthy node, nor with one of its volumes")
    func healthy() async throws {
        let node = try node()
        try await node.machine.sh(
            """
            modprobe -a dm-mod dm-thin-pool dm-snapshot xfs nf_tables
            vgcreate -q vg-paas /dev/disk/by-id/virtio-data0
            vgcreate -q vg-thin /dev/disk/by-id/virtio-data1
            lvcreate -q --yes --type thin-pool -L 3G -n pool vg-thin 2>/dev/null
            cp /usr/sbin/rpc.nfsd /usr/local/sbin/nfsd-by-hand
            """, deadline: .seconds(60))
        try await node.start()
        try await node.convert2nfs("volume create shop/data --pool thick --size 400Mi --client 10.77.0.21")
        try await node.convert2nfs("volume create shop/small --pool thick --size 16Mi --filesystem ext4")
        try await node.convert2nfs("volume create shop/thin --pool thin --size 400Mi --client 10.77.0.0/24=ro")
        for arguments in ["", "shop/data", "shop/data --from 10.77.0.21", "shop/small", "shop/thin"] {
            try await expectHealth(arguments, after: "the start")
        }
        // The node was let in for a moment, and wrote nothing that stayed.
        let left = try await node.machine.sh(
            "find /nfs -name '.convert2nfs*'; grep -c 10.77.0.11 /var/lib/nfs/etab || true")
        #expect(left == "0\n")
    }

    /// Both mount over v4.1 under that name, or their own, and go on writing until `end`.
    private func mountOnBoth(as name: String?) async throws {
        for client in ["c1", "s2"] {
            try await machine(client).sh(
                """
                hostname \(name ?? client)
                rm -f /tmp/stop; mkdir -p /mnt/pair
                mount -t nfs -o nfsvers=4.1,proto=tcp,hard s1:/nfs/shoppair /mnt/pair
                ( while [ ! -e /tmp/stop ]; do date >/mnt/pair/\(client); sync -f /mnt/pair; sleep 0.1; done
                  umount /mnt/pair && touch /tmp/ended ) >/dev/null 2>&1 </dev/null &
                """, deadline: .seconds(60))
        }
    }

    private func end() async throws {
        for client in ["c1", "s2"] { try await machine(client).sh("touch /tmp/stop") }
        for client in ["c1", "s2"] {
            try await machine(client).sh(
                "until [ -e /tmp/ended ]; do sleep 0.2; done; rm /tmp/ended; hostname \(client)", deadline: .seconds(90)
            )
        }
    }

    @Test("two NFSv4 clients of one host name are named, and two of different names are not")
    func names() async throws {
        let node = try node()
        try await node.convert2nfs(
            "volume create shop/pair --pool thick --size 304Mi --client 10.77.0.21 --client 10.77.0.12")
        try await mountOnBoth(as: nil)
        let known = try await node.machine.sh("grep -h ^name: /proc/fs/nfsd/clients/*/info")
        #expect(["c1", "s2"].allSatisfy { known.contains("Linux NFSv4.1 \($0)\"") }, "\(known)")
        try await expectHealth("", after: "two clients")
        try await end()
        try await mountOnBoth(as: "twin")
        let found = try await doctor("").diagnosis.findings
        #expect(found.map(\.check) == ["same-hostname-clients"])
        #expect(found.first?.evidence == "\"Linux NFSv4.1 twin\": 10.77.0.12, 10.77.0.21")
        try await end()
        try await node.convert2nfs("volume delete shop/pair")
        try await expectHealth("", after: "twins")
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        /// What doctor has to say.
        let check: String
        /// What it is asked for.
        var of = ""
        /// How the fault is made, and how it is mended.
        let inject: String
        var heal = "true"

        var testDescription: String { "\(check): doctor \(of)" }
    }

    @Test("it names the fault, with evidence and a remedy", arguments: Self.faults)
    func fault(_ fault: Fault) async throws {
        let node = try node()
        try await node.machine.sh(fault.inject, deadline: .seconds(120))
        // What LVM shows is up to 30 seconds old where it is only looked at.
        let end = ContinuousClock.now + .seconds(45)
        while true {
            let (status, diagnosis) = try await doctor(fault.of)
            if let finding = diagnosis.findings.first(where: { $0.check == fault.check }) {
                #expect(status == (fault.check == "daemon-silent" ? "69" : "74"))
                #expect(!diagnosis.healthy && !finding.evidence.isEmpty && !finding.remedy.isEmpty)
                break
            }
            guard ContinuousClock.now < end else {
                Issue.record("\"doctor \(fault.of)\" finds \(diagnosis.findings), and not \(fault.check)")
                break
            }
        }
        try await node.machine.sh(fault.heal, deadline: .seconds(120))
        if fault.check == "daemon-silent" || fault.check == "address-not-here" { try await node.start() }
        try await expectHealth("", after: fault.check)
    }

    @Test("when all is mended it finds nothing")
    func mended() async throws {
        for arguments in ["", "shop/data --from 10.77.0.21", "shop/small", "shop/thin"] {
            try await expectHealth(arguments, after: "all")
        }
    }
}
