import FoundationEssentials
import StorageCore

/// What a pool of Ceph may promise. Images are thin: what counts is what was promised, and how much of it Ceph could hold. Pure.
struct RBDPolicy: Sendable, Hashable {
    let place: RBDPlace
    /// How many bytes may be promised for each byte there is room for.
    let overcommit: Double

    /// `promised` is what the pool's images may hold at most.
    func usage(_ state: CephState, promised: ByteCount) -> PoolUsage {
        let limit = Double(state.total.bytes) * overcommit
        let total = ByteCount(limit >= Double(Int64.max) ? .max : Int64(limit))
        let left = total.bytes - promised.bytes
        return PoolUsage(
            total: state.total, available: state.obstacle == nil && left > 0 ? ByteCount(left) : .zero,
            warning: state.obstacle)
    }

    /// Throws `outOfCapacity` unless the pool may promise `need` more.
    func admit(_ need: ByteCount, _ state: CephState, promised: ByteCount) throws(StorageError) {
        if let obstacle = state.obstacle { throw StorageError(.outOfCapacity, obstacle) }
        let available = usage(state, promised: promised).available
        guard need <= available else {
            throw StorageError(
                .outOfCapacity,
                "the Ceph pool \(place.pool) can promise \(available) and not \(need); remove volumes, add OSDs, raise the pool's quota, or "
                    + "allow more overcommit")
        }
    }
}

/// What the cluster says of its room: the monitors' `df detail` and `osd dump`, in JSON. Pure.
struct CephState: Hashable, Sendable {
    /// What the pool holds and could hold, copies not counted, and no more than its quota.
    let total: ByteCount
    /// Why nothing new is begun, and what to do; nil where all is well.
    let obstacle: String?

    /// Throws `internal` for texts that are none of these, `unavailable` if there is no such pool.
    init(_ place: RBDPlace, usage: String, map: String) throws(StorageError) {
        let pool = place.pool
        let (usage, map): (Usage, Map) = (try Self.decode(usage, "df detail"), try Self.decode(map, "osd dump"))
        guard let found = usage.pools.first(where: { $0.name == pool }),
            let entry = map.pools.first(where: { $0.poolName == pool })
        else {
            throw StorageError(.unavailable, "the cluster has no pool \(pool); make it, or correct the pool's \"pool\"")
        }
        var room = found.stats.stored + found.stats.maxAvail
        if let quota = found.stats.quotaBytes, quota > 0 { room = min(room, quota) }
        total = ByteCount(Int64(clamping: room))
        let flags = Set(entry.flagsNames.split(separator: ",").map(String.init))
        obstacle = Self.obstacle(pool, flags, map.flagsSet.map(Set.init) ?? [])
    }

    private static func obstacle(_ pool: String, _ flags: Set<String>, _ cluster: Set<String>) -> String? {
        if flags.contains("full_quota") {
            return "the Ceph pool \(pool) has reached its quota; raise it (ceph osd pool set-quota)"
        }
        if flags.contains("full") || cluster.contains("full") {
            return
                "the Ceph pool \(pool) is full, and what is written to its volumes waits; add OSDs, or remove what can go (ceph df)"
        }
        if flags.contains("backfillfull") || flags.contains("nearfull") {
            return
                "the Ceph pool \(pool) is nearly full, so nothing new is made; add OSDs, or remove what can go (ceph df)"
        }
        return nil
    }

    private struct Usage: Decodable {
        struct Pool: Decodable {
            let name: String
            let stats: Stats
        }
        struct Stats: Decodable {
            let stored: UInt64
            let maxAvail: UInt64
            let quotaBytes: UInt64?
        }
        let pools: [Pool]
    }

    private struct Map: Decodable {
        struct Pool: Decodable {
            let poolName: String
            let flagsNames: String
        }
        let flagsSet: [String]?
        let pools: [Pool]
    }

    private static func decode<Value: Decodable>(_ text: String, _ command: String) throws(StorageError) -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do { return try decoder.decode(Value.self, from: Data(text.utf8)) } catch {
            throw StorageError(
                .internal, "the monitors answered to \"\(command)\" what cannot be understood", cause: error)
        }
    }
}
