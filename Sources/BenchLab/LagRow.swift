import BenchReport
import Lab

/// How far behind the standby is while a client writes, where files are replicated.
struct LagRow {
    /// In seconds.
    static let interval = 15
    private static let bar = 2.0 * Double(interval)

    /// The client writes a mebibyte and some small files each second; the standby is asked each second how far behind it is.
    func run(on bench: PairBench) async throws -> Findings {
        let standby = bench.pair.nodes[1]
        try await bench.client.sh(
            """
            mkdir -p /mnt/lag
            mount -t nfs -o nfsvers=3,hard,proto=tcp \(PairNodes.address):\(PairBench.path) /mnt/lag
            cat >/root/load <<'END'
            number=0
            while [ ! -e /root/enough ]; do
                number=$((number + 1))
                dd if=/dev/urandom of=/mnt/lag/big.$((number % 50)) bs=1M count=1 conv=fsync
                for small in 1 2 3 4 5; do echo $number >/mnt/lag/small.$((number % 200)).$small; done
                sleep 1
            done
            END
            sh /root/load >/dev/null 2>&1 </dev/null &
            """)
        var lags: [Double] = []
        let end = ContinuousClock.now + .seconds(Self.interval * (bench.isQuick ? 6 : 20))
        while ContinuousClock.now < end {
            if let lag = try await bench.lag(of: standby) { lags.append(lag) }
            try await Task.sleep(for: .seconds(1))
        }
        try await bench.client.sh(": >/root/enough")
        let worst = lags.max() ?? .infinity
        return Findings(
            rows: [
                Row(
                    measure: "rsync: longest lag of the standby, interval \(Self.interval) s",
                    ours: Duration.seconds(worst).text,
                    bar: "<= \(Duration.seconds(Self.bar).text)", isMet: worst <= Self.bar)
            ],
            notes: ["rsync: looked at \(lags.count) times, median \(Duration.seconds(lags.median).text)"])
    }
}
