import StorageCore

/// What a pool in a volume group may promise. Pure.
struct LVMPolicy: Sendable, Hashable {
    /// Nil for thick volumes.
    let thinPool: String?
    /// How many bytes of thin volumes may be promised for each byte of the thin pool.
    let overcommit: Double
    /// How much of a thin pool's data and metadata stays free, in percent: nothing new is begun beyond it. Of a small
    /// metadata more stays free, since LVM demands it.
    let reserve: Double

    func usage(_ report: LVMReport) throws(StorageError) -> PoolUsage {
        guard let thinPool else { return PoolUsage(total: report.size, available: report.free) }
        let pool = try self.pool(thinPool, in: report)
        let limit = Double(pool.size.bytes) * overcommit
        let total = ByteCount(limit >= Double(Int64.max) ? .max : Int64(limit))
        let promised = report.volumes.filter { $0.pool == thinPool }.map(\.size.bytes)
            .reduce(Int64(0)) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 }
        let exhaustion = try exhaustion(report)
        return PoolUsage(
            total: pool.size, available: exhaustion == nil ? total - ByteCount(promised) : .zero, warning: exhaustion)
    }

    /// Throws `outOfCapacity` unless the pool may promise `need` more.
    func admit(_ need: ByteCount, _ report: LVMReport, group: String) throws(StorageError) {
        if let flaw = try exhaustion(report) { throw StorageError(.outOfCapacity, flaw) }
        let available = try usage(report).available
        guard need.bytes <= available.bytes else {
            let place = thinPool.map { "the thin pool \(group)/\($0)" } ?? "the volume group \(group)"
            let advice =
                thinPool == nil
                ? "remove volumes, or add a disk (vgextend)"
                : "remove volumes, extend the pool (lvextend), or allow more overcommit"
            throw StorageError(.outOfCapacity, "\(place) can promise \(available) and not \(need); \(advice)")
        }
    }

    /// Why a thin pool takes nothing new: its writes would fail before long. Nil where it does.
    func exhaustion(_ report: LVMReport) throws(StorageError) -> String? {
        guard let thinPool else { return nil }
        let pool = try self.pool(thinPool, in: report)
        let kinds = [
            ("data", pool.dataPercent, reserve), ("metadata", pool.metadataPercent, metadataReserve(of: pool)),
        ]
        for (kind, percent, reserve) in kinds {
            guard let percent, percent >= 100 - reserve else { continue }
            return "the thin pool \(thinPool) is \(percent) % full of \(kind), and \(reserve) % are its reserve; "
                + "remove volumes or snapshots, or extend it (lvextend\(kind == "metadata" ? " --poolmetadatasize" : ""))"
        }
        return nil
    }

    /// At least what LVM itself demands before it makes anything in a thin pool: 4 MiB, or a quarter where that is less
    /// (LVM 2.03, lib/metadata/thin_manip.c). In whole percent, rounded up.
    private func metadataReserve(of pool: LVMReport.LogicalVolume) -> Double {
        guard let size = pool.metadataSize, size > .zero else { return reserve }
        let demanded = 100 * Double(ByteCount.mebibytes(4).bytes) / Double(size.bytes)
        return max(reserve, min(25, demanded.rounded(.up)))
    }

    private func pool(_ name: String, in report: LVMReport) throws(StorageError) -> LVMReport.LogicalVolume {
        guard let pool = report.volume(named: name), pool.isThinPool else {
            throw StorageError(
                .unavailable, "the volume group has no thin pool \(name); make it, or correct the pool's thinPool")
        }
        return pool
    }
}
