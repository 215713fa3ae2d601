import Lab
import Testing

/// Two storage nodes with a thin pool each, whose files are copied from a snapshot of one moment.
@Suite("A pair whose files are replicated from thin pools", .serialized, .machines(.p1, .p2, .c1))
struct ThinFilePairTests {
    @Test("what is copied is of one moment, shown read-only while it is copied, and nothing of that is left")
    func frozen() async throws {
        let (s1, s2, c1) = (try machine("s1"), try machine("s2"), try machine("c1"))
        let pair = PairNodes(s1, s2, storage: .rsync(interval: 5, thinPool: "pool"))
        try await FenceService([s1, s2]).serving {
            try await pair.setUp()
            for node in pair.nodes {
                try await node.sh("lvcreate -q --yes --type thin-pool -L 2G -n pool vg-paas 2>&1")
            }
            try await pair.wait(until: s1, is: "primary")
            try await s1.sh("convert2nfs volume create shop/data --size 512Mi --client \(c1.spec.address)")
            // The second of each two is written once the first is on the disk, and neither is ever empty.
            try await c1.sh(
                """
                mkdir -p /mnt/data
                mount -t nfs -o nfsvers=3,hard,proto=tcp \(PairNodes.address):/nfs/shopdata /mnt/data
                dd if=/dev/urandom of=/mnt/data/a-bulk bs=1M count=40 conv=fsync 2>&1
                cat >/root/pairs <<'END'
                number=0
                while [ ! -e /root/enough ]; do
                    number=$((number + 1))
                    for name in a z; do
                        echo $number >/mnt/data/new
                        sync /mnt/data/new
                        mv /mnt/data/new /mnt/data/$name
                    done
                done
                END
                sh /root/pairs >/dev/null 2>&1 </dev/null &
                """, deadline: .seconds(120))
            try await s1.insist("grep -q '/rsync/frozen/.* ro,' /proc/mounts")
            try await s2.insist("[ \"$(stat -c %s /nfs/shopdata/a-bulk 2>/dev/null)\" = $((40 << 20)) ]")
            for _ in 1...3 {
                try await s1.insist("grep -q '/rsync/frozen/.* ro,' /proc/mounts")
                try await s1.insist("! grep -q /rsync/frozen/ /proc/mounts")
                // Not while the next round replaces them.
                let found = try await s2.sh(
                    """
                    for try in $(seq 300); do
                        sleep 0.05
                        pgrep -f '[p]assword-file' >/dev/null && continue
                        both=$(cat /nfs/shopdata/a /nfs/shopdata/z)
                        pgrep -f '[p]assword-file' >/dev/null || break
                    done
                    echo "$both"
                    """, deadline: .seconds(60))
                let numbers = found.split(separator: "\n").compactMap { Int($0) }
                #expect(numbers.count == 2 && (0...1).contains(numbers[0] - numbers[1]), "\(found)")
            }
            try await c1.sh(": >/root/enough")
            try await pair.moveService(from: s1)
            let after = try await c1.sh("cat /mnt/data/a /mnt/data/z", deadline: .seconds(60)).split(separator: "\n")
            #expect(after.count == 2 && after[0] == after[1], "\(after)")
            // Also of a copy that the move has interrupted.
            try await s1.insist(
                "! lvs --noheadings -o lv_name vg-paas | grep -q +; [ -z \"$(ls /var/lib/convert2nfs/rsync/frozen /var/lib/convert2nfs/rsync/frozen-marks | grep -v :)\" ]"
            )
        }
    }
}
