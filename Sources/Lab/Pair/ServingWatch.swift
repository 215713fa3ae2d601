import FoundationEssentials
import HostTools

/// Notes on a storage node, ten times a second, whether it serves: whether the NFS server runs and the ports let clients in. What it has
/// noted is there after a loss of power.
package struct ServingWatch: Sendable {
    private let machine: Machine
    private static let file = "/root/serving"

    package init(_ machine: Machine) { self.machine = machine }

    package func start() async throws {
        try await machine.sh(
            """
            rm -f \(Self.file) \(Self.file).last
            cat >/root/watch <<'END'
            table="inet convert2nfs_gate"
            while [ ! -e \(Self.file).stop ]; do
                now=$(date +%s.%N)
                echo $now >\(Self.file).last
                if [ "$(cat /proc/fs/nfsd/threads 2>/dev/null || echo 0)" != 0 ]; then
                    if ! nft list table $table >/dev/null 2>&1 || nft list set $table open | grep -q expires; then
                        echo $now >>\(Self.file)
                        sync \(Self.file)
                    fi
                fi
                sleep 0.1
            done
            END
            rm -f \(Self.file).stop
            sh /root/watch >/dev/null 2>&1 </dev/null &
            """)
    }

    /// When it served, by this machine's clock, in seconds since 1970.
    package func times() async throws -> [Double] {
        let shift = try await machine.clockShift()
        return try await machine.sh("cat \(Self.file) 2>/dev/null || true").split(separator: "\n")
            .compactMap { Double($0) }.map { $0 - shift }
    }

    /// A moment at which both served, of what two of them have noted: one served between two looks that saw the other serve without a break.
    package static func overlap(_ one: [Double], _ other: [Double]) -> Double? {
        // Longer than any look takes, and shorter than a way there and back.
        let pause = 5.0
        func within(_ times: [Double], _ moments: [Double]) -> Double? {
            zip(times, times.dropFirst()).lazy.filter { $1 - $0 < pause }
                .compactMap { begin, end in moments.first { $0 > begin && $0 < end } }.first
        }
        return within(one, other) ?? within(other, one)
    }

    /// Whether it has looked at all.
    package func hasLooked() async throws -> Bool { try await !machine.sh("cat \(Self.file).last || true").isEmpty }

    package func stop() async throws { try await machine.sh(": >\(Self.file).stop") }
}
