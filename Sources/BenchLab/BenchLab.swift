import BenchReport
import Lab

/// What can be measured; the names are what `--only` takes.
enum Measure: String, CaseIterable {
    case create
    case growth
    case transfer
    case reboot
    /// Of a pair: with few volumes, and with many.
    case failover
    case failovers
    case handover = "switch"
    case locks
    /// Many losses of power; with the rest of a pair it takes an hour and a half.
    case soak
    /// Of a pair whose files are replicated.
    case lag
    /// On a pool of Ceph: create and clone, and failover of a pair against one on DRBD.
    case cephVolumes = "ceph-volumes"
    case cephFailover = "ceph-failover"

    static let pair: Set<Measure> = [.failover, .failovers, .handover, .locks, .soak]
}

/// Measures the node on LVM and the kernel's NFS server, with the kernel's client, against the bare tools on the same machines
/// in the same run, and prints one table. The processor is emulated, so it is the ratios that count.
@main
struct BenchLab {
    static func main() async {
        await BenchProgram.run("convert2nfs-bench-lab") { (options: BenchOptions<Measure>) in
            let (wanted, isQuick) = (options.measures, options.isQuick)
            var findings = Findings()
            if wanted.contains(.transfer) {
                // Two emulated processors beside the client's keep each other waiting on a host with two, and what is transferred
                // differs by a third from second to second.
                findings += try await LabBench.with(isQuick: isQuick, processors: 1) { benches in
                    try await TransferRows().run(on: benches[0])
                }
            }
            // As the smallest server has: with one, emulated, a boot measures our user space and nothing else.
            if !wanted.isDisjoint(with: [.create, .reboot]) {
                findings += try await LabBench.with(isQuick: isQuick, processors: 2) { benches in
                    var findings = Findings()
                    if wanted.contains(.create) { findings += try await CreateRow().run(on: benches[0]) }
                    if wanted.contains(.reboot) { findings += try await RebootRow().run(on: benches[0]) }
                    return findings
                }
            }
            if wanted.contains(.growth) {
                findings += try await LabBench.with(isQuick: isQuick, storages: [.s1, .s2], processors: 2) { benches in
                    try await GrowthRow().run(few: benches[0], many: benches[1])
                }
            }
            if wanted.contains(.lag) {
                findings += try await PairBench.with(
                    volumes: 1, storage: .rsync(interval: LagRow.interval), isQuick: isQuick
                ) { bench in
                    try await LagRow().run(on: bench)
                }
            }
            if !wanted.isDisjoint(with: Measure.pair) { findings += try await moves(wanted, isQuick: isQuick) }
            if wanted.contains(.cephVolumes) {
                findings += try await LabBench.with(isQuick: isQuick, processors: 2, pool: .ceph) { benches in
                    let created = try await CreateRow.onCeph.run(on: benches[0])
                    return created + (try await CloneRow().run(on: benches[0]))
                }
            }
            if wanted.contains(.cephFailover) { findings += try await cephFailover(isQuick: isQuick) }
            return findings
        }
    }

    private static func cephFailover(isQuick: Bool) async throws -> Findings {
        let (rows, volumes) = (FailoverRows(), 10)
        let drbd = try await PairBench.with(volumes: volumes, isQuick: isQuick) {
            try await rows.kills(volumes: volumes, ", DRBD", on: $0)
        }
        let ceph = try await PairBench.with(volumes: volumes, storage: .ceph(term: 4), isQuick: isQuick) {
            try await rows.kills(volumes: volumes, ", Ceph", atMost: nil, on: $0)
        }
        return drbd.findings + ceph.findings + Findings(rows: [rows.ratio(ceph: ceph.stall, drbd: drbd.stall)])
    }

    private static func moves(_ wanted: Set<Measure>, isQuick: Bool) async throws -> Findings {
        let rows = FailoverRows()
        var findings = Findings()
        var few: Double?
        if !wanted.isDisjoint(with: [.failover, .locks, .handover, .soak]) {
            let (found, stall) = try await PairBench.with(volumes: 10, isQuick: isQuick) { bench in
                var findings = Findings()
                var stall: Double?
                if wanted.contains(.failover) {
                    let kills = try await rows.kills(volumes: 10, on: bench)
                    stall = kills.stall
                    findings += kills.findings
                }
                if wanted.contains(.handover) { findings += try await rows.switches(on: bench) }
                if wanted.contains(.locks) { findings += try await rows.locks(on: bench) }
                if wanted.contains(.soak) { findings += try await rows.soak(on: bench) }
                return (findings, stall)
            }
            findings += found
            few = stall
        }
        if wanted.contains(.failovers) {
            let count = isQuick ? 30 : 100
            let many = try await PairBench.with(volumes: count, isQuick: isQuick) { bench in
                try await rows.kills(volumes: count, atMost: 2, on: bench)
            }
            findings += many.findings
            if let few { findings.rows.append(rows.ratio(few: few, many: many.stall)) }
        }
        return findings
    }
}
