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
        return try await wayBack(on: bench)
            + Findings(
                rows: [
                    Row(
                        measure: "rsync: longest lag of the standby, interval \(Self.interval) s",
                        ours: Duration.seconds(worst).text,
                        bar: "<= \(Duration.seconds(Self.bar).text)", isMet: worst <= Self.bar)
                ],
                notes: ["rsync: looked at \(lags.count) times, median \(Duration.seconds(lags.median).text)"])
    }

    private static let files = 50

    /// Files that were written on the node that is lost then, and again on the other one: what the client reads after the way back is the
    /// newer, and the older ones are kept.
    private func wayBack(on bench: PairBench) async throws -> Findings {
        let (primary, standby) = (bench.pair.nodes[0], bench.pair.nodes[1])
        func write(_ text: String) async throws {
            try await bench.client.sh(
                "for file in $(seq \(Self.files)); do echo \(text) $file >/mnt/lag/both.$file; done; sync -f /mnt/lag",
                deadline: .seconds(120))
        }
        try await write("older")
        BenchProgram.say("rsync: the node that serves loses its power, and comes back")
        try await primary.cutPower()
        try await bench.pair.wait(until: standby, is: "primary")
        try await write("newer")
        try await bench.pair.boot(primary)
        try await bench.pair.wait(until: primary, is: "standby", deadline: .seconds(240))
        try await standby.sh("convert2nfs ha failback --auto", deadline: .seconds(240))
        let newer = try await bench.client.sh("cat /mnt/lag/both.* | grep -c newer || true", deadline: .seconds(60))
        let overwritten = Self.files - (Int(newer.filter(\.isNumber)) ?? 0)
        return Findings(rows: [
            Row(
                measure: "rsync: newer files overwritten by the way back, of \(Self.files)", ours: "\(overwritten)",
                bar: "0",
                isMet: overwritten == 0)
        ])
    }
}
